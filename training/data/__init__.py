"""Training data: sources of photographs, a corpus that was looked through, and samples from it.

May import: training.recipe, colorizer.
Imported by: training.measure, training.loop, training.export.
"""
