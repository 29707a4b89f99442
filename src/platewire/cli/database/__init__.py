"""Commands that look after the log folder and the database."""
