"""The formats of other number plate recognition software."""
