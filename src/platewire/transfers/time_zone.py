"""The time zone that a transfer is told to write local times in."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from platewire.errors import ConfigError


def time_zone_of(transfer: str, name: str | None) -> ZoneInfo | None:
    """None where none is set; ConfigError for a zone that is not known."""
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(
            f'transfer "{transfer}": `time_zone` {name} is not known here; '
            "it must be like Europe/Berlin"
        ) from error
