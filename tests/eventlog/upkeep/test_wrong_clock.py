"""A wrong clock wipes no archive: the log, its pictures, what it tells, and over restarts."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.eventlog.upkeep.clock_check import CONFIRMED, confirm
from platewire.model import Images
from platewire.runtime.status import Board, State
from platewire.testing.check_eventlog import several
from platewire.testing.clock import FakeClock
from platewire.testing.sample_events import passage_events, picture
from tests.eventlog.conftest import OpenLog

DAY = 86_400


def told(board: Board) -> tuple[State, str]:
    line = board.line("retention", "clock")
    return line.state, line.message


async def test_400_days_ahead_for_75_seconds_deletes_nothing(
    open_log: OpenLog, clock: FakeClock, board: Board
) -> None:
    log = await open_log(retention_days=30, frame_picture_days=3)
    frame = picture("frame")
    await log.append("gate", passage_events(1, images=Images(frame=frame.image)), [frame])
    await log.append("gate", several(2, 14))
    clock.jump(400 * DAY)
    for _ in range(5):
        clock.suspend(15)
        done = await log.retain()
        assert (done.events, done.pictures) == (0, ())
    state, why = told(board)
    assert state is State.FAILED
    assert "400 days ahead" in why
    assert log.retention_time is None
    clock.jump(-400 * DAY)
    assert (await log.retain()).events == 0
    assert told(board) == (State.RUNNING, "")
    assert board.line("retention", "clock").counters == {"held": 0}
    clock.suspend(31 * DAY)
    assert (await log.retain()).events == 45, "and later all goes on by itself"


async def test_what_was_logged_ahead_goes_with_what_comes_after_it(
    open_log: OpenLog, clock: FakeClock
) -> None:
    log = await open_log(retention_days=30)
    clock.jump(400 * DAY)
    await log.append("gate", passage_events(1))
    clock.jump(-400 * DAY)
    await log.append("gate", passage_events(2))
    clock.suspend(31 * DAY)
    await log.append("gate", passage_events(3))
    clock.is_synchronized = True
    assert (await log.retain()).first_seq == 7


async def test_a_restart_with_a_wrong_clock_deletes_nothing(
    open_log: OpenLog, clock: FakeClock, board: Board
) -> None:
    log = await open_log(retention_days=30)
    await log.append("gate", several(1, 15))
    await log.close()
    clock.reboot()
    clock.jump(400 * DAY)
    log = await open_log(retention_days=30)
    assert told(board)[0] is State.FAILED, "told before a minute has passed"
    assert (await log.retain()).events == 0


async def test_by_bytes_it_goes_on_while_the_clock_is_wrong(
    open_log: OpenLog, clock: FakeClock
) -> None:
    log = await open_log(retention_bytes=1_000_000, retention_days=30)
    for number in range(1, 1000, 50):
        await log.append("gate", several(number, 50))
    clock.jump(400 * DAY)
    done = await log.retain()
    assert 0 < done.events < 2990, "the oldest, and only as many as are too much"


async def test_what_was_logged_before_the_clock_was_put_right_is_not_old(
    open_log: OpenLog, clock: FakeClock
) -> None:
    """A computer without a battery begins in 1970, and logs before NTP answers."""
    clock.jump(-56 * 365 * DAY)
    log = await open_log(retention_days=30, plate_picture_days=3)
    plate = picture("plate")
    images = Images(plate=plate.image)
    await log.append("gate", passage_events(1, images=images), [plate])
    clock.suspend(60)
    clock.jump(56 * 365 * DAY)
    clock.is_synchronized = True
    done = await log.retain()
    assert (done.events, done.pictures) == (0, ())
    await log.close()
    clock.reboot()
    log = await open_log(retention_days=30)
    clock.suspend(29 * DAY)
    assert (await log.retain()).events == 0
    clock.suspend(2 * DAY)
    assert (await log.retain()).events == 3


async def test_a_person_may_confirm_the_date(
    open_log: OpenLog, clock: FakeClock, board: Board
) -> None:
    log = await open_log(retention_days=30)
    await log.append("gate", passage_events(1))
    await log.close()
    clock.reboot(off_seconds=90 * DAY)
    log = await open_log(retention_days=30)
    assert (await log.retain()).events == 0
    _confirmed_at(log, clock)
    assert (await log.retain()).events == 3
    assert told(board)[0] is State.RUNNING
    assert not (log.path.parent / CONFIRMED).exists()


async def test_a_confirmation_of_another_date_is_none(open_log: OpenLog, clock: FakeClock) -> None:
    log = await open_log(retention_days=30)
    await log.append("gate", passage_events(1))
    _confirmed_at(log, clock)
    clock.jump(400 * DAY)
    assert (await log.retain()).events == 0
    assert not (log.path.parent / CONFIRMED).exists()


def _confirmed_at(log: SqliteLog, clock: FakeClock) -> None:
    confirm(log.path.parent, clock.now())


async def test_nothing_is_told_where_nothing_goes_by_age(
    open_log: OpenLog, clock: FakeClock, board: Board
) -> None:
    log = await open_log()
    await log.append("gate", passage_events(1))
    clock.jump(400 * DAY)
    await log.retain()
    assert not list(board.lines("retention"))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("pass"), st.integers(1, 40 * DAY)),
        st.tuples(st.just("off"), st.integers(1, 40 * DAY)),
        st.tuples(st.just("restart"), st.just(0)),
        st.tuples(st.just("wrong for a while"), st.integers(-1000 * DAY, 1000 * DAY)),
        st.tuples(st.just("synchronized"), st.just(0)),
    ),
    max_size=12,
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
async def test_nothing_goes_before_its_time(steps: list[tuple[str, int]], tmp_path: Path) -> None:
    """True age counts, in any history of jumps, restarts and nights: a clock is wrong for less than
    a day at a time, and what is logged meanwhile is logged before it is put right in that boot."""
    clock = FakeClock()
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    log = await _opened(folder, clock)
    true, logged = 0, list[int]()
    for number, (what, amount) in enumerate(steps):
        if what == "pass":
            clock.suspend(amount)
            true += amount
        elif what == "off":
            await log.close()
            clock.reboot(amount)
            true += amount
            log = await _opened(folder, clock)
        elif what == "restart":
            await log.close()
            log = await _opened(folder, clock)
        elif what == "synchronized":
            clock.is_synchronized = True
        else:
            clock.jump(amount)
            await log.append("gate", passage_events(1000 + number))
            logged += [true] * 3
            await _check(log, logged, true)
            clock.jump(-amount)
        await log.append("gate", passage_events(number))
        logged += [true] * 3
        await _check(log, logged, true)
        clock.is_synchronized = False
    await log.close()


async def _opened(folder: Path, clock: FakeClock) -> SqliteLog:
    return await SqliteLog.open(LogSettings(folder=folder, retention_days=30), clock, Board(clock))


async def _check(log: SqliteLog, logged: list[int], true: int) -> None:
    done = await log.retain()
    gone = logged[: done.first_seq - 1]
    assert all(true - at >= 30 * DAY for at in gone)
