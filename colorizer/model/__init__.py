"""The colour model: from luma to colour, on tensors that stand for pictures of any kind.

May import: colorizer's top-level values (settings, errors); no sibling package.
Imported by: colorizer.photo, colorizer.film, colorizer.engine, training.
"""
