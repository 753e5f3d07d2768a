"""Worker processes: a pool of them, the messages they exchange, and what runs inside one.

May import: daemon.journal (records), daemon.runtime, daemon.files, daemon.config; colorizer.engine inside a worker.
Imported by: daemon.jobs, daemon.control, daemon.commands, daemon.service.
"""
