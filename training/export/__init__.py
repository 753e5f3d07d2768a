"""Export: calibration of a run's averaged weights, as a weights file or as ONNX.

May import: training.loop, training.measure, training.data, training.recipe, colorizer.
Imported by: training.cli.
"""
