"""Searches for passages and plates."""
