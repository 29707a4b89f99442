"""The log -> the outside world: one file per way out."""
