"""Training: data sets, the training loop, evaluation, and export of weights. It runs offline, never in the service.

May import: colorizer, never daemon. Needs the extra tintd[train].
Imported by: nobody; the entry points `tintd train`, `evaluate`, `export` and `upright` are in training.cli.
"""
