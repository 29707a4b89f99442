"""Commands that read recorded events, passages and decisions."""
