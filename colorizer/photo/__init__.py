"""Photographs: their formats are detected, read, coloured and written.

May import: colorizer.model and colorizer's top-level values; never colorizer.film.
Imported by: colorizer.engine, and for what a file is (photo.formats) daemon and training.
"""
