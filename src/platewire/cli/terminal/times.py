"""Times on the command line: read by the one grammar, in the time zone of the site."""

from datetime import datetime
from zoneinfo import ZoneInfo

from platewire.cli.terminal.options import help_of
from platewire.config.tree import Config
from platewire.errors import ConfigError
from platewire.runtime.clock import SystemClock
from platewire.runtime.site_time import TIME_FORMS, parse_time

TIMES = help_of(TIME_FORMS)
"""What a time may be, for the help of an option."""


def zone_of(config: Config) -> ZoneInfo:
    return ZoneInfo(config.site.time_zone)


def time_of(config: Config, option: str, text: str | None, *, end: bool = False) -> datetime | None:
    """As `runtime.site_time.parse_time`, None where nothing was given. ConfigError names the
    option."""
    if text is None:
        return None
    try:
        return parse_time(text, zone_of(config), SystemClock().now(), end=end)
    except ValueError as error:
        raise ConfigError(f"{option}: {error}") from error
