"""Export: calibration of a run's averaged weights, their file in tintd's format or as ONNX, and the head beside it.

May import: training.loop, training.measure, training.data, training.recipe, colorizer.
Imported by: training.cli, which imports the modules when they run: they need other libraries.
"""
