"""Reads -> changes: one vehicle, one passage. Pure: no I/O, time is an argument."""
