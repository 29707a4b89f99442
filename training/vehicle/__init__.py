"""The network that names a vehicle's color and type: labels, training, export."""
