"""Writing a film: encoders, segments, other streams, and the joined file.

May import: colorizer.film.decode, colorizer.model and colorizer's top-level values.
Imported by: the rest of colorizer.film.
"""
