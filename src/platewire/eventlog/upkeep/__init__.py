"""Maintenance of the log: backup, integrity check, retention, erasure."""
