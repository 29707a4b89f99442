"""A frame -> the plates read in it."""
