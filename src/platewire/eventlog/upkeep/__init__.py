"""What keeps the log in order beside its work."""
