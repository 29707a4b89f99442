"""Outputs over TCP: servers that clients connect to, and clients that connect."""
