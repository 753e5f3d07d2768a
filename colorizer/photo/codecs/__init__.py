"""Libraries that decode and encode photographs: libvips, and those that decode a picture whole (Pillow, for one).

May import: colorizer.photo.picture and colorizer.photo.tags, colorizer's top-level values; pyvips, numpy, Pillow.
Imported by: the functions of colorizer.photo.formats, when a photograph is read or written.
"""
