"""The book of decisions: bounded for each relay, and knowing of each opening after a crash."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from msgspec import structs

from platewire.lists.decisions.book import Book
from platewire.model import Decision

NOW = datetime(2026, 5, 4, 8, 30, tzinfo=UTC)
YES = Decision(
    transfer="barrier",
    at=NOW,
    seq=1,
    passage=UUID(int=1),
    camera="gate",
    plate="AB1",
    opened=True,
    reason="opened",
    detail="it is on the list staff",
    list="staff",
)
NO = structs.replace(YES, passage=UUID(int=2), plate="AB2", opened=False, reason="blocked")


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    made = Book(tmp_path / "decisions.db", NOW, kept=5)
    yield made
    made.close()


def test_a_decision_is_settled_once_its_end_is_known(book: Book) -> None:
    number = book.write(structs.replace(YES, opened=None))
    assert book.last_opened("barrier", passage=YES.passage) == NOW
    book.settle(number, opened=False, reason="unreachable", detail="it is not there")
    assert book.last_opened("barrier", passage=YES.passage) is None
    ((_, kept),) = book.page("barrier", before=None, limit=9)
    assert (kept.opened, kept.reason, kept.list) == (False, "unreachable", "staff")
    book.settle(4711, opened=True, reason="opened", detail="of a row that is gone")


def test_what_an_earlier_run_left_is_told_and_what_this_one_began_is_not(tmp_path: Path) -> None:
    path = tmp_path / "decisions.db"
    first = Book(path, NOW)
    left = first.write(structs.replace(YES, opened=None))
    first.write(structs.replace(YES, opened=None, transfer="other"))
    assert first.unsettled("barrier") == []
    first.close()
    second = Book(path, NOW)
    second.write(structs.replace(YES, opened=None))
    assert second.unsettled("barrier") == [left]
    second.settle(left, opened=True, reason="interrupted", detail="platewire ended meanwhile")
    assert second.unsettled("barrier") == []
    second.close()


def test_knows_when_it_last_opened_for_whom(book: Book) -> None:
    book.write(YES)
    book.write(NO)
    book.write(structs.replace(YES, at=NOW + timedelta(seconds=9), passage=UUID(int=3)))
    assert book.last_opened("barrier", plate="AB1") == NOW + timedelta(seconds=9)
    assert book.last_opened("barrier", plate="AB2") is None
    assert book.last_opened("other", plate="AB1") is None


def test_the_newest_are_kept_of_each_relay(book: Book) -> None:
    numbers = [book.write(structs.replace(NO, seq=seq)) for seq in range(12)]
    book.write(structs.replace(NO, transfer="other"))
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
from tests.lists.test_book import NOW, YES
book = Book(Path({str(path)!r}), NOW)
print(book.write(structs.replace(YES, opened=None)), flush=True)
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
