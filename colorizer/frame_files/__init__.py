"""Frames of a coloured sequence, written as numbered files again, each in the format of its original.

`writer.write_frames` writes the folder; each format is a module.
"""
