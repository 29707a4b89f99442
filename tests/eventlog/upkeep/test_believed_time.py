"""What retention believes of the clock: table by table, and through any history of jumps."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platewire.eventlog.upkeep.believed_time import (
    JUMP_SECONDS,
    OFF_SECONDS_MAX,
    PROVEN_SECONDS,
    ClockEstimate,
    ClockReading,
    Judgment,
    judge,
    since,
)
from platewire.model import BootTime

HOUR, DAY = 3600, 86_400
START_MS = 1_780_000_000_000


@dataclass
class Computer:
    """True time, and a clock that is off by `wrong` seconds."""

    true: float = 0.0
    wrong: float = 0.0
    boot: int = 1
    booted: float = 0.0
    estimate: ClockEstimate | None = None
    synchronized: bool = False
    last: Judgment | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.look()
        if self.estimate is None:
            raise AssertionError("a look leaves a belief")

    def look(self, *, confirmed: bool = False) -> Judgment:
        wall_ms = START_MS + round((self.true + self.wrong) * 1000)
        at = BootTime(str(self.boot), self.true - self.booted)
        self.last = judge(self.estimate, ClockReading(wall_ms, at, self.synchronized, confirmed))
        self.estimate = self.last.estimate
        return self.last

    def runs(self, seconds: float, every: float = 60.0) -> Judgment:
        end = self.true + seconds
        while self.true < end:
            self.true = min(end, self.true + every)
            found = self.look()
        return found

    def is_off(self, seconds: float) -> None:
        self.true += seconds
        self.boot, self.booted = self.boot + 1, self.true

    @property
    def behind(self) -> float:
        """How many seconds retention is behind true time."""
        assert self.last is not None
        return self.true - (self.last.ms - START_MS) / 1000


def test_an_ordinary_computer_is_believed_to_the_second() -> None:
    computer = Computer()
    assert not computer.runs(3 * DAY, every=HOUR).held
    assert computer.behind == pytest.approx(0, abs=0.01)


def test_400_days_ahead_for_75_seconds_takes_nothing_and_leaves_nothing() -> None:
    computer = Computer()
    computer.wrong = 400 * DAY
    found = computer.runs(75, every=15)
    assert "400 days" in found.held
    assert "platewire retention confirm" in found.held
    assert computer.behind >= -0.01
    computer.wrong = 0
    assert not computer.runs(15).held
    assert computer.behind == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("wrong", [JUMP_SECONDS + 1, 30 * DAY, -JUMP_SECONDS - 1, -20_000 * DAY])
def test_a_jump_is_held_until_the_clock_has_run_for_a_day(wrong: float) -> None:
    computer = Computer(wrong=wrong)
    computer.wrong = 0
    assert computer.runs(PROVEN_SECONDS - HOUR, every=600).held
    assert not computer.runs(2 * HOUR, every=600).held
    assert computer.behind == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("how", ["synchronized", "confirmed"])
def test_a_jump_that_is_vouched_for_is_believed_at_once(how: str) -> None:
    computer = Computer(wrong=-56 * 365 * DAY)
    computer.wrong, computer.synchronized = 0, how == "synchronized"
    assert not computer.look(confirmed=how == "confirmed").held
    assert computer.behind == pytest.approx(0, abs=0.01)
    computer.synchronized = False
    assert not computer.runs(60).held


@pytest.mark.parametrize("step", [-300, -1, 1, 300])
def test_small_steps_of_an_administrator_are_no_jump(step: float) -> None:
    computer = Computer()
    computer.wrong = step
    assert not computer.runs(3 * DAY, every=HOUR).held
    assert computer.behind == pytest.approx(-step, abs=0.01)


def test_many_small_steps_are_a_jump() -> None:
    computer = Computer()
    for _ in range(4):
        computer.wrong += 300
        computer.runs(60)
    assert computer.look().held
    assert computer.behind >= -0.01


def test_an_office_computer_without_ntp_is_never_held_and_stays_close() -> None:
    """Eight hours a day, off at night and at weekends: retention is some days late, no more."""
    computer = Computer()
    for day in range(60):
        assert not computer.runs(8 * HOUR, every=HOUR).held
        computer.is_off((16 if day % 5 else 64) * HOUR)
        assert not computer.look().held
    assert -0.01 <= computer.behind < 10 * DAY


def test_off_for_months_is_asked_about_and_then_goes_on_by_itself() -> None:
    computer = Computer()
    computer.is_off(90 * DAY)
    assert "90 days" in computer.look().held
    assert computer.runs(PROVEN_SECONDS - 60, every=600).held
    assert not computer.runs(1200, every=600).held
    assert computer.behind == pytest.approx(0, abs=0.01)


def test_the_day_that_proves_a_clock_may_be_run_in_parts() -> None:
    computer = Computer()
    computer.is_off(90 * DAY)
    for _ in range(3):
        computer.runs(8 * HOUR, every=600)
        computer.is_off(HOUR)
    computer.runs(HOUR, every=600)
    assert not computer.look().held


def test_a_date_that_is_a_little_ahead_after_a_restart_takes_nothing_early() -> None:
    computer = Computer()
    computer.is_off(HOUR)
    computer.wrong = OFF_SECONDS_MAX - 2 * HOUR
    assert not computer.look().held, "it may have been off for so long"
    computer.runs(20 * HOUR, every=600)
    assert computer.behind >= -0.01
    computer.wrong = 0
    assert not computer.runs(60).held, "back to what is possible"


@pytest.mark.parametrize(("later", "held"), [(HOUR, False), (300 * DAY, True), (-HOUR, True)])
def test_with_nothing_kept_the_newest_event_says_how_late_it_is(later: float, held: bool) -> None:
    computer = Computer(true=later, estimate=since(START_MS))
    assert bool(computer.look().held) == held
    assert computer.behind >= min(later, 0) - 0.01


def test_with_nothing_to_delete_the_clock_is_believed() -> None:
    assert judge(None, ClockReading(START_MS, BootTime("1", 5.0))).ms == START_MS


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("runs"), st.floats(1, HOUR)),
        st.tuples(st.just("off"), st.floats(1, 100 * DAY)),
        st.tuples(st.just("jump"), st.floats(-2000 * DAY, 2000 * DAY)),
        st.tuples(st.just("small jump"), st.floats(-1000, 1000)),
        st.tuples(st.just("right"), st.just(0.0)),
        st.tuples(st.just("synchronized"), st.just(0.0)),
    ),
    max_size=20,
)


@settings(max_examples=400)
@given(STEPS)
def test_retention_is_never_ahead_of_true_time(steps: list[tuple[str, float]]) -> None:
    """Whatever happens to a clock in less than a day of running: what goes is as old as it has to
    be. Wall time is true where the system says so, as it then is."""
    computer = Computer()
    for what, amount in steps:
        computer.synchronized = False
        if what == "runs":
            computer.runs(amount, every=amount / 2)
        elif what == "off":
            computer.is_off(amount)
        elif what in ("right", "synchronized"):
            computer.wrong, computer.synchronized = 0.0, what == "synchronized"
        else:
            computer.wrong = amount
        computer.look()
        assert computer.behind >= -0.01


@settings(max_examples=200)
@given(STEPS)
def test_a_right_clock_is_believed_in_the_end(steps: list[tuple[str, float]]) -> None:
    computer = Computer()
    for what, amount in steps:
        if what == "runs":
            computer.runs(amount, every=amount)
        elif what == "off":
            computer.is_off(amount)
        else:
            computer.wrong = amount
    computer.wrong = 0.0
    computer.runs(2 * PROVEN_SECONDS + 2 * HOUR, every=HOUR)
    assert not computer.look().held
    assert computer.behind < HOUR
