"""The HTTP output with requests from templates in the configuration."""
