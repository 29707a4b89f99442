"""What holds for any reads at any times, whatever the settings."""

from collections import defaultdict
from datetime import timedelta
from itertools import pairwise
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from platewire.model import Attribute, Change, Kind, Read, Vehicle
from platewire.passage.passages import Passages
from platewire.passage.settings import PassageSettings, Zone
from tests.passage.scene import HEIGHT, WIDTH, after, counting, frame_at, read_of

TEXTS = ["ZZ0123QQ", "ZZ0128QQ", "ZZ1183QQ", "ZZ0123Q", "ZZ01", "AA9876BB", "AA9876B8", "XY12"]
LOWER_HALF = Zone(name="gate", polygon=((0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0)))
UPPER_HALF = Zone(name="road", polygon=((0.0, 0.0), (1.0, 0.0), (1.0, 0.5), (0.0, 0.5)))


class Step(NamedTuple):
    """Milliseconds since the last step, and the reads of the frame; None where time just passes."""

    ms: int
    reads: tuple[Read, ...] | None


vehicles = st.builds(
    lambda color, sure: Vehicle(color=Attribute(color, sure / 100)),
    st.sampled_from(["red", "blue"]),
    st.integers(1, 100),
)
reads = st.builds(
    lambda text, x, y, width, sure, country, vehicle: read_of(
        text, x=x, y=y, width=width, confidence=sure / 100, country=country, vehicle=vehicle
    ),
    st.sampled_from(TEXTS + TEXTS[:3] * 3),
    st.one_of(st.integers(600, 640), st.integers(0, WIDTH)),
    st.one_of(st.integers(300, 400), st.integers(0, HEIGHT)),
    st.sampled_from([100, 100, 100, 110, 240, 40, 0]),
    st.integers(30, 100),
    st.sampled_from(["UA", "IT", None]),
    st.one_of(st.just(Vehicle()), vehicles),
)
times = st.one_of(
    st.just(40),
    st.integers(0, 400),
    st.sampled_from([0, 4999, 5000, 5001, 60_000]),
    st.sampled_from([-1, -300, -4999, -5001, -3_600_000]),
)
wild_steps = st.lists(
    st.builds(Step, times, st.one_of(st.none(), st.lists(reads, max_size=3).map(tuple))),
    max_size=25,
)
CARS = (
    (300, ["ZZ0123QQ"] * 3 + ["ZZ0128QQ", "ZZO123QQ", "ZZ01", "7Z0I88OQ"]),
    (900, ["AA9876BB"] * 3 + ["AA9876B8", "A9876BB", "ZZ0128QQ"]),
)


@st.composite
def road_steps(draw: st.DrawFn) -> list[Step]:
    """Two vehicles that drive on, stop and are hidden for a while, read with errors."""
    steps = []
    place = 100
    for _ in range(draw(st.integers(3, 30))):
        place += draw(st.sampled_from([0, 10, 30]))
        width = 60 + place // 5
        seen = tuple(
            read_of(
                draw(st.sampled_from(texts)),
                x=x,
                y=place,
                width=width,
                confidence=draw(st.sampled_from([0.45, 0.6, 0.9, 0.97])),
                country=draw(st.sampled_from(["UA", "UA", "IT", None])),
                vehicle=draw(vehicles),
                partial=draw(st.sampled_from([False, False, True])),
            )
            for x, texts in CARS
            if draw(st.integers(0, 3))
        )
        steps.append(Step(draw(st.sampled_from([40, 40, 40, 100, 3000, 8000, -200])), seen))
    return steps


@st.composite
def steps_from_afar(draw: st.DrawFn) -> list[Step]:
    """A vehicle that comes nearer, misread at first in nearly the same way, then read right."""
    far, near = ["AA6827"] * 3 + ["AA8827"], ["AX4827HK"] * 6 + ["AX4827MK", "AA6827"]
    texts = [draw(st.sampled_from(far)) for _ in range(draw(st.integers(1, 3)))]
    texts += [draw(st.sampled_from(near)) for _ in range(draw(st.integers(3, 10)))]
    steps = []
    for i, text in enumerate(texts):
        sure = draw(st.sampled_from([0.5, 0.6])) if text in far else 0.9
        read = read_of(text, y=300 + 5 * i, confidence=sure, vehicle=draw(vehicles))
        other = (draw(reads),) if draw(st.integers(0, 5)) == 0 else ()
        steps.append(Step(draw(st.sampled_from([40, 100])), (read, *other)))
    return steps


steps = st.one_of(wild_steps, road_steps(), steps_from_afar())
any_settings = st.builds(
    PassageSettings,
    hold_back=st.integers(0, 3),
    distance=st.integers(0, 3),
    decision=st.sampled_from(["vote", "confidence", "statistics"]),
    results=st.sampled_from(["combined", "combined", "raw", "single"]),
    unconfirmed=st.sampled_from(["drop", "lost"]),
    direction_in=st.sampled_from([None, 90.0]),
    zones=st.sampled_from([(), (LOWER_HALF,), (LOWER_HALF, UPPER_HALF)]),
)


