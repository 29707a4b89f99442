"""Which events a delivery sends: reading, filters over time, and what is still to be sent."""
