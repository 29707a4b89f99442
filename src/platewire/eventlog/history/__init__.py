"""Prevents reuse of sequence numbers: the mark beside the database, gaps, the file guard."""
