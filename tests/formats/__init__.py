"""A sample of each format, its result, and the tables of formats in docs/formats.md."""
