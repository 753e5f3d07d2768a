"""The life of a job: from a found file through its attempts to a published result.

May import: daemon.workers, daemon.journal, daemon.watch, daemon.runtime, daemon.files, daemon.config.
Imported by: daemon.control, daemon.commands, daemon.service.
"""
