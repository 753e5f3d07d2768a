"""The programming interface, /api/v1: JSON in and out, described by OpenAPI."""
