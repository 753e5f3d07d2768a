"""The service: finds files, keeps the journal, gives jobs to workers, and publishes and shows the results."""
