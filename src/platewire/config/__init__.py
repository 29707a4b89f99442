"""The whole TOML file as one frozen, typed tree; unknown keys are errors that name their path."""
