"""Photographs: their formats are detected, read, coloured and written.

May import: colorizer.model and colorizer's top-level modules; never colorizer.film.
Imported by: colorizer.engine (`batch.colorize_photos`); for what a file is (`formats`), daemon and training; for the
matrix of its luma (`picture.MATRIX`), training. It exports nothing itself: `formats` must not load torch.
"""
