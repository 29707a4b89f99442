"""The book of decisions: bounded for each relay, and knowing of each opening after a crash."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from msgspec import structs

from platewire.access import Decision, Opening
from platewire.database.connection import APPLICATION_ID
from platewire.database.migrate import steps
from platewire.lists.decisions.book import Book
from platewire.model import BootTime

NOW = datetime(2026, 5, 4, 8, 30, tzinfo=UTC)
YES = Decision(
    output="barrier",
    at=NOW,
    seq=1,
    passage=UUID(int=1),
    camera="gate",
    plate="AB1",
    opened=True,
    outcome="opened",
    reason="opened",
    detail="it is on the list staff",
    list="staff",
)
NO = structs.replace(
    YES, passage=UUID(int=2), plate="AB2", opened=False, outcome="not_opened", reason="blocked"
)
BEGUN = structs.replace(YES, opened=None, outcome=None)


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    made = Book(tmp_path / "decisions.db", NOW, decisions_max=5)
    yield made
    made.close()


def test_a_decision_is_settled_once_its_end_is_known(book: Book) -> None:
    number = book.write(BEGUN)
    assert book.last_opened("barrier", passage=YES.passage) == Opening(NOW, None, is_sure=False)
    book.settle(number, outcome="not_opened", reason="unreachable", detail="it is not there")
    assert book.last_opened("barrier", passage=YES.passage) is None
    ((_, kept),) = book.page("barrier", before=None, limit=9)
    assert (kept.opened, kept.reason, kept.list) == (False, "unreachable", "staff")
    book.settle(4711, outcome="opened", reason="opened", detail="of a row that is gone")


def test_what_an_earlier_run_left_is_told_and_what_this_one_began_is_not(tmp_path: Path) -> None:
    path = tmp_path / "decisions.db"
    first = Book(path, NOW)
    left = first.write(BEGUN)
    first.write(structs.replace(BEGUN, output="other"))
    assert first.unsettled("barrier") == []
    first.close()
    second = Book(path, NOW)
    second.write(BEGUN)
    assert second.unsettled("barrier") == [left]
    second.settle(
        left, outcome="unknown", reason="interrupted", detail="platewire stopped meanwhile"
    )
    assert second.unsettled("barrier") == []
    second.close()


def test_knows_when_it_last_opened_for_whom(book: Book) -> None:
    book.write(YES)
    book.write(NO)
    made = BootTime("boot-1", 4.5)
    later = structs.replace(YES, at=NOW + timedelta(seconds=9), passage=UUID(int=3))
    book.write(later, made)
    assert book.last_opened("barrier", plate="AB1") == Opening(later.at, made)
    assert book.last_opened("barrier", plate="AB2") is None
    assert book.last_opened("other", plate="AB1") is None


def test_the_newest_are_kept_of_each_relay(book: Book) -> None:
    numbers = [book.write(structs.replace(NO, seq=seq)) for seq in range(12)]
    book.write(structs.replace(NO, output="other"))
    page = book.page("barrier", before=None, limit=3)
    assert [each.number for each in page] == numbers[:-4:-1]
    rest = book.page("barrier", before=page[-1].number, limit=9)
    assert [each.decision.seq for each in rest] == [8, 7]
    assert len(book.page("other", before=None, limit=9)) == 1


def test_what_is_written_outlives_the_process(tmp_path: Path) -> None:
    path = tmp_path / "decisions.db"
    script = f"""
import os
from pathlib import Path
from msgspec import structs
from platewire.lists.decisions.book import Book
from tests.lists.test_book import BEGUN, NOW
book = Book(Path({str(path)!r}), NOW)
print(book.write(BEGUN), flush=True)
os._exit(9)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 9, done.stderr
    book = Book(path, NOW)
    assert book.unsettled("barrier") == [int(done.stdout)]
    book.close()


def test_what_may_have_opened_counts_as_opened_and_is_told_as_unknown(book: Book) -> None:
    number = book.write(BEGUN)
    book.settle(number, outcome="unknown", reason="unknown", detail="it did not answer")
    assert book.last_opened("barrier", passage=YES.passage) == Opening(NOW, None, is_sure=False)
    ((_, kept),) = book.page("barrier", before=None, limit=9)
    assert (kept.opened, kept.outcome) == (None, "unknown")
    book.forget(number)
    assert book.last_opened("barrier", passage=YES.passage) is None


OLD = """
INSERT INTO decision (transfer, at_ms, passage, plate, opened, reason, body)
VALUES ('barrier', 0, '{passage}', 'AB1', {opened}, '{reason}', '{body}')
"""


def test_decisions_from_before_there_were_outcomes_keep_their_meaning(tmp_path: Path) -> None:
    """And who reads `opened` reads on."""
    path = tmp_path / "decisions.db"
    first, *_ = steps("platewire.lists.decisions")
    with closing(sqlite3.connect(path)) as old:
        old.executescript(first.sql)
        known = [("1", "opened"), ("0", "blocked"), ("NULL", "allowed"), ("1", "interrupted")]
        for number, (opened, reason) in enumerate(known):
            said = {"1": True, "0": False, "NULL": None}[opened]
            passage = UUID(int=number)
            body = {
                name: value
                for name, value in msgspec.to_builtins(
                    structs.replace(YES, opened=said, reason=reason, passage=passage)
                ).items()
                if name != "outcome"
            }
            body["transfer"] = body.pop("output")
            text = msgspec.json.encode(body).decode()
            row = OLD.format(passage=passage, opened=opened, reason=reason, body=text)
            old.execute(row)
        old.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        old.execute("PRAGMA user_version = 1")
        old.commit()
    book = Book(path, NOW)
    page = [each.decision for each in reversed(book.page("barrier", before=None, limit=9))]
    assert [each.outcome for each in page] == ["opened", "not_opened", None, "unknown"]
    assert [each.opened for each in page] == [True, False, None, None]
    assert [book.last_opened("barrier", passage=each.passage) is None for each in page] == [
        *(False, True, False, False)
    ]
    assert len(book.unsettled("barrier")) == 1
    book.close()
    with closing(sqlite3.connect(path)) as reader:
        rows = reader.execute("SELECT opened FROM decision ORDER BY number").fetchall()
    assert rows == [(1,), (0,), (None,), (None,)]
