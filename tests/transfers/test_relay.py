"""Who is let in and who is not; never late, never twice, and never without a reason."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from platewire.errors import ConfigError, Rejected, Unavailable
from platewire.model import Direction, Entry, Kind, Listed, ListHit
from platewire.status import State
from platewire.testing.sample_events import passage_events
from platewire.transfers.relay_http import HttpRelay
from platewire.transfers.relay_modbus import ModbusRelay
from platewire.transfers.tcp_lines import JsonLinesTransfer
from tests.transfers.relay_world import LOST_ANSWER, REFUSED, STAFF, Gate, entry_of

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


OTHER = Listed(ListHit("guests", "exact", "allow", "BU 9042"))
NO: list[tuple[str, dict[str, Any], list[Listed], dict[str, Any]]] = [
    ("not_listed", {}, [], {}),
    ("not_listed", {}, [Listed(ListHit("seen", "exact", "watch", "BU 9042"))], {}),
    ("not_listed", {}, [OTHER], {"lists": ("staff",)}),
    ("not_exact", {}, [Listed(structs.replace(STAFF, mode="look_alike"))], {}),
    ("not_exact", {}, [Listed(structs.replace(STAFF, mode="one_edit"))], {}),
    ("not_now", {}, [Listed(STAFF, "it ended with 2026-01-01")], {}),
    ("blocked", {}, [Listed(STAFF), Listed(BLOCKED)], {}),
    ("blocked", {"lists": (BLOCKED,)}, [Listed(STAFF)], {}),
    ("too_old", {"seen_ago": 5.1}, [Listed(STAFF)], {}),
    ("from_the_future", {"seen_ago": -3600.0}, [Listed(STAFF)], {}),
    ("replayed", {"replayed": True}, [Listed(STAFF)], {}),
    ("unsure", {}, [Listed(STAFF)], {"min_confidence": 0.9}),
    ("few_reads", {"reads": 1}, [Listed(STAFF)], {}),
    ("direction", {"direction": Direction.OUT}, [Listed(STAFF)], {"directions": (Direction.IN,)}),
]


@pytest.mark.parametrize(
    ("reason", "car", "listed", "rules"), NO, ids=[f"{i}-{n[0]}" for i, n in enumerate(NO)]
)
async def test_every_no_has_its_reason(
    reason: str, car: dict[str, Any], listed: list[Listed], rules: dict[str, Any]
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


async def test_a_block_that_does_not_hold_blocks_nothing() -> None:
    gate = Gate()
    gate.lists.listed = [Listed(STAFF), Listed(BLOCKED, "it ended with 2026-01-01")]
    await send(gate, gate.car())
    assert gate.reasons == ["opened"]


async def test_once_for_each_passage_and_by_an_update_where_new_did_not() -> None:
    gate = Gate()
    gate.lists.listed = []
    new = gate.car()
    await send(gate, new)
    gate.lists.listed = [Listed(STAFF)]
    updated = structs.replace(new.event, kind=Kind.UPDATED, revision=1)
    await send(gate, entry_of(updated), entry_of(structs.replace(updated, revision=2)))
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
    with pytest.raises(Rejected, match=r'"barrier": did not open for BU9042.*is not there'):
        await send(gate, gate.car())
    assert gate.reasons == ["unreachable"]
    assert 5 < gate.switch.calls <= 10
    gate.switch.fails = []
    await gate.clock.advance(3600)
    assert not gate.switch.openings


async def test_a_relay_that_comes_back_in_time_opens() -> None:
    gate = Gate()
    gate.switch.fails = [REFUSED, LOST_ANSWER]
    await send(gate, gate.car())
    assert gate.reasons == ["opened"]
    assert not gate.switch.on


async def test_a_plate_that_is_blocked_while_the_relay_is_away_stays_outside() -> None:
    gate = Gate()
    gate.switch.delays = [1.0]
    gate.switch.fails = [REFUSED]
    sending = asyncio.ensure_future(gate.sender.send([gate.car()]))
    await gate.clock.settle()
    gate.lists.listed = [Listed(STAFF), Listed(BLOCKED)]
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
    assert gate.line.state is State.WAITING
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
    assert gate.reasons == ["interrupted"]
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
        with pytest.raises(Rejected, match="cannot be written down"):
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
            assert gate.reasons[-1] in ("unreachable", "too_old", "from_the_future")
        # By the wall clock where that was left alone; by the other in any case.
        limit = at + 5.0 if jumps else at - waited + 5.0
        assert all(opened <= limit for opened in openings[before:])
        assert len(gate.lists.book) == decided + 1
        assert gate.lists.book[-1].opened is not None
        assert not gate.switch.on
        seen[passage] = seen.get(passage, 0) + bool(gate.lists.book[-1].opened)
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


def test_other_transfers_may_choose_by_list() -> None:
    chosen = JsonLinesTransfer(name="lines", listen="127.0.0.1:0", lists=("staff", "seen"))
    new = passage_events()[0]
    assert not chosen.selects(entry_of(structs.replace(new, lists=())))
    assert not chosen.selects(entry_of(structs.replace(new, lists=(BLOCKED,))))
    assert chosen.selects(entry_of(structs.replace(new, lists=(BLOCKED, STAFF))))


def test_the_device_is_named_without_its_secrets() -> None:
    named = structs.replace(Gate().settings, relay=HttpRelay(url="http://10.0.0.40/on?key=secret"))
    assert named.url == "http://10.0.0.40/on?..."
    assert structs.replace(named, relay=ModbusRelay(host="10.0.0.31")).url == "10.0.0.31:502"


def test_lost_never_opens_a_gate() -> None:
    gate = Gate()
    for events in ("all", (Kind.NEW, Kind.LOST)):
        settings = structs.replace(gate.settings, events=events)
        with pytest.raises(ConfigError, match="`lost`"):
            settings.build(None)  # type: ignore[arg-type]


def test_only_kind_and_camera_keep_an_event_from_being_decided_on() -> None:
    gate = Gate(cameras=("gate",))
    unsure = structs.replace(passage_events()[0].plate, confidence=0.01)
    assert gate.settings.selects(gate.car(plate=unsure))
    assert not gate.settings.selects(gate.car(camera="yard"))
    lost = passage_events()[-1]
    assert not gate.settings.selects(entry_of(lost))
    assert timedelta(seconds=gate.settings.fresh_seconds) == timedelta(seconds=5)
