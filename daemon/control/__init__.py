"""The connection to people and programs: control socket, requests, status, metrics and hooks.

May import: daemon.jobs and all packages below it.
Imported by: daemon.commands, daemon.service.

After each iteration of the main loop, `Reporter` makes the state of the service, from which all answers come. Requests
that change something wait in the `ControlServer` until the main loop applies them.
"""
