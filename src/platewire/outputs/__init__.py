"""Outputs: deliver events from the log to other systems; one file per output."""
