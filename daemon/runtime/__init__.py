"""The running process: its log, signals, wake-up, lock, state, and messages to systemd.

May import: daemon.files, daemon.config.
Imported by: daemon.watch and all packages above it.
"""
