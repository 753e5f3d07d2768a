"""Measuring: metrics, baselines, evaluation of a weights file, and its report.

May import: training.data, training.recipe, colorizer.
Imported by: training.loop, training.export.
"""
