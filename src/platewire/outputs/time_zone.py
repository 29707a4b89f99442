"""The time zone for local times of an output."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from platewire.errors import ConfigError


def time_zone_of(output: str, name: str | None) -> ZoneInfo | None:
    """None where none is set; ConfigError for a zone that is not known."""
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(
            f'output "{output}": unknown `time_zone` {name}; use a name like Europe/Berlin'
        ) from error
