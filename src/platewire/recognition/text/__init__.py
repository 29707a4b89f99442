"""From raw network output to a plausible plate."""
