"""Outputs over HTTP, and what they share: connection, authentication, egress, responses."""
