"""Films that are folders of files, read as if they were one file: sequences of numbered frames, and discs.

May import: colorizer's top-level values.
Imported by: the rest of colorizer.film.
"""
