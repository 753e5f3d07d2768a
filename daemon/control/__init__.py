"""Talking to people and programs: the control socket, status, metrics and hooks.

May import: daemon.workers, daemon.journal, daemon.runtime, daemon.files, daemon.config.
Imported by: daemon.commands, daemon.service.
"""
