"""What the shipped checks are made of."""
