"""Metadata as it lies in files: blocks of bytes that are read, made true of a coloured copy, and written again.

Blocks are moved as bytes, because libraries keep only what they know: libexif reduces 75 tags of a camera's maker notes
to 10. Of the editors that move bytes, Exiv2 is under the GPL, and ExifTool is a program that takes longer to start than
a photograph to colour; so JPEG, PNG, WebP and JPEG 2000 have small copiers here.

May import: the standard library.
Imported by: colorizer.photo, its formats.
"""
