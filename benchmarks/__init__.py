"""Runnable measurements, each printing a table. Figures of speed are ratios: machines are shared and noisy."""
