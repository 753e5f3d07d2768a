"""The service: which files are ready, what has been done, who does it, how it is published and shown."""
