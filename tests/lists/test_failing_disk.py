"""A disk that fails under the lists and the book of decisions: what failed is never tried again on
the same connection, nothing is booked twice, and what is answered as kept is kept."""

import asyncio
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import apsw
import pytest
from msgspec import structs

from platewire.errors import LogWaits
from platewire.lists.decisions.book import Book
from platewire.lists.entry import ListEntry
from platewire.lists.file_import import Import
from platewire.lists.lists import Lists
from platewire.lists.settings import Mode
from platewire.lists.store import Store
from platewire.model import BootTime
from tests.lists.test_book import BEGUN, NOW, YES
from tests.support.failing_disk import NAME, Disk

BOOT = BootTime("boot-1", 1.0)
WRITES = pytest.mark.parametrize("method", ["xWrite", "xSync"])
AFTER = pytest.mark.parametrize("after", [False, True], ids=["before", "after"])


@pytest.fixture
def disk() -> Iterator[Disk]:
    made = Disk()
    yield made
    made.unregister()


@pytest.fixture
def book(disk: Disk, tmp_path: Path) -> Iterator[Book]:
    made = Book(tmp_path / "decisions.db", NOW, vfs=NAME)
    yield made
    made.close()


@pytest.fixture
def store(disk: Disk, tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "lists.db", NOW, vfs=NAME)
    yield made
    made.close()


def without_cache(*files: Book | Store) -> None:
    for each in files:
        with each._file.used() as connection:
            connection.execute("PRAGMA cache_size = 0")


def booked(path: Path) -> list[tuple[int, str, str | None]]:
    """As another program reads it."""
    with closing(sqlite3.connect(path.as_uri() + "?mode=ro", uri=True)) as reader:
        return reader.execute("SELECT number, plate, outcome FROM decision").fetchall()


@AFTER
@WRITES
def test_a_decision_is_booked_once_though_its_write_fails(
    book: Book, disk: Disk, tmp_path: Path, method: str, *, after: bool
) -> None:
    path = tmp_path / "decisions.db"
    first = book.write(YES, BOOT)
    before = book._file._connection
    disk.fail(method, after=after)
    number = book.write(BEGUN, BOOT)
    assert not disk.left
    assert book._file._connection is not before
    assert booked(path) == [(first, "AB1", "opened"), (number, "AB1", None)]
    disk.fail(method, after=after)
    book.settle(number, outcome="unknown", reason="unknown", detail="it did not answer")
    assert booked(path) == [(first, "AB1", "opened"), (number, "AB1", "unknown")]
    disk.fail(method, after=after)
    book.forget(number)
    assert booked(path) == [(first, "AB1", "opened")]


@WRITES
def test_a_decision_that_was_told_as_not_kept_is_not_in_the_book(
    book: Book, disk: Disk, tmp_path: Path, method: str
) -> None:
    """It would count as an opening, although nothing was switched."""
    first = book.write(YES, BOOT)
    other = structs.replace(BEGUN, plate="AB2", passage=UUID(int=2))
    disk.fail(method, times=10_000, after=True)
    with pytest.raises(LogWaits, match="disk reported an I/O error"):
        book.write(other, BOOT)
    disk.left = 0
    assert book.last_opened("barrier", plate="AB2") is None
    number = book.write(other, BOOT)
    assert [row[0] for row in booked(tmp_path / "decisions.db")] == [first, number]


def test_a_commit_that_says_that_it_failed_and_did_not(
    book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = book._file
    transaction = file.transaction

    @contextmanager
    def failing() -> Iterator[apsw.Connection]:
        with file.used(writes=True):
            with transaction() as connection:
                yield connection
            raise apsw.IOError("the test says so")

    with monkeypatch.context() as patched:
        patched.setattr(file, "transaction", failing)
        with pytest.raises(LogWaits, match="disk reported an I/O error"):
            book.write(BEGUN, BOOT)
    assert len(booked(tmp_path / "decisions.db")) == 1
    assert book.last_opened("barrier", plate="AB1") is None
    number = book.write(BEGUN, BOOT)
    assert [row[0] for row in booked(tmp_path / "decisions.db")] == [number]


def test_a_read_that_fails_once_is_answered(book: Book, store: Store, disk: Disk) -> None:
    book.write(YES, BOOT)
    store.put("staff", [ListEntry(plate="AB 1")])
    without_cache(book, store)
    disk.fail("xRead")
    assert book.last_opened("barrier", plate="AB1")
    disk.fail("xRead")
    assert store.candidates("AB1", Mode.EXACT)


def test_a_file_that_cannot_be_opened_again_is_waited_for_and_never_made_anew(
    book: Book, store: Store, disk: Disk, tmp_path: Path
) -> None:
    """An empty list of blocked plates would let everybody in."""
    book.write(YES, BOOT)
    store.put("stolen", [ListEntry(plate="AB 1")])
    without_cache(book, store)
    there = [tmp_path / "decisions.db", tmp_path / "lists.db"]
    for each in there:
        each.rename(each.with_suffix(".away"))
    for _ in range(2):
        disk.fail("xRead")
        with pytest.raises(LogWaits, match="exists and is writable"):
            book.last_opened("barrier", plate="AB1")
        disk.fail("xRead")
        with pytest.raises(LogWaits, match="exists and is writable"):
            store.candidates("AB1", Mode.EXACT)
    disk.left = 0
    for each in there:
        each.with_suffix(".away").rename(each)
    assert book.last_opened("barrier", plate="AB1")
    assert store.candidates("AB1", Mode.EXACT)


@AFTER
@WRITES
def test_a_list_holds_what_was_put_and_not_what_was_removed(
    store: Store, disk: Disk, method: str, *, after: bool
) -> None:
    disk.fail(method, after=after)
    store.put("staff", [ListEntry(plate="AB 1"), ListEntry(plate="AB 2")])
    disk.fail(method, after=after)
    store.remove("staff", ["AB 1"])
    assert not disk.left
    store.close()
    again = Store(store.path, datetime(2026, 5, 5, tzinfo=UTC))
    assert [entry.plate for entry in again.page("staff", after="", limit=9)] == ["AB 2"]
    again.close()


def test_an_import_whose_write_fails_is_told_and_may_be_given_again(
    store: Store, disk: Disk, tmp_path: Path
) -> None:
    store.put("staff", [ListEntry(plate="AB 1")])
    path = tmp_path / "staff.csv"
    path.write_text("plate\nAB 2\nAB 3\n")
    before = store._file._connection
    disk.fail("xSync")
    with pytest.raises(LogWaits, match="disk reported an I/O error"):
        Import(store, "staff", (), manner="replace").run(path, apply=True)
    assert store.count("staff") in (1, 2)
    assert store._file._connection is not before
    Import(store, "staff", (), manner="replace").run(path, apply=True)
    assert [entry.plate for entry in store.page("staff", after="", limit=9)] == ["AB 2", "AB 3"]


def test_lists_that_cannot_be_opened_for_a_moment_are_waited_for(tmp_path: Path) -> None:
    zone = ZoneInfo("UTC")

    def opened() -> Lists:
        return Lists.open(tmp_path, [], zone=zone, cameras=[], now=NOW)

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    for _ in range(2):  # there are no files yet, and there are
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
        try:
            with pytest.raises(LogWaits, match="raise the limit of open files"):
                opened()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        asyncio.run(opened().close())
