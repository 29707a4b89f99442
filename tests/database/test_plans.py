"""Declared types cost no query its plan: each is found as it was before the views had them."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from platewire.database import migrate
from platewire.database.connection import open_writer
from platewire.database.steps import Step
from platewire.testing.sample_events import START
from tests.database.test_contract import CONDITIONS, NO_SCANS, QUERIES

BEFORE = 10
"""The last step without declared types."""
KNOWN = "timestamp_, number, framejpg, id, state, channel_index, zone_index, plate_left, node"
"""Columns of `lprevents` that are not filled only since."""
ASKED = (
    *QUERIES,
    *(f"SELECT * FROM {condition}" for condition in CONDITIONS if "lprevents" not in condition),
    *(f"SELECT {KNOWN} FROM {condition}" for condition in CONDITIONS if "lprevents" in condition),
    "SELECT * FROM anpr_passage WHERE camera = 'gate' ORDER BY first_seen_ms DESC LIMIT 50",
    "SELECT * FROM anpr_event WHERE plate = 'X' ORDER BY seq DESC LIMIT 50",
    "SELECT date_key, count(*) FROM anpr_passage GROUP BY date_key",
    "SELECT * FROM anpr_hourly WHERE date_key = 20260131",
    "SELECT p.plate, c.channel_index FROM anpr_passage p JOIN anpr_camera c USING (camera_id)",
    "SELECT p.plate, h.list FROM anpr_passage p JOIN anpr_list_hit h USING (passage)",
)


def empty(folder: Path, steps: tuple[Step, ...]) -> Path:
    path = folder / f"{len(steps)}.db"
    with pytest.MonkeyPatch.context() as patch, closing(open_writer(path)) as connection:
        patch.setattr(migrate, "steps", lambda *_: steps)
        migrate.migrate(connection, START)
    return path


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[sqlite3.Connection]]:
    """As of before, and as of now."""
    folder = tmp_path_factory.mktemp("plans")
    known = migrate.steps()
    paths = [empty(folder, known[:BEFORE]), empty(folder, known)]
    opened = [sqlite3.connect(path) for path in paths]
    yield opened
    for connection in opened:
        connection.close()


def plan(connection: sqlite3.Connection, query: str) -> list[str]:
    """Which tables are read, by which index, and what is sorted; in order. How often a row is
    looked up by its key differs from one SQLite to the next, so each such lookup counts once."""
    names = dict.fromkeys(("last_seq", "plate", "from_ms", "to_ms", "confidence", "passage_number"))
    told = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}", names)]
    of_concern = ("SEARCH", "SCAN", "USE TEMP B-TREE", "MATERIALIZE", "CO-ROUTINE")
    lines = [line for line in told if line.startswith(of_concern) and line not in NO_SCANS]
    return [
        re.sub(r"^(CO-ROUTINE|SCAN) (g|anpr_hourly)$", r"\1 anpr_hourly", each)
        for number, each in enumerate(lines)
        if "USING INTEGER PRIMARY KEY" not in each or each not in lines[:number]
    ]


@pytest.mark.parametrize("query", ASKED)
def test_a_query_is_found_as_before(query: str, both: list[sqlite3.Connection]) -> None:
    before, now = (plan(connection, query) for connection in both)
    assert now == before
    assert now


def test_days_are_joined_by_an_index(both: list[sqlite3.Connection]) -> None:
    """Without one, each passage was compared with all 10,958 days."""
    query = "SELECT c.month, count(*) FROM anpr_passage p JOIN anpr_calendar c USING (date_key)"
    assert any("AUTOMATIC" in line for line in plan(both[1], f"{query} GROUP BY 1"))
