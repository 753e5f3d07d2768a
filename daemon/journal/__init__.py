"""The journal: the database of jobs, attempts and results, its order and its maintenance.

May import: daemon.runtime, daemon.files, daemon.config.
Imported by: daemon.workers (records only), daemon.jobs, daemon.control, daemon.commands, daemon.service.
"""
