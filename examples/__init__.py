"""Small receivers, and the demo."""
