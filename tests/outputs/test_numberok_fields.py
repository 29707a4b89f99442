"""The table of NumberOk's fields names each that is written, with the values that are written."""

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from msgspec import structs

from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.model import Event, Images, Vehicle
from platewire.runtime.status import Board
from platewire.testing.clock import FakeClock
from platewire.testing.sample_events import odd_events, passage_events
from platewire.wire.numberok import json as numberok_json
from platewire.wire.numberok import tcp as numberok_tcp
from platewire.wire.numberok.fields import FIRST_ATTEMPT, Attempt
from platewire.wire.numberok.json import AttachedPicture, Dialect, Profile
from tests.foreign.passages import EVERYTHING, IMAGES, PICTURES, PLATE, SITE, VEHICLE

PAGE = (Path(__file__).parents[2] / "docs/outputs/numberok_fields.md").read_text("utf-8")
PROFILES: tuple[Profile, ...] = ("numberok-1.0", "numberok-1.6", "axis")
NOT_THERE = "–"

Said = Mapping[str, Any]
Form = Sequence[Said]
"""What a form says of each of the events: key to value, keys of objects within joined by a dot."""


class Row(NamedTuple):
    json_key: str
    cells: Sequence[str]
    """Of the three profiles."""
    tcp: str
    lprevents: str


def rows(heading: str) -> list[Row]:
    (section,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)
    found = []
    for line in re.findall(r"^\| (.*) \|$", section, re.M):
        meaning, _, key, *of_profiles, tcp, lprevents = [it.strip() for it in line.split("|")]
        if meaning != "meaning":
            found.append(Row(key.strip("`"), of_profiles, tcp, lprevents))
    return found


KNOWN, LITTLE, AGAIN = (
    rows("A vehicle with all values known"),
    rows("A vehicle with few values known"),
    rows("A replayed test event"),
)


# --- what is said of the sample vehicles ---------------------------------------------------------


HOLDER = {
    "holder": "A. Example",
    "group": "night shift",
    "card_facility": 12,
    "card_number": "345",
    "card_bits": 26,
}


def known() -> Sequence[Event]:
    return [
        structs.replace(
            each,
            vehicle=EVERYTHING,
            lists=tuple(structs.replace(hit, **HOLDER) for hit in each.lists),
        )
        for each in passage_events(1, images=IMAGES)
    ]


def little() -> Sequence[Event]:
    (event, *_) = passage_events(1, camera="yard")
    plate = structs.replace(event.plate, country=None, unicode="")
    return [structs.replace(event, zone=None, vehicle=Vehicle(), images=Images(), plate=plate)]


def again() -> Sequence[Event]:
    (event, *_) = passage_events(1)
    return [structs.replace(event, test=True, replayed=True)]


SENT_AGAIN = Attempt(again=True, age_ms=1500)
BOTH = (AttachedPicture("vehicle", VEHICLE.jpeg), AttachedPicture("plate", PLATE.jpeg))


def numbered(events: Sequence[Event]) -> Sequence[Event]:
    late = timedelta(milliseconds=23)
    return [each.numbered(seq, each.occurred_at + late) for seq, each in enumerate(events, 1)]


def in_json(
    events: Sequence[Event],
    profile: Profile,
    shown: Sequence[AttachedPicture] = (),
    attempt: Attempt = FIRST_ATTEMPT,
) -> Form:
    dialect = Dialect(profile=profile)
    bodies = [
        numberok_json.encode(
            each, SITE, dialect, packet_counter=67, attached=shown, embed=True, attempt=attempt
        )
        for each in numbered(events)
    ]
    return [flat(json.loads(body)) for body in bodies]


def over_tcp(events: Sequence[Event], attempt: Attempt = FIRST_ATTEMPT) -> Form:
    texts = [
        numberok_tcp.event_text(
            each, SITE, checkpoint=SITE.checkpoints.get(each.camera, 0), attempt=attempt
        )
        for each in numbered(events)
    ]
    return [numberok_tcp.read_event(text).pairs for text in texts]


def flat(packet: Mapping[str, Any]) -> Said:
    said: dict[str, Any] = {}
    for key, value in packet.items():
        if isinstance(value, dict):
            said |= {f"{key}.{inner}": part for inner, part in value.items()}
        else:
            said[key] = value
    return said


