"""How old an event is: the one answer for all that opens something or has an age limit.

Wall time may be set while an event waits, so it is never believed alone. With each event the log
keeps when, on the clock of the boot, its last read arrived here (`BootTime`), less what it was late
by. Of the same boot, the age is the larger of the two spans, that of the boot's clock and that of
wall time: a clock set back makes nothing young, and a picture that its camera handed in late is as
old as it says. Of another boot, or where nothing was kept, nobody knows; from the future, a clock
is wrong: neither is fresh.

What is measured from is the last read, which is what a gate opens for; of `lost`, the moment at
which that happened. That may be ahead without any clock being wrong, as where a recording ends
before the vehicle's silence does, so whether a clock is wrong is judged by the last read alone.
"""

import math
from datetime import datetime
from typing import NamedTuple

from platewire.model import BootTime, Entry, Event, Kind
from platewire.runtime.clock import Clock

AHEAD_SECONDS_MAX = 1.0
"""How far an event's time may lie ahead of ours. Cameras that keep time by NTP are within 0.1 s of
it, and NTP corrects a clock by some tenths at a step; by more, a clock is wrong."""


class Age(NamedTuple):
    seconds: float
    """Infinite where it cannot be known, and from the future: then nothing is fresh."""
    words: str
    """The age for people, as in `it is WORDS`."""
    ahead: bool = False
    """From the future."""

    @property
    def milliseconds(self) -> int | None:
        """None if it is unknown, or the time is in the future."""
        return round(self.seconds * 1000) if math.isfinite(self.seconds) else None


def age_of(entry: Entry, clock: Clock, ahead_seconds_max: float = AHEAD_SECONDS_MAX) -> Age:
    """Now. At least 0."""
    now, event = clock.now(), entry.event
    ahead = (event.last_seen_at - now).total_seconds()
    if ahead > ahead_seconds_max:
        return Age(math.inf, f"{ahead:.1f} s ahead of this computer's clock", ahead=True)
    passed = _since(entry.arrived, clock.boot())
    if passed is None:
        return Age(math.inf, "of unknown age, from before this computer was started")
    seconds = max((now - _moment(event)).total_seconds(), passed, 0.0)
    return Age(seconds, f"{seconds:.1f} s old")


def seen_at(arrived: BootTime, captured_at: datetime, clock: Clock) -> BootTime:
    """When a frame that has just arrived was taken, on the clock of the boot: at its arrival, or
    before it by as much as its own time says now. Later nobody could tell, if a clock is set."""
    now = clock.boot()
    taken = now.seconds - (clock.now() - captured_at).total_seconds()
    return BootTime(arrived.boot, min(arrived.seconds, taken))


def seconds_since(at: datetime, boot: BootTime | None, clock: Clock) -> float:
    """How long ago something happened that must not happen again too soon. At least 0.

    Of the same boot its clock alone says it, as wall time set forward would end the waiting. Of
    another boot wall time has to do, whichever way it was set.
    """
    passed = _since(boot, clock.boot())
    return abs((clock.now() - at).total_seconds()) if passed is None else max(passed, 0.0)


def _moment(event: Event) -> datetime:
    return event.occurred_at if event.kind is Kind.LOST else event.last_seen_at


def _since(arrived: BootTime | None, now: BootTime) -> float | None:
    return None if arrived is None or arrived.boot != now.boot else now.seconds - arrived.seconds
