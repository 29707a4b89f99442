"""Make, type and color of the vehicle."""
