"""Reading a film: its streams, packets and frames, and how their samples are coded.

May import: colorizer.model and colorizer's top-level values; nothing else of colorizer.film.
Imported by: the rest of colorizer.film.
"""
