"""The networks behind the engines: detection, reading, and their geometry."""
