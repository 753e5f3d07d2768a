"""The photographs of the README's table."""

from tests.formats.table import Row

ROWS = (
    Row("photographs", "JPEG, grey", "ImageMagick", "JPEG"),
    Row("photographs", "PNG, 8 and 16 bit grey", "ImageMagick", "PNG"),
)
