"""Pictures and films, made by program."""
