"""A demonstration: the real service on a few free pictures and a clip."""
