"""The running process: its log, signals, wake-up, lock, health, and what systemd is told.

May import: daemon.files, daemon.config.
Imported by: daemon.watch and all packages above it.
"""
