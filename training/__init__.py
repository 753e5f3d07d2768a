"""Offline: data sets, training, evaluation and export of weights."""
