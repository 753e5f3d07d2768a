"""Export: calibration of a run's averaged weights, and their file, in tintd's format or as ONNX.

May import: training.loop, training.measure, training.data, training.recipe, colorizer.
Imported by: training.cli, which imports the two modules when they run: `weights_file` and `onnx` need other libraries.
"""
