"""Runnable measurements, each printing a table. Figures of speed are ratios: machines are shared and noisy."""

from colorizer.processors import available_processors, keep_freed_memory, limit_threads

keep_freed_memory()
limit_threads(available_processors())  # before torch is imported: threads wait as they do in a worker
