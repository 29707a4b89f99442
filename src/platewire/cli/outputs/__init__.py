"""`platewire outputs`: one command with its verbs."""
