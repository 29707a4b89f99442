"""`platewire lists`: arguments, tasks, and their results as text."""
