"""The time by which retention deletes: data deleted because of a wrong clock cannot be restored.

Each check compares two clocks: wall time, which can be set, and the boot clock, which cannot. A
`ClockAnchor` is the wall time at a moment of a boot, and so the expected wall time now. The trusted
anchor advances by the boot clock, never by wall time. During a restart of the computer it stands
still, because the duration is unknown, and is corrected after wall time has run for a day.
Retention by age uses the smaller of trusted anchor and wall time: a clock that is ahead deletes
nothing.

Wall time that differs from the expected time is followed on a anchor of its own; meanwhile
retention by age is paused, and this is reported. It becomes the trusted anchor once the operating
system reports it as synchronized, once it has run for `PROVEN_SECONDS` without a jump, or once a
person has confirmed it; if it returns to the expected time, nothing has changed. Pure: all readings
are arguments.
"""

from typing import NamedTuple

from msgspec import Struct, structs

from platewire.model import BootTime

DAY_SECONDS = 86_400.0
"""Seconds in a day."""
JUMP_SECONDS = 600.0
"""A step by more is a jump: clocks without NTP drift by seconds a week, and limits are days."""
OFF_SECONDS_MAX = 7 * DAY_SECONDS
"""What a computer may have been off for without anybody being asked: nights, weekends, a fault of
the mains, but not the weeks by which a clock is wrong whose battery is empty."""
PROVEN_SECONDS = DAY_SECONDS
"""Of running, over restarts too: in a day somebody sees what is told."""
NO_BOOT = BootTime("", 0.0)


class ClockAnchor(Struct, frozen=True):
    """What wall time was at a moment of a boot."""

    wall_ms: int
    at: BootTime
    ran_seconds: float = 0.0
    """For how long it was followed, without the time that the computer was off."""

    def now(self, at: BootTime) -> "ClockAnchor":
        """Carried on by the clock of the boot; over a restart it stands still."""
        passed = max(0.0, at.seconds - self.at.seconds) if at.boot == self.at.boot else 0.0
        return ClockAnchor(self.wall_ms + round(passed * 1000), at, self.ran_seconds + passed)


class ClockEstimate(Struct, frozen=True):
    """State that is stored from one check to the next."""

    least: ClockAnchor
    """The trusted anchor: the least that it can be now."""
    most: ClockAnchor
    """The same with what the computer was off for, as wall time then said: the most it can be."""
    proving_ms: int = 0
    """How far wall time was beyond `least` when the present `PROVEN_SECONDS` began."""
    strange: ClockAnchor | None = None
    """Of a clock that strayed from them and is not believed."""


class ClockReading(NamedTuple):
    """The clocks at one moment, and what speaks for wall time."""

    wall_ms: int
    at: BootTime
    synchronized: bool = False
    confirmed: bool = False


class Judgment(NamedTuple):
    estimate: ClockEstimate
    ms: int
    """What goes by age goes by this time."""
    held: str = ""
    """Why nothing goes by age, in words."""


def since(wall_ms: int) -> ClockEstimate:
    """Where nothing was kept but that it was once this late, as when the newest event was kept."""
    anchor = ClockAnchor(wall_ms, NO_BOOT)
    return ClockEstimate(anchor, anchor)


def judge(estimate: ClockEstimate | None, reading: ClockReading) -> Judgment:
    """`estimate` is None where there is nothing yet that could be deleted."""
    if estimate is None or reading.synchronized or reading.confirmed:
        return _trusted(reading)
    carried = structs.replace(
        estimate, least=estimate.least.now(reading.at), most=estimate.most.now(reading.at)
    )
    strays = _strays(estimate, reading)
    if not strays:
        carried = _proven(
            _narrowed(carried, reading, rebooted=reading.at.boot != estimate.most.at.boot), reading
        )
        return Judgment(carried, min(reading.wall_ms, carried.least.wall_ms))
    strange = _followed(estimate.strange, reading)
    if strange.ran_seconds >= PROVEN_SECONDS:
        return _trusted(reading)
    ms = min(reading.wall_ms, carried.least.wall_ms)
    return Judgment(structs.replace(carried, strange=strange), ms, _words(strays))


def _trusted(reading: ClockReading) -> Judgment:
    anchor = ClockAnchor(reading.wall_ms, reading.at)
    return Judgment(ClockEstimate(anchor, anchor), reading.wall_ms)


def _ahead(anchor: ClockAnchor, reading: ClockReading) -> float:
    """Seconds by which wall time is ahead of it; negative behind."""
    return (reading.wall_ms - anchor.now(reading.at).wall_ms) / 1000


def _off_max(anchor: ClockAnchor, reading: ClockReading) -> float:
    return OFF_SECONDS_MAX if reading.at.boot != anchor.at.boot else 0.0


def _strays(estimate: ClockEstimate, reading: ClockReading) -> float:
    """By how many seconds wall time is ahead, negative behind; 0 where it is what it may be."""
    ahead, behind = _ahead(estimate.most, reading), _ahead(estimate.least, reading)
    if ahead > JUMP_SECONDS + _off_max(estimate.most, reading):
        return ahead
    return behind if behind < -JUMP_SECONDS else 0.0


def _narrowed(estimate: ClockEstimate, reading: ClockReading, *, rebooted: bool) -> ClockEstimate:
    """Wall time is believed for what the computer was off, and where it came back from that."""
    most = estimate.most
    if rebooted or reading.wall_ms < most.wall_ms - JUMP_SECONDS * 1000:
        most = structs.replace(most, wall_ms=reading.wall_ms)
    proving_ms = min(estimate.proving_ms, reading.wall_ms - estimate.least.wall_ms)
    return ClockEstimate(estimate.least, most, proving_ms)


def _proven(estimate: ClockEstimate, reading: ClockReading) -> ClockEstimate:
    """What wall time was beyond the trusted anchor for all of `PROVEN_SECONDS` is trusted too."""
    if estimate.least.ran_seconds < PROVEN_SECONDS:
        return estimate
    least = ClockAnchor(estimate.least.wall_ms + estimate.proving_ms, reading.at)
    return ClockEstimate(
        least, ClockAnchor(reading.wall_ms, reading.at), reading.wall_ms - least.wall_ms
    )


def _followed(strange: ClockAnchor | None, reading: ClockReading) -> ClockAnchor:
    if strange is not None:
        ahead = _ahead(strange, reading)
        if -JUMP_SECONDS <= ahead <= JUMP_SECONDS + _off_max(strange, reading):
            return structs.replace(strange.now(reading.at), wall_ms=reading.wall_ms)
    return ClockAnchor(reading.wall_ms, reading.at)


def _words(strays: float) -> str:
    days = abs(strays) / DAY_SECONDS
    by = f"{days:.0f} days" if days >= 2 else f"{days * 24:.1f} hours"
    way = "ahead of" if strays > 0 else "behind"
    return (
        f"the clock of this computer is {by} {way} the expected time; retention by age is paused "
        "until the system reports it as synchronized (NTP) or it has run like this for 24 hours; "
        "if the date is correct, run `platewire retention confirm`, otherwise set the clock"
    )
