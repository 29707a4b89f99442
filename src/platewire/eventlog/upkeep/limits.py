"""What retention may take now: the settings' limits, by the time that is believed."""

from platewire.database.removal import DAY_MS
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.upkeep.believed_time import Judgment
from platewire.eventlog.upkeep.picture_retention import PictureLimits
from platewire.eventlog.upkeep.retention import Limits


def event_limits(settings: LogSettings, time: Judgment, seq_max: int) -> Limits:
    """While the clock is not believed what is too much goes, from the oldest on: that asks no
    clock."""
    days = None if time.held else settings.retention_days
    return Limits(
        now_ms=time.ms,
        cutoff_ms=None if days is None else time.ms - round(days * DAY_MS),
        bytes_max=settings.retention_bytes,
        seq_max=seq_max,
    )


def picture_limits(settings: LogSettings, time: Judgment, seq_max: int) -> PictureLimits:
    cutoffs = {} if time.held else settings.cutoffs(time.ms)
    return PictureLimits(time.ms, cutoffs, seq_max)
