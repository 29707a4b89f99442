"""The views are what docs/database.md promises: names, types, meaning, and its queries run."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.model import Attribute, Direction, Event, Images, Picture, Site, Vehicle
from platewire.runtime.clock import milliseconds
from platewire.runtime.status import Board
from platewire.testing.clock import FakeClock
from platewire.testing.sample_events import START, odd_events, passage_events, picture

PAGE = Path(__file__).parents[2] / "docs" / "database.md"
TEXT = PAGE.read_text("utf-8")
VIEWS = {
    name: re.findall(r"^\| `(\w+)` \| (\w+) \|", section, re.MULTILINE)
    for name, section in re.findall(r"^## `(\w+)`\n(.*?)(?=^## )", TEXT, re.MULTILINE | re.DOTALL)
}
ONLY_IN_POSTGRESQL = {
    "anpr_event": ("node_id",),
    "anpr_passage": ("node_id",),
    "anpr_camera": ("node_id",),
    "anpr_list_hit": ("node_id", "camera_id"),
    "anpr_hourly": ("node_id",),
    "anpr_removal": ("node_id",),
    "lprevents": ("node_id",),
}
"""At the end, where several installations write into one database."""
ADDED_SINCE = ("partial",)
"""Columns that came after `node_id`, which follows all others."""
POSTGRESQL_VIEWS = {
    view: [
        *(column for column in columns if column[0] not in ADDED_SINCE),
        *((name, "text") for name in ONLY_IN_POSTGRESQL.get(view, ())),
        *(column for column in columns if column[0] in ADDED_SINCE),
    ]
    for view, columns in VIEWS.items()
}
QUERIES = re.findall(r"^```sql\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)

PLATE, VEHICLE, FRAME = (
    picture(role, mark=mark) for mark, role in enumerate(("plate", "vehicle", "frame"))
)
KNOWN = Vehicle(
    make=Attribute("VW", 0.9),
    model=Attribute("Golf", 0.8),
    type=Attribute("car", 0.7),
    color=Attribute("red", 0.6),
)
UNUSED = {
    ("anpr_removal", "passage"),
}
SITE = Site(
    name="site",
    system_id=42,
    latitude=0.0,
    longitude=0.0,
    channels={"gate": 0, "yard": 1},
    zones={"gate": ("exit", "entry"), "yard": ()},
    checkpoints={"gate": 7},
    time_zone="Europe/Berlin",
)


def full(event: Event) -> Event:
    """The event with everything known."""
    plate = structs.replace(event.plate, region="BY")
    images = Images(plate=PLATE.image, vehicle=VEHICLE.image, frame=FRAME.image)
    return structs.replace(event, plate=plate, vehicle=KNOWN, images=images)


def piece_of(event: Event) -> Event:
    return structs.replace(event, plate=structs.replace(event.plate, partial=True))


async def fill(folder: Path) -> None:
    """Passage 1: closed, all known. 2: open, little known, partial. 3: out, small picture only. Odd
    ones."""
    clock = FakeClock()
    log = await SqliteLog.open(LogSettings(folder=folder), clock, Board(clock))
    await log.describe(SITE)
    pictures: list[Picture] = [PLATE, VEHICLE, FRAME]
    await log.append("gate", [full(event) for event in passage_events(1)], pictures)
    await log.append("yard", [piece_of(passage_events(2, camera="yard", text="M1")[0])])
    going = Images(vehicle=VEHICLE.image)
    await log.append(
        "gate",
        [
            structs.replace(event, direction=Direction.OUT, vehicle=KNOWN, images=going)
            for event in passage_events(3, text="ZZ9")
        ],
    )
    await log.append("tor-ö", list(odd_events(10)))
    await log.close()


async def take_away(folder: Path) -> None:
    """What is old enough goes; nothing else is written."""
    clock = FakeClock()
    log = await SqliteLog.open(LogSettings(folder=folder, retention_days=1), clock, Board(clock))
    await clock.advance(3 * 86_400)
    assert (await log.retain([])).events
    await log.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import asyncio

    folder = tmp_path_factory.mktemp("contract")
    asyncio.run(fill(folder))
    return folder


@pytest.fixture
def after_removal(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    import asyncio

    asyncio.run(fill(tmp_path))
    asyncio.run(take_away(tmp_path))
    with closing(sqlite3.connect(tmp_path / "platewire.db")) as connection:
        connection.row_factory = sqlite3.Row
        yield connection


@pytest.fixture
def database(folder: Path) -> Iterator[sqlite3.Connection]:
    """As a third party opens it."""
    uri = f"file:{folder / 'platewire.db'}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        yield connection


@pytest.mark.parametrize("view", ["anpr_event", "anpr_passage"])
def test_a_partial_plate_is_marked(view: str, database: sqlite3.Connection) -> None:
    found = database.execute(f"SELECT DISTINCT plate FROM {view} WHERE partial = 1").fetchall()
    assert [plate for (plate,) in found] == ["M1"]
    assert database.execute(f"SELECT count(*) FROM {view} WHERE partial = 0").fetchone()[0] > 1


def test_the_page_names_every_view(database: sqlite3.Connection) -> None:
    views = database.execute("SELECT name FROM sqlite_master WHERE type = 'view'").fetchall()
    assert {name for (name,) in views} == set(VIEWS)


@pytest.mark.parametrize("view", VIEWS)
def test_columns_are_those_of_the_page(
    view: str, database: sqlite3.Connection, after_removal: sqlite3.Connection
) -> None:
    database = after_removal if view == "anpr_removal" else database
    rows = database.execute(f"SELECT * FROM {view}").fetchall()
    columns = [(name, kind) for name, kind in VIEWS[view]]
    assert list(rows[0].keys()) == [name for name, _ in columns]
    types = {"integer": int, "bigint": int, "real": float, "text": str, "blob": bytes}
    for name, kind in columns:
        values = [row[name] for row in rows if row[name] is not None]
        assert all(type(value) is types[kind] for value in values), name
        assert values or (view, name) in UNUSED, f"{view}.{name} is never filled"


def one(database: sqlite3.Connection, statement: str, *values: Any) -> dict[str, Any]:
    (row,) = database.execute(statement, values).fetchall()
    return dict(row)


def test_an_event_is_told_whole(database: sqlite3.Connection) -> None:
    event = full(passage_events(1)[1])
    row = one(database, "SELECT * FROM anpr_event WHERE id = ?", str(event.id))
    assert (row["seq"], row["kind"], row["revision"]) == (2, "updated", 1)
    assert row["occurred_at"] == "2026-01-02T03:04:06.778Z"
    assert row["occurred_ms"] == milliseconds(event.occurred_at)
    assert (row["plate"], row["plate_raw"], row["region"]) == ("BU9042", "BU9O42", "BY")
    assert (row["make"], row["make_confidence"], row["color"]) == ("VW", 0.9, "red")
    assert row["frame_image"] == FRAME.image.sha256
    assert f'"id":"{event.id}"' in row["body"]


def test_a_passage_is_one_row(database: sqlite3.Connection) -> None:
    rows = database.execute("SELECT * FROM anpr_passage ORDER BY first_seq").fetchall()
    assert [(row["first_seq"], row["last_seq"], row["state"]) for row in rows] == [
        (1, 3, "closed"),
        (4, 4, "open"),
        (5, 7, "closed"),
        (8, 8, "open"),
        (9, 9, "open"),
    ]
    assert rows[0]["first_seen_at"] == "2026-01-02T03:04:06.678Z"
    assert rows[0]["plate_jpeg"] == PLATE.jpeg
    assert rows[1]["plate_jpeg"] is None


def test_strange_text_is_kept(database: sqlite3.Connection) -> None:
    row = one(database, "SELECT * FROM anpr_passage WHERE first_seq = 9")
    assert row["plate_display"] == 'Я"\\ \x00\x05\r\n=&<>'
    assert row["plate_unicode"] == "Я123😀"
    assert row["camera"] == "tor-ö"


def test_pictures(database: sqlite3.Connection, folder: Path) -> None:
    plate = one(database, "SELECT * FROM anpr_image WHERE sha256 = ?", PLATE.image.sha256)
    assert (plate["jpeg"], plate["path"]) == (PLATE.jpeg, None)
    frame = one(database, "SELECT * FROM anpr_image WHERE sha256 = ?", FRAME.image.sha256)
    assert frame["jpeg"] is None
    assert Path(frame["path"]).read_bytes() == FRAME.jpeg
    assert Path(frame["path"]).is_relative_to(folder)


def test_cameras(database: sqlite3.Connection) -> None:
    rows = database.execute("SELECT * FROM anpr_camera ORDER BY camera").fetchall()
    assert [tuple(row)[:4] for row in rows] == [
        ("gate", 0, 3, 8),
        ("tor-ö", None, 1, 9),
        ("yard", 1, 1, 4),
    ]


def test_lprevents_speaks_numberok(database: sqlite3.Connection) -> None:
    rows = database.execute("SELECT * FROM lprevents ORDER BY timestamp_").fetchall()
    closed, seen, gone = rows[:3]
    assert Path(closed["framejpg"]).read_bytes() == FRAME.jpeg
    assert Path(gone["framejpg"]).read_bytes() == VEHICLE.jpeg, "the best picture that is a file"
    assert seen["framejpg"] is None
    assert [row["state"] for row in rows[:3]] == ["Lost", "Detected", "Lost"]
    assert [row["movement_type"] for row in rows[:3]] == ["In", "Undetermined", "Out"]
    assert (closed["system_id"], closed["channel_index"], closed["zone_index"]) == (42, 0, 1)
    assert closed["checkpoint"] == 7
    assert (closed["plate_left"], closed["plate_height"]) == (420.4, 33.6)
    assert closed["runtime_id"] == passage_events(1)[0].passage_number
    assert closed["timestamp_"] == milliseconds(START) + 1000


def test_there_are_ten_queries() -> None:
    assert len(QUERIES) == 10


VALUES = {
    "last_seq": 2,
    "plate": "BU9042",
    "from_ms": milliseconds(START) - 86_400_000,
    "to_ms": milliseconds(START) + 86_400_000,
    "confidence": 0.99,
    "passage_number": passage_events(1)[0].passage_number,
}


@pytest.mark.parametrize("number", range(1, 11))
def test_query_of_the_page(number: int, database: sqlite3.Connection) -> None:
    rows = database.execute(QUERIES[number - 1], VALUES).fetchall()
    assert rows, "the filled database has an answer to each"


def test_who_is_inside(database: sqlite3.Connection) -> None:
    plates = [row["plate"] for row in database.execute(QUERIES[4])]
    assert "BU9042" in plates
    assert "ZZ9" not in plates


CONDITIONS = (
    "anpr_event WHERE seq > 5",
    "anpr_event WHERE id = 'x'",
    "anpr_event WHERE occurred_ms > 5",
    "anpr_event WHERE passage_number = 5",
    "anpr_event WHERE camera = 'gate'",
    "anpr_event WHERE plate = 'X'",
    "anpr_passage WHERE passage_number = 5",
    "anpr_passage WHERE passage = 'x'",
    "anpr_passage WHERE first_seq > 5",
    "anpr_passage WHERE change_seq > 5",
    "anpr_event WHERE change_seq > 5",
    "anpr_passage WHERE first_seen_ms > 5",
    "anpr_passage WHERE camera = 'gate'",
    "anpr_passage WHERE plate = 'X'",
    "anpr_image WHERE sha256 = 'x'",
    "lprevents WHERE timestamp_ > 5",
    "lprevents WHERE number = 'X'",
)
NO_SCANS = ("SCAN 1 CONSTANT ROW", "SCAN CONSTANT ROW", "SCAN typed")
"""How a plan tells of a column that is given its type; the table never has a row."""


@pytest.mark.parametrize("condition", CONDITIONS)
def test_promised_conditions_use_an_index(condition: str, database: sqlite3.Connection) -> None:
    plan = database.execute(f"EXPLAIN QUERY PLAN SELECT * FROM {condition}").fetchall()
    scans = [row["detail"] for row in plan if row["detail"].startswith("SCAN")]
    scans = [scan for scan in scans if scan not in NO_SCANS]
    assert all(scan.split()[1] in ("l", "log", "hits") for scan in scans), scans
