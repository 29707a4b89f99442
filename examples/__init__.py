"""Small third parties, and the demo."""
