"""The time by which retention deletes: data deleted because of a wrong clock cannot be restored.

Each check compares two clocks: wall time, which can be set, and the boot clock, which cannot. A
`Course` is the wall time at a moment of a boot, and so the expected wall time now. The trusted
course advances by the boot clock, never by wall time. During a restart of the computer it stands
still, because the duration is unknown, and is corrected after wall time has run for a day.
Retention by age uses the smaller of trusted course and wall time: a clock that is ahead deletes
nothing.

Wall time that differs from the expected time is followed on a course of its own; meanwhile
retention by age is paused, and this is reported. It becomes the trusted course once the operating
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


class Course(Struct, frozen=True):
    """What wall time was at a moment of a boot."""

    wall_ms: int
    at: BootTime
    ran_seconds: float = 0.0
    """For how long it was followed, without the time that the computer was off."""

    def now(self, at: BootTime) -> "Course":
        """Carried on by the clock of the boot; over a restart it stands still."""
        passed = max(0.0, at.seconds - self.at.seconds) if at.boot == self.at.boot else 0.0
        return Course(self.wall_ms + round(passed * 1000), at, self.ran_seconds + passed)


class Belief(Struct, frozen=True):
    """State that is stored from one check to the next."""

    least: Course
    """The trusted course: the least that it can be now."""
    most: Course
    """The same with what the computer was off for, as wall time then said: the most it can be."""
    proving_ms: int = 0
    """How far wall time was beyond `least` when the present `PROVEN_SECONDS` began."""
    strange: Course | None = None
    """Of a clock that strayed from them and is not believed."""


class Look(NamedTuple):
    """The clocks at one moment, and what speaks for wall time."""

    wall_ms: int
    at: BootTime
    synchronized: bool = False
    confirmed: bool = False


class Judgment(NamedTuple):
    belief: Belief
    ms: int
    """What goes by age goes by this time."""
    held: str = ""
    """Why nothing goes by age, in words."""


def since(wall_ms: int) -> Belief:
    """Where nothing was kept but that it was once this late, as when the newest event was kept."""
    course = Course(wall_ms, NO_BOOT)
    return Belief(course, course)


def judge(belief: Belief | None, look: Look) -> Judgment:
    """`belief` is None where there is nothing yet that could be deleted."""
    if belief is None or look.synchronized or look.confirmed:
        return _trusted(look)
    carried = structs.replace(
        belief, least=belief.least.now(look.at), most=belief.most.now(look.at)
    )
    strays = _strays(belief, look)
    if not strays:
        carried = _proven(
            _narrowed(carried, look, rebooted=look.at.boot != belief.most.at.boot), look
        )
        return Judgment(carried, min(look.wall_ms, carried.least.wall_ms))
    strange = _followed(belief.strange, look)
    if strange.ran_seconds >= PROVEN_SECONDS:
        return _trusted(look)
    ms = min(look.wall_ms, carried.least.wall_ms)
    return Judgment(structs.replace(carried, strange=strange), ms, _words(strays))


def _trusted(look: Look) -> Judgment:
    course = Course(look.wall_ms, look.at)
    return Judgment(Belief(course, course), look.wall_ms)


def _ahead(course: Course, look: Look) -> float:
    """Seconds by which wall time is ahead of it; negative behind."""
    return (look.wall_ms - course.now(look.at).wall_ms) / 1000


def _off_max(course: Course, look: Look) -> float:
    return OFF_SECONDS_MAX if look.at.boot != course.at.boot else 0.0


def _strays(belief: Belief, look: Look) -> float:
    """By how many seconds wall time is ahead, negative behind; 0 where it is what it may be."""
    ahead, behind = _ahead(belief.most, look), _ahead(belief.least, look)
    if ahead > JUMP_SECONDS + _off_max(belief.most, look):
        return ahead
    return behind if behind < -JUMP_SECONDS else 0.0


def _narrowed(belief: Belief, look: Look, *, rebooted: bool) -> Belief:
    """Wall time is believed for what the computer was off, and where it came back from that."""
    most = belief.most
    if rebooted or look.wall_ms < most.wall_ms - JUMP_SECONDS * 1000:
        most = structs.replace(most, wall_ms=look.wall_ms)
    proving_ms = min(belief.proving_ms, look.wall_ms - belief.least.wall_ms)
    return Belief(belief.least, most, proving_ms)


def _proven(belief: Belief, look: Look) -> Belief:
    """What wall time was beyond the trusted course for all of `PROVEN_SECONDS` is trusted too."""
    if belief.least.ran_seconds < PROVEN_SECONDS:
        return belief
    least = Course(belief.least.wall_ms + belief.proving_ms, look.at)
    return Belief(least, Course(look.wall_ms, look.at), look.wall_ms - least.wall_ms)


def _followed(strange: Course | None, look: Look) -> Course:
    if strange is not None:
        ahead = _ahead(strange, look)
        if -JUMP_SECONDS <= ahead <= JUMP_SECONDS + _off_max(strange, look):
            return structs.replace(strange.now(look.at), wall_ms=look.wall_ms)
    return Course(look.wall_ms, look.at)


def _words(strays: float) -> str:
    days = abs(strays) / DAY_SECONDS
    by = f"{days:.0f} days" if days >= 2 else f"{days * 24:.1f} hours"
    way = "ahead of" if strays > 0 else "behind"
    return (
        f"the clock of this computer is {by} {way} the expected time; retention by age is paused "
        "until the system reports it as synchronized (NTP) or it has run like this for 24 hours; "
        "if the date is correct, run `platewire retention confirm`, otherwise set the clock"
    )
