"""Watched folders: file events and scans, and which files are wanted and complete.

May import: daemon.runtime, daemon.files, daemon.config.
Imported by: daemon.jobs, daemon.service.
"""
