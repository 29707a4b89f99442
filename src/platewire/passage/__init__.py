"""Reads -> changes: one vehicle, one passage. Pure: no I/O, time arrives as an argument."""