async def in_lprevents(folder: Path, events: Sequence[Event]) -> Said:
    clock = FakeClock()
    late = events[-1].occurred_at + timedelta(milliseconds=23) - clock.now()
    clock.suspend(late.total_seconds())
    log = await SqliteLog.open(LogSettings(folder=folder), clock, Board(clock))
    await log.describe(SITE)
    await log.append(
        events[0].camera, events, [each for each in PICTURES if events[0].images.plate]
    )
    await log.close()
    with closing(sqlite3.connect(folder / "platewire.db")) as database:
        database.row_factory = sqlite3.Row
        (row,) = database.execute("SELECT * FROM lprevents").fetchall()
    return dict(row)


# --- the table and what is said ------------------------------------------------------------------


def compare(cell: str, key: str, form: Form) -> None:
    """`cell` has one part for all events or one for each: a value, words, or that it lacks."""
    parts = cell.split(" · ")
    for part, said in zip(parts * (len(form) if len(parts) == 1 else 1), form, strict=True):
        if part == NOT_THERE:
            assert key not in said, key
            continue
        assert key in said, key
        if value := re.fullmatch("`(.*)`", part):
            assert written(said[key]) == value[1].replace('""', ""), key


def written(value: Any) -> str:
    if value is None:
        return "NULL"
    return value if isinstance(value, str) else json.dumps(value)


def compare_json(row: Row, forms: Sequence[Form]) -> None:
    cell = ""
    for told, form in zip(row.cells, forms, strict=True):
        cell = cell if told == "=" else told
        compare(cell, row.json_key, form)


def keyed(cell: str) -> tuple[str, str] | None:
    """Key and what it says, of a cell that has both."""
    found = re.fullmatch(r"`(\w+)` (.*)", cell)
    return None if found is None else (found[1], found[2])


SAMPLES = [
    pytest.param(KNOWN, known(), BOTH, FIRST_ATTEMPT, id="known"),
    pytest.param(LITTLE, little(), (), FIRST_ATTEMPT, id="little"),
    pytest.param(AGAIN, again(), (), SENT_AGAIN, id="again"),
]


@pytest.mark.parametrize(("table", "events", "shown", "attempt"), SAMPLES)
def test_json_matches_the_table(
    table: Sequence[Row],
    events: Sequence[Event],
    shown: Sequence[AttachedPicture],
    attempt: Attempt,
) -> None:
    forms = [in_json(events, profile, shown, attempt) for profile in PROFILES]
    checked = [row for row in table if row.json_key != NOT_THERE]
    for row in checked:
        compare_json(row, forms)
    assert checked


@pytest.mark.parametrize(("table", "events", "shown", "attempt"), SAMPLES)
def test_tcp_matches_the_table(
    table: Sequence[Row],
    events: Sequence[Event],
    shown: Sequence[AttachedPicture],
    attempt: Attempt,
) -> None:
    form = over_tcp(events, attempt)
    pairs = [pair for row in table if (pair := keyed(row.tcp))]
    for key, cell in pairs:
        compare(cell, key, form)
    assert pairs


@pytest.mark.parametrize(("table", "events"), [(KNOWN, known()), (LITTLE, little())])
async def test_lprevents_matches_the_table(
    table: Sequence[Row], events: Sequence[Event], tmp_path: Path
) -> None:
    row = await in_lprevents(tmp_path, events)
    for key, cell in filter(None, (keyed(each.lprevents) for each in table)):
        compare(cell, key, [row])


# --- nothing is missing --------------------------------------------------------------------------


def all_events() -> Iterator[Event]:
    yield from [*known(), *little(), *again()]
    yield from odd_events(4)


@pytest.mark.parametrize("profile", PROFILES)
def test_every_key_in_json_has_a_row(profile: Profile) -> None:
    forms = in_json(list(all_events()), profile, BOTH, SENT_AGAIN)
    assert {key for said in forms for key in said} <= {row.json_key for row in [*KNOWN, *AGAIN]}
    known_orders = set(numberok_json.ORDERS[profile]) - {"geotag", "vehicle_info", "camera_info"}
    assert known_orders <= {row.json_key for row in KNOWN}


def test_every_pair_over_tcp_has_a_row() -> None:
    pairs = {key for said in over_tcp(list(all_events()), SENT_AGAIN) for key in said}
    assert pairs == {cell[0] for row in [*KNOWN, *AGAIN] if (cell := keyed(row.tcp))}


async def test_every_column_of_lprevents_has_a_row(tmp_path: Path) -> None:
    columns = set(await in_lprevents(tmp_path, known()))
    assert columns == {cell[0] for row in KNOWN if (cell := keyed(row.lprevents))}
