"""The configuration: typed settings, what is wrong with them, ignored names, working hours and pauses.

May import: colorizer's settings and errors; nothing else of daemon.
Imported by: all of daemon.
"""
