"""Libraries that decode and encode photographs: libvips, and those that decode a picture whole (Pillow, for one).

May import: colorizer.photo.picture and colorizer.photo.tags, colorizer's top-level values; pyvips, numpy, Pillow.
Imported by: the functions of colorizer.photo.formats, when a photograph is read or written.
"""

import pyvips
from PIL import Image

Image.MAX_IMAGE_PIXELS = None  # `max_megapixels` is the limit
pyvips.cache_set_max(0)  # no operation is repeated
# libvips would call Python at each warning, also from its own threads. The garbage collection may begin in there, and
# free an image, of which libvips may warn in turn; GLib ends the process at a message within a message.
pyvips._remove_log_handler()  # noqa: SLF001 (there is no public way)
