"""Passages and events as files: CSV, JSON Lines, XLSX and Parquet, row by row."""
