"""The web page: a process of its own, which reads the journal, follows the service and asks it; it decodes no media.

May import: daemon.control, daemon.workers, daemon.journal, daemon.runtime, daemon.files, daemon.config.
Imported by: daemon.commands, daemon.service (`supervisor` only).

Starlette and uvicorn are loaded in `server.serve`, which runs in the page's own process. `pages` and `api` answer, with
what is in `site`: there, `guard` lets those in who have logged in, and `feed` follows the service over its socket.
"""
