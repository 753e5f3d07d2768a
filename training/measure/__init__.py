"""Measurement: validation during a run, evaluation of a weights file, its metrics, baselines and report.

May import: training.data, training.recipe, colorizer.
Imported by: training.loop, training.export, training.cli, each of which needs a part of its libraries.
"""
