"""When a file was written, as far as its time stamp is a date at all."""

from datetime import UTC, datetime


def date_of(stamp: float) -> datetime | None:
    """UTC, of seconds since 1970; None for a stamp that is no date, as broken file systems give."""
    try:
        return datetime.fromtimestamp(stamp, UTC)
    except (ValueError, OverflowError, OSError):
        return None