def play(passages: Passages, steps: list[Step], start_ms: int = 0) -> list[Change]:
    """Every change of the steps; the frames are numbered by their place in the list."""
    changes: list[Change] = []
    now = start_ms
    for step in steps:
        now += step.ms
        if step.reads is None:
            changes += passages.tick(after(now))
        else:
            changes += passages.update(step.reads, frame_at(after(now)))
    return changes


def by_passage(changes: list[Change]) -> dict[object, list[Change]]:
    passages: dict[object, list[Change]] = defaultdict(list)
    for change in changes:
        passages[change.passage].append(change)
    return passages


@settings(max_examples=300)
@given(steps, any_settings)
def test_every_passage_is_told_whole_and_in_order(
    steps: list[Step], chosen: PassageSettings
) -> None:
    passages = Passages(chosen, counting())
    changes = play(passages, steps) + passages.end()
    for story in by_passage(changes).values():
        assert [change.kind for change in story] == [
            Kind.NEW,
            *[Kind.UPDATED] * (len(story) - 2),
            Kind.LOST,
        ]
        assert [change.revision for change in story] == list(range(len(story)))
        assert story[0].changed == ()
        assert len({change.passage_number for change in story}) == 1
        for before, now in pairwise(story):
            assert before.occurred_at <= now.occurred_at
            assert before.last_seen_at <= now.last_seen_at
            assert before.first_seen_at == now.first_seen_at
            assert before.reads <= now.reads
    assert passages.open == ()
    assert passages.end() == []


@given(steps, any_settings)
def test_lost_is_counted_from_the_last_read(steps: list[Step], chosen: PassageSettings) -> None:
    passages = Passages(chosen, counting())
    for change in play(passages, steps) + passages.end():
        if change.kind is Kind.LOST:
            assert change.occurred_at == change.last_seen_at + timedelta(seconds=5)
        else:
            assert change.occurred_at == change.last_seen_at


@given(steps, any_settings)
def test_what_is_told_changed_has_changed(steps: list[Step], chosen: PassageSettings) -> None:
    passages = Passages(chosen, counting())
    for story in by_passage(play(passages, steps) + passages.end()).values():
        for before, now in pairwise(story):
            fields = {
                "plate.text": (before.plate.text, now.plate.text),
                "plate.display": (before.plate.display, now.plate.display),
                "plate.country": (before.plate.country, now.plate.country),
                "plate.partial": (before.plate.partial, now.plate.partial),
                "zone": (before.zone, now.zone),
                "direction": (before.direction, now.direction),
                "vehicle.color": (_color(before), _color(now)),
            }
            differs = {path for path, (old, new) in fields.items() if old != new}
            assert differs == set(now.changed) - {"images"}
            if now.best != before.best:
                assert "images" in now.changed
            if now.kind is Kind.UPDATED and chosen.results == "combined":
                assert now.changed


@given(steps, any_settings)
def test_open_passages_have_different_ids(steps: list[Step], chosen: PassageSettings) -> None:
    passages = Passages(chosen, counting())
    for i in range(len(steps)):
        play(passages, steps[i : i + 1], 100 * i)
        ids = [each.passage for each in passages.open if each.passage is not None]
        assert len(ids) == len(set(ids))


@settings(max_examples=300)
@given(steps, any_settings, st.data())
def test_a_restart_at_any_point_changes_nothing(
    steps: list[Step], chosen: PassageSettings, data: st.DataObject
) -> None:
    ids = counting()
    whole = Passages(chosen, counting())
    expected = play(whole, steps) + whole.end()

    cut = data.draw(st.integers(0, len(steps)))
    first, second = Passages(chosen, ids), Passages(chosen, ids)
    told = play(first, steps[:cut])
    second.load(first.dump())
    assert second.dump() == first.dump()
    told += play(second, steps[cut:], sum(step.ms for step in steps[:cut])) + second.end()
    assert told == expected


@given(steps, any_settings)
def test_the_same_reads_give_the_same_changes(steps: list[Step], chosen: PassageSettings) -> None:
    one, two = Passages(chosen, counting()), Passages(chosen, counting())
    assert play(one, steps) == play(two, steps)
    assert one.dump() == two.dump()


@given(steps, any_settings)
def test_frames_in_use_are_those_of_the_pictures_to_come(
    steps: list[Step], chosen: PassageSettings
) -> None:
    """An event's picture is of the frame it comes with, or of one that was in use before."""
    passages = Passages(chosen, counting())
    in_use: set[int] = set()
    now = 0
    for number, step in enumerate(steps):
        now += step.ms
        seen = [structs.replace(read, frame=number) for read in step.reads or ()]
        for change in passages.update(seen, frame_at(after(now))):
            assert change.best.frame in in_use | {number}
        assert passages.frames_in_use() <= in_use | {number}
        in_use = passages.frames_in_use()
    assert all(change.best.frame in in_use for change in passages.end())


@given(steps, any_settings)
def test_unusable_reads_leave_no_trace(steps: list[Step], chosen: PassageSettings) -> None:
    passages = Passages(chosen, counting())
    for story in by_passage(play(passages, steps) + passages.end()).values():
        for change in story:
            assert change.best.confidence >= chosen.min_confidence
            assert (change.zone is not None) == bool(chosen.zones)


def _color(change: Change) -> str | None:
    return change.vehicle.color.value if change.vehicle.color else None
