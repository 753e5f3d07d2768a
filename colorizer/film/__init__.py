"""Films: probed and planned, then decoded, coloured and encoded segment by segment, and joined with their sound.

May import: colorizer.model and colorizer's top-level values; never colorizer.photo.
Imported by: colorizer.engine, and for the names of encoders (film.encode.presets) daemon.commands.check.
"""
