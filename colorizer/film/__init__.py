"""Films: decoded, coloured shot by shot, encoded and put back beside their sound.

May import: colorizer.model and colorizer's top-level values; never colorizer.photo.
Imported by: colorizer.engine, and for the names of encoders (film.encode.presets) daemon.commands.check.
"""
