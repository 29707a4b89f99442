"""Who is let in and who is not; never late, never twice, and never without a reason."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from platewire.access import ListMatch
from platewire.errors import ConfigError, Rejected, Unavailable
from platewire.model import Direction, Entry, Kind, ListHit
from platewire.outputs.relay.http_switch import HttpRelay
from platewire.outputs.relay.modbus_switch import ModbusRelay
from platewire.outputs.tcp.json_lines import JsonLinesSettings
from platewire.runtime.status import State
from platewire.testing.check_output import SITE
from platewire.testing.sample_events import passage_events
from tests.outputs.relay.relay_world import LOST_ANSWER, REFUSED, STAFF, Gate, entry_of

T = TypeVar("T")
BLOCKED = ListHit("stolen", "look_alike", "block", "BU 9O42")


async def done(gate: Gate, work: Awaitable[T]) -> T:
    """Turns the clock until the work is done."""
    task = asyncio.ensure_future(work)
    await gate.clock.settle()
    for _ in range(600):
        if task.done():
            return task.result()
        await gate.clock.advance(0.25)
    task.cancel()
    raise AssertionError("it is not done after 150 s of that clock")


async def send(gate: Gate, *entries: Entry) -> None:
    await done(gate, gate.sender.send(entries))


async def test_a_plate_on_an_allow_list_opens_for_the_length_of_a_pulse() -> None:
    gate = Gate()
    sending = asyncio.ensure_future(gate.sender.send([gate.car()]))
    await gate.clock.settle()
    assert gate.switch.on
    assert gate.lists.book[0].opened is None
    await gate.clock.advance(1.0)
    await sending
    assert not gate.switch.on
    assert gate.reasons == ["opened"]
    assert gate.lists.book[0].opened is True
    assert gate.lists.book[0].list == "staff"
    assert gate.line.counters["opened"] == 1


async def test_a_device_that_times_itself_is_told_nothing_more() -> None:
    gate = Gate()
    gate.switch.pulse_seconds = 0.0
    await send(gate, gate.car())
    assert gate.switch.calls == 1
    assert gate.reasons == ["opened"]


OTHER = ListMatch(ListHit("guests", "exact", "allow", "BU 9042"))
PIECE = structs.replace(passage_events(1)[0].plate, partial=True)
NO: list[tuple[str, dict[str, Any], list[ListMatch], dict[str, Any]]] = [
    ("not_listed", {}, [], {}),
    ("not_listed", {}, [ListMatch(ListHit("seen", "exact", "watch", "BU 9042"))], {}),
    ("not_listed", {}, [OTHER], {"lists": ("staff",)}),
    ("not_exact", {}, [ListMatch(structs.replace(STAFF, mode="look_alike"))], {}),
    ("not_exact", {}, [ListMatch(structs.replace(STAFF, mode="one_edit"))], {}),
    ("not_now", {}, [ListMatch(STAFF, "it ended with 2026-01-01")], {}),
    ("blocked", {}, [ListMatch(STAFF), ListMatch(BLOCKED)], {}),
    ("blocked", {"lists": (BLOCKED,)}, [ListMatch(STAFF)], {}),
    ("too_old", {"seen_ago": 5.1}, [ListMatch(STAFF)], {}),
    ("from_the_future", {"seen_ago": -3600.0}, [ListMatch(STAFF)], {}),
    ("replayed", {"replayed": True}, [ListMatch(STAFF)], {}),
    ("partial", {"plate": PIECE}, [ListMatch(STAFF)], {}),
    ("unsure", {}, [ListMatch(STAFF)], {"min_confidence": 0.9}),
    ("few_reads", {"reads": 1}, [ListMatch(STAFF)], {}),
    (
        "direction",
        {"direction": Direction.OUT},
        [ListMatch(STAFF)],
        {"directions": (Direction.IN,)},
    ),
    ("country", {}, [ListMatch(STAFF)], {"countries": ("FR", "AT")}),
]


@pytest.mark.parametrize(
    ("reason", "car", "listed", "rules"), NO, ids=[f"{i}-{n[0]}" for i, n in enumerate(NO)]
)
async def test_every_no_has_its_reason(
    reason: str, car: dict[str, Any], listed: list[ListMatch], rules: dict[str, Any]
) -> None:
    gate = Gate()
    gate.settings = structs.replace(gate.settings, **rules)
    gate.restart()
    gate.lists.listed = listed
    await send(gate, gate.car(**car))
    assert gate.reasons == [reason]
    assert gate.lists.book[0].opened is False
    assert gate.lists.book[0].detail
    assert not gate.switch.calls
    assert gate.line.counters["refused"] == 1


async def test_a_clock_set_back_opens_for_no_vehicle_of_the_past() -> None:
    gate = Gate()
    car = gate.car()
    await gate.clock.advance(31.7)
    gate.clock.jump(-33.0)
    await send(gate, car)
    gate.clock.jump(-0.8)
    await send(gate, gate.car(seen_ago=31.7))
    assert gate.reasons == ["from_the_future", "too_old"]
    assert not gate.switch.calls


async def test_a_clock_set_back_by_less_does_not_make_it_young_either() -> None:
    gate = Gate()
    car = gate.car()
    await gate.clock.advance(31.7)
    gate.clock.jump(-31.0)
    await send(gate, car)
    assert gate.reasons == ["too_old"]
    assert gate.lists.book[0].detail.startswith("it is 31.7 s old")


async def test_a_clock_set_back_while_the_relay_is_asked_does_not_give_it_more_time() -> None:
    gate = Gate()
    gate.switch.fails = [REFUSED] * 20
    sending = asyncio.ensure_future(gate.sender.send([gate.car()]))
    await gate.clock.advance(3.0)
    gate.clock.jump(-4.0)
    with pytest.raises(Rejected):
        await done(gate, sending)
    assert gate.clock.monotonic() <= 5.5


async def test_after_a_restart_of_the_computer_nothing_of_before_opens() -> None:
    gate = Gate()
    car = gate.car()
    gate.clock.reboot(off_seconds=1.0)
    await send(gate, car, entry_of(gate.car(2).event, None))
    assert gate.reasons == ["too_old", "too_old"]
    assert not gate.switch.calls


@pytest.mark.parametrize(("ahead", "reason"), [(0.9, "opened"), (1.1, "from_the_future")])
async def test_clocks_may_differ_by_a_second(ahead: float, reason: str) -> None:
    gate = Gate()
    await send(gate, gate.car(seen_ago=-ahead))
    assert gate.reasons == [reason]


async def test_how_far_clocks_may_differ_is_a_setting() -> None:
    gate = Gate(ahead_seconds_max=3.0)
    await send(gate, gate.car(seen_ago=-2.9))
    assert gate.reasons == ["opened"]


async def test_a_block_that_does_not_hold_blocks_nothing() -> None:
    gate = Gate()
    gate.lists.listed = [ListMatch(STAFF), ListMatch(BLOCKED, "it ended with 2026-01-01")]
    await send(gate, gate.car())
    assert gate.reasons == ["opened"]


async def test_once_for_each_passage_and_by_an_update_where_new_did_not() -> None:
    gate = Gate()
    gate.lists.listed = []
    new = gate.car()
    await send(gate, new)
    gate.lists.listed = [ListMatch(STAFF)]
    updated = structs.replace(new.event, kind=Kind.UPDATED, revision=1)
    again = structs.replace(updated, revision=2)
    await send(gate, entry_of(updated, new.arrived), entry_of(again, new.arrived))
    assert gate.reasons == ["not_listed", "opened", "already_open"]
    assert len(gate.switch.openings) == 1


async def test_the_same_plate_waits_for_the_hold_off_and_another_does_not() -> None:
    gate = Gate()
    await send(gate, gate.car(1))
    await send(gate, gate.car(2))
    other = structs.replace(gate.car(3).event.plate, text="B1")
    await send(gate, gate.car(3, plate=other))
    await gate.clock.advance(10.0)
    await send(gate, gate.car(4))
    assert gate.reasons == ["opened", "hold_off", "opened", "opened"]


@pytest.mark.parametrize("jump", [-3600.0, -5.0, 0.0, 11.0, 3600.0])
async def test_no_jump_of_the_clock_ends_the_hold_off_early_or_late(jump: float) -> None:
    gate = Gate()
    await send(gate, gate.car(1))
    await gate.clock.advance(6.0)
    gate.clock.jump(jump)
    gate.restart()
    await send(gate, gate.car(2))
    await gate.clock.advance(4.0)
    await send(gate, gate.car(3))
    assert gate.reasons == ["opened", "hold_off", "opened"]


async def test_the_hold_off_goes_by_wall_time_over_a_boot() -> None:
    gate = Gate()
    await send(gate, gate.car(1))
    gate.clock.reboot(4.0)
    gate.restart()
    await send(gate, gate.car(2))
    gate.clock.reboot(5.0)
    await send(gate, gate.car(3))
    assert gate.reasons == ["opened", "hold_off", "opened"]


async def test_what_may_have_opened_is_red_again_after_a_start() -> None:
    gate = Gate()
    gate.switch.fails = [LOST_ANSWER]
    with pytest.raises(Rejected):
        await send(gate, gate.car(1))
    gate.restart()
    await gate.sender.recover()
    assert "may have opened at" in gate.sender.failure
    await gate.clock.advance(60)
    await send(gate, gate.car(2))
    assert gate.reasons == ["unknown", "opened"]
    gate.restart()
    await gate.sender.recover()
    assert gate.sender.failure == ""


async def test_a_test_event_is_answered_and_opens_nothing() -> None:
    gate = Gate()
    await send(gate, gate.car(1, test=True))
    gate.lists.listed = []
    await send(gate, gate.car(2, test=True))
    assert gate.reasons == ["dry_run", "not_listed"]
    assert all(each.test and each.opened is False for each in gate.lists.book)
    assert not gate.switch.calls
    assert gate.line.counters["dry_runs"] == 2


async def test_a_relay_that_is_away_is_tried_while_the_event_is_fresh_and_then_no_more() -> None:
    gate = Gate()
    gate.switch.fails = [REFUSED] * 100
    with pytest.raises(Rejected, match=r'"barrier": did not open for .* BU9042.*is not there'):
        await send(gate, gate.car())
    assert gate.reasons == ["unreachable"]
    assert 5 < gate.switch.calls <= 10
    gate.switch.fails = []
    await gate.clock.advance(3600)
    assert not gate.switch.openings


async def test_a_relay_that_comes_back_in_time_opens() -> None:
    gate = Gate()
    gate.switch.fails = [REFUSED, REFUSED]
    await send(gate, gate.car())
    assert gate.reasons == ["opened"]
    assert not gate.switch.on


async def test_a_relay_that_was_told_and_does_not_answer_is_not_told_again() -> None:
    """An impulse gate closes on the second pulse, so what may have opened has opened."""
    gate = Gate()
    gate.switch.fails = [LOST_ANSWER]
    with pytest.raises(Rejected, match=r"may have opened for .* BU9042.*check the gate"):
        await send(gate, gate.car(1))
    assert len(gate.switch.openings) == 1
    assert not gate.switch.on
    assert (gate.outcomes, gate.reasons) == (["unknown"], ["unknown"])
    assert gate.lists.book[0].opened is None
    assert gate.line.counters["unknown"] == 1
    assert "opened" not in gate.line.counters
    await send(gate, gate.car(1, kind=Kind.UPDATED, revision=1), gate.car(2))
    assert gate.reasons == ["unknown", "already_open", "hold_off"]
    assert len(gate.switch.openings) == 1


async def test_a_device_that_does_not_mind_is_told_again_while_the_vehicle_is_fresh() -> None:
    gate = Gate(idempotent=True)
    gate.switch.fails = [LOST_ANSWER, REFUSED, LOST_ANSWER]
    await send(gate, gate.car(1))
    assert gate.outcomes == ["opened"]
    assert len(gate.switch.openings) == 1  # It was on all the time.
    gate.switch.fails = [LOST_ANSWER] + [REFUSED] * 12
    await gate.clock.advance(60)
    with pytest.raises(Rejected, match="may have opened"):
        await send(gate, gate.car(2))
    assert gate.outcomes == ["opened", "unknown"]


async def test_a_gate_that_did_not_open_or_may_have_is_to_be_looked_at_until_one_opens() -> None:
    gate = Gate()
    gate.switch.fails = [REFUSED] * 100
    with pytest.raises(Rejected):
        await send(gate, gate.car(1))
    assert "did not open for the authorized plate BU9042" in gate.sender.failure
    gate.switch.fails = [LOST_ANSWER]
    await gate.clock.advance(60)
    with pytest.raises(Rejected):
        await send(gate, gate.car(2))
    assert "may have opened for the authorized plate BU9042" in gate.sender.failure
    gate.lists.listed = []
    await send(gate, gate.car(3))
    assert gate.sender.failure
    gate.lists.listed = [ListMatch(STAFF)]
    await gate.clock.advance(60)
    await send(gate, gate.car(4))
    assert not gate.sender.failure


async def test_a_plate_that_is_blocked_while_the_relay_is_away_stays_outside() -> None:
    gate = Gate()
    gate.switch.delays = [1.0]
    gate.switch.fails = [REFUSED]
    sending = asyncio.ensure_future(gate.sender.send([gate.car()]))
    await gate.clock.settle()
    gate.lists.listed = [ListMatch(STAFF), ListMatch(BLOCKED)]
    with pytest.raises(Rejected):
        await done(gate, sending)
    assert gate.reasons == ["blocked"]
    assert not gate.switch.openings


async def test_off_is_repeated_until_it_is_confirmed_and_told_loudly() -> None:
    gate = Gate()
    gate.switch.fails = ["", REFUSED, REFUSED, LOST_ANSWER, ""]
    sending = asyncio.ensure_future(gate.sender.send([gate.car()]))
    await gate.clock.settle()
    await gate.clock.advance(1.2)
    assert gate.line.state is State.FAILED
    assert "THE RELAY MAY BE ON" in gate.line.message
    await done(gate, sending)
    assert not gate.switch.on
    assert gate.line.counters["off_failures"] == 3
    assert gate.reasons == ["opened"]


async def test_an_answer_that_is_lost_may_have_opened_so_off_is_told() -> None:
    gate = Gate()
    gate.switch.delays = [0.0]
    gate.switch.fails = [LOST_ANSWER] + [REFUSED] * 9
    with pytest.raises(Rejected):
        await send(gate, gate.car())
    assert not gate.switch.on


async def test_a_crash_in_the_middle_of_a_pulse_is_ended_at_the_next_start() -> None:
    gate = Gate()
    sending = asyncio.ensure_future(gate.sender.send([gate.car()]))
    await gate.clock.settle()
    assert gate.switch.on
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    gate.restart()
    await done(gate, gate.sender.connect())
    assert not gate.switch.on
    assert (gate.outcomes, gate.reasons) == (["unknown"], ["interrupted"])
    assert "may have opened" in gate.sender.failure
    await send(gate, gate.car())
    assert gate.reasons == ["interrupted", "already_open"]


async def test_stopping_in_the_middle_of_a_pulse_switches_off() -> None:
    gate = Gate()
    sending = asyncio.ensure_future(gate.sender.send([gate.car()]))
    await gate.clock.settle()
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    await done(gate, gate.sender.close())
    assert not gate.switch.on


async def test_an_address_that_is_wrong_is_told_once_and_holds_up_nothing() -> None:
    gate = Gate()
    gate.switch.fails = [REFUSED]
    with pytest.raises(Unavailable, match="is not there"):
        await done(gate, gate.sender.connect())
    await done(gate, gate.sender.connect())
    await send(gate, gate.car())
    assert gate.reasons == ["opened"]


@pytest.mark.parametrize("broken", ["look_up", "decide"])
async def test_what_cannot_be_read_or_written_opens_nothing(broken: str) -> None:
    gate = Gate()
    gate.lists.broken = broken
    if broken == "decide":
        with pytest.raises(Rejected, match="cannot store the decision"):
            await send(gate, gate.car())
    else:
        await send(gate, gate.car())
        assert gate.reasons == ["no_lists"]
    assert not gate.switch.calls


async def test_wall_time_that_is_set_back_makes_nothing_fresh_again() -> None:
    gate = Gate()
    gate.switch.fails = [REFUSED] * 100
    sending = asyncio.ensure_future(gate.sender.send([gate.car()]))
    await gate.clock.settle()
    gate.clock.jump(-3.0)
    await gate.clock.advance(5.5)
    calls = gate.switch.calls
    gate.switch.fails = []
    await gate.clock.advance(5.0)
    assert gate.switch.calls == calls
    with pytest.raises(Rejected):
        await sending


DELAYS = st.sampled_from([0.0, 0.1, 0.5, 1.0, 2.5, 4.9, 5.0, 5.1, 9.0])
OUTCOMES = st.sampled_from(["", REFUSED, LOST_ANSWER])


@given(
    cars=st.lists(st.tuples(DELAYS, st.integers(1, 3)), min_size=1, max_size=4),
    listing=st.lists(DELAYS, max_size=8),
    switching=st.lists(DELAYS, max_size=8),
    fails=st.lists(OUTCOMES, max_size=8),
    jumps=st.lists(st.sampled_from([-3600.0, -2.0, 2.0, 3600.0]), max_size=1),
)
async def test_never_late_never_twice_never_left_open(
    cars: list[tuple[float, int]],
    listing: list[float],
    switching: list[float],
    fails: list[str],
    jumps: list[float],
) -> None:
    """Over all delays of log, lists and relay, in any order, and every kind of failure."""
    gate = Gate(hold_off_seconds=0.0)
    gate.lists.delays, gate.switch.delays, gate.switch.fails = listing, switching, fails
    began = gate.clock.monotonic()
    openings: list[float] = []
    gate.switch.after = lambda: openings.append(gate.clock.monotonic()) if gate.switch.on else None
    seen: dict[int, float] = {}
    for waited, passage in cars:
        entry = gate.car(passage)
        await gate.clock.advance(waited)
        for jump in jumps:
            gate.clock.jump(jump)
        at = gate.clock.monotonic()
        before, decided = len(openings), len(gate.lists.book)
        try:
            await send(gate, entry)
        except Rejected:
            assert gate.reasons[-1] in ("unreachable", "unknown", "too_old", "from_the_future")
        assert len(openings) - before <= 1
        # By the wall clock where that was left alone; by the other in any case.
        limit = at + 5.0 if jumps else at - waited + 5.0
        assert all(opened <= limit for opened in openings[before:])
        assert len(gate.lists.book) == decided + 1
        outcome = gate.outcomes[-1]
        assert outcome is not None
        assert len(openings) == before or outcome in ("opened", "unknown")
        assert not gate.switch.on
        seen[passage] = seen.get(passage, 0) + len(openings) - before
    assert all(times <= 1 for times in seen.values())
    assert gate.clock.monotonic() >= began


async def test_a_call_that_was_cut_off_is_ended_before_anything_else() -> None:
    gate = Gate()
    sending = asyncio.ensure_future(gate.sender.send([gate.car(1)]))
    await gate.clock.settle()
    assert gate.switch.on
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    gate.lists.listed = []
    await send(gate, gate.car(2))
    assert not gate.switch.on


def test_other_outputs_may_choose_by_list() -> None:
    chosen = JsonLinesSettings(name="lines", listen="127.0.0.1:0", lists=("staff", "seen"))
    new = passage_events()[0]
    assert not chosen.selects(structs.replace(new, lists=()))
    assert not chosen.selects(structs.replace(new, lists=(BLOCKED,)))
    assert chosen.selects(structs.replace(new, lists=(BLOCKED, STAFF)))


def test_the_device_is_named_without_its_secrets() -> None:
    named = structs.replace(Gate().settings, relay=HttpRelay(url="http://10.0.0.40/on?key=secret"))
    assert named.receiver == "http://10.0.0.40/on?..."
    assert structs.replace(named, relay=ModbusRelay(host="10.0.0.31")).receiver == "10.0.0.31:502"


def test_lost_never_opens_a_gate() -> None:
    gate = Gate()
    for events in ("all", (Kind.NEW, Kind.LOST)):
        settings = structs.replace(gate.settings, events=events)
        with pytest.raises(ConfigError, match="`lost`"):
            settings.build(None)  # type: ignore[arg-type]


def test_only_kind_and_camera_keep_an_event_from_being_decided_on() -> None:
    gate = Gate(cameras=("gate",))
    unsure = structs.replace(passage_events()[0].plate, confidence=0.01)
    assert gate.settings.selects(gate.car(plate=unsure).event)
    assert not gate.settings.selects(gate.car(camera="yard").event)
    lost = passage_events()[-1]
    assert not gate.settings.selects(lost)
    assert timedelta(seconds=gate.settings.fresh_seconds) == timedelta(seconds=5)


@pytest.mark.parametrize(("reads", "camera"), [(1, "gate"), (1, "other")])
async def test_one_read_of_a_still_is_enough(reads: int, camera: str) -> None:
    gate = Gate(min_reads=3)
    gate.site = structs.replace(SITE, stills=frozenset({"gate"}))
    gate.restart()
    await send(gate, gate.car(reads=reads, camera=camera))
    assert gate.reasons == (["opened"] if camera == "gate" else ["few_reads"])


def test_check_is_told_that_one_read_is_enough() -> None:
    site = structs.replace(SITE, stills=frozenset({"gate", "yard"}))
    (remark,) = Gate(min_reads=3).settings.remarks(site)
    assert remark.startswith("`min_reads` counts as 1 for gate, yard")
    assert list(Gate(min_reads=1).settings.remarks(site)) == []
    assert list(Gate(cameras=("other",)).settings.remarks(site)) == []
