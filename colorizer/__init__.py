"""Grey in, colour out: knows files, frames and tensors; knows no folders, queues or services."""

import os

os.environ.setdefault("VIPS_WARNING", "1")  # libvips reads it when it is loaded, and prints no warnings of damage
