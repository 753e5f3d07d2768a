"""Reading a film: its streams, packets, frames and what their samples stand for.

May import: colorizer.model and colorizer's top-level values; nothing else of colorizer.film.
Imported by: the rest of colorizer.film.
"""
