"""The training loop: tasks, losses, optimization, checkpoints, and the run itself (`trainer.train`).

May import: training.measure, training.data, training.recipe, colorizer.
Imported by: training.export, training.cli.
"""
