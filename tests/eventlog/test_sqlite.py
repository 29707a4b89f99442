"""What the log in SQLite does beyond the contract: it is there again after a restart."""

import asyncio
import hashlib
from pathlib import Path
from uuid import UUID

import apsw
import pytest
from msgspec import structs

from platewire.errors import LogError
from platewire.eventlog.deliveries.records import DeadLetter, DeadQuery, Parked
from platewire.eventlog.sqlite import SqliteLog
from platewire.eventlog.store import WrongPictureError
from platewire.model import Images, Picture
from platewire.runtime.status import Board, State
from platewire.testing.check_eventlog import several
from platewire.testing.clock import FakeClock
from platewire.testing.sample_events import START, passage_events, picture
from tests.eventlog.conftest import OpenLog


def query(log: SqliteLog, statement: str) -> list[tuple[object, ...]]:
    """As another program sees the file."""
    connection = apsw.Connection(str(log.path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


async def until(log: SqliteLog, statement: str, expected: list[tuple[object, ...]]) -> None:
    while query(log, statement) != expected:  # noqa: ASYNC110 - a file tells nobody of itself
        await asyncio.sleep(0.01)


async def test_everything_is_there_again(open_log: OpenLog) -> None:
    log = await open_log()
    pictures = [picture(role, mark=mark) for mark, role in enumerate(("plate", "frame"))]
    entries = await log.append("gate", several(1, 2), pictures, b"open")
    await log.deliveries.set_cursor("erp", 2)
    await log.deliveries.set_cursor("erp", 3, ((5, 6),))
    await log.append("yard", [], (), b"lazy")
    letter = DeadLetter(output="erp", seq=2, outcome="expired", reason="older", at=START)
    await log.deliveries.add_dead_letters([letter])
    waits = Parked(output="erp", seq=4, passage=entries[3].event.passage, next_at=START)
    await log.deliveries.park([waits])
    await log.deliveries.pause("erp", "gone")
    await log.close()

    again = await open_log()
    assert (again.first_seq, again.last_seq) == (1, 6)
    assert again.last_passage_number == entries[-1].event.passage_number
    assert list(await again.read(0, 100)) == list(entries)
    assert [await again.picture(each.image.sha256) for each in pictures] == [
        each.jpeg for each in pictures
    ]
    assert (await again.deliveries.cursor("erp"), await again.deliveries.acknowledged("erp")) == (
        3,
        ((5, 6),),
    )
    assert await again.open_passages("gate") == b"open"
    assert await again.open_passages("yard") == b"lazy"
    assert list(await again.deliveries.dead_letters("erp", DeadQuery(), 9)) == [letter]
    assert list(await again.deliveries.parked("erp")) == [waits]
    assert await again.deliveries.pause_reason("erp") == "gone"
    assert [entry.event.seq for entry in await again.append("gate", several(3, 1))] == [7, 8, 9]


async def test_cursors_reach_the_file_without_another_append(log: SqliteLog) -> None:
    await log.deliveries.set_cursor("erp", 1)
    assert query(log, "SELECT seq FROM cursor") == [(1,)], "a first cursor is there at once"
    await log.deliveries.set_cursor("erp", 2)
    await until(log, "SELECT seq FROM cursor", [(2,)])


async def test_open_passages_reach_the_file_without_an_event(log: SqliteLog) -> None:
    await log.append("gate", [], (), b"one")
    await log.append("gate", [], (), b"two")
    await until(log, "SELECT state FROM open_passages", [(b"two",)])


async def test_producers_share_a_flush(log: SqliteLog, board: Board) -> None:
    events = [passage_events(number)[0] for number in range(1, 201)]
    await asyncio.gather(*(log.append("gate", [event]) for event in events))
    assert log.last_seq == 200
    assert board.line("log", "log").counters["commits"] < 50


async def test_a_canceled_append_is_written_all_the_same(log: SqliteLog) -> None:
    task = asyncio.ensure_future(log.append("gate", passage_events(1)))
    await asyncio.sleep(0)
    task.cancel()
    assert await log.wait(0) == 3


async def test_large_pictures_are_files_once(log: SqliteLog) -> None:
    frame, plate = picture("frame"), picture("plate", mark=1)
    images = Images(plate=plate.image, frame=frame.image)
    await log.append("gate", passage_events(1, images=images), [frame, plate])
    await log.append("gate", passage_events(2, images=images), [frame, plate])
    folder = log.path.parent
    sha256 = frame.image.sha256
    files = [path for path in (folder / "images").rglob("*") if path.is_file()]
    assert files == [folder / "images" / sha256[:2] / f"{sha256}.jpg"]
    assert hashlib.sha256(files[0].read_bytes()).hexdigest() == sha256
    assert query(log, "SELECT file_bytes FROM log") == [(len(frame.jpeg),)]


async def test_a_half_written_picture_is_cleared_at_the_start(open_log: OpenLog) -> None:
    log = await open_log()
    await log.close()
    half = log.path.parent / "images" / "partial" / "half.jpg"
    half.write_bytes(b"\xff\xd8")
    await open_log()
    assert not half.exists()


async def test_a_picture_with_another_hash_fails_alone(log: SqliteLog) -> None:
    wrong = Picture("plate", picture("plate").image, b"something else")
    good, bad = await asyncio.gather(
        log.append("gate", passage_events(1)),
        log.append("yard", passage_events(2), [wrong]),
        return_exceptions=True,
    )
    assert isinstance(bad, WrongPictureError)
    assert not isinstance(good, BaseException)
    assert [entry.event.passage_number for entry in good] == [good[0].event.passage_number] * 3
    assert log.last_seq == 3


async def test_an_impossible_event_fails_alone(log: SqliteLog, board: Board) -> None:
    event = passage_events(1)[0]
    await log.append("gate", [event])
    clash = structs.replace(passage_events(2)[0], passage=event.passage)
    with pytest.raises(LogError, match="UNIQUE"):
        await log.append("gate", [clash])
    assert board.line("log", "log").state is State.FAILED
    await log.append("gate", passage_events(3))
    assert log.last_seq == 4
    assert board.line("log", "log").state is State.RUNNING


async def test_the_clock_may_go_back(log: SqliteLog, clock: FakeClock) -> None:
    (first,) = await log.append("gate", passage_events(1)[:1])
    clock.jump(-86_400)
    (second,) = await log.append("gate", passage_events(1)[1:2])
    assert first.event.recorded_at
    assert second.event.recorded_at
    assert second.event.recorded_at < first.event.recorded_at
    assert [entry.event.seq for entry in await log.read(0, 9)] == [1, 2]


async def test_the_file_itself_refuses_edits_gaps_and_deletion(log: SqliteLog) -> None:
    await log.append("gate", passage_events(1))
    connection = apsw.Connection(str(log.path))
    for statement, words in (
        ("UPDATE event SET plate = 'X' WHERE seq = 2", "never edited"),
        ("DELETE FROM event WHERE seq = 3", "retention only"),
        ("UPDATE log SET last_seq = 4", "without gaps"),
        ("UPDATE log SET last_seq = 2", "without gaps"),
    ):
        with pytest.raises(apsw.ConstraintError, match=words):
            connection.execute(statement)
    connection.close()


async def test_missing_events_are_found_at_the_start(open_log: OpenLog) -> None:
    log = await open_log()
    await log.append("gate", passage_events(1))
    await log.close()
    connection = apsw.Connection(str(log.path))
    connection.execute("DROP TRIGGER event_is_kept; DELETE FROM event WHERE seq = 2")
    connection.close()
    with pytest.raises(LogError, match=r"3 events, seq 1 to 3, but contains 2.*restore a backup"):
        await open_log()


async def test_one_platewire_per_folder(open_log: OpenLog) -> None:
    log = await open_log()
    with pytest.raises(LogError, match=r"another platewire \(process \d+\) already uses"):
        await open_log()
    await log.close()
    await open_log()


async def test_a_closed_log_says_so(log: SqliteLog) -> None:
    waiting = asyncio.ensure_future(log.wait(0))
    await asyncio.sleep(0)
    await log.append("gate", passage_events(1)[:1])
    await log.close()
    await log.close()
    assert await waiting == 1
    for call in (
        log.append("gate", passage_events(2)),
        log.append("gate", [], (), b"open"),
        log.deliveries.dead_letters("erp", DeadQuery(), 1),
        log.wait(1),
    ):
        with pytest.raises(LogError, match="is closed"):
            await call


async def test_ids_are_kept_as_text_and_views_see_the_passage(log: SqliteLog) -> None:
    (entry,) = await log.append("gate", passage_events(1)[:1])
    ((found, state),) = query(log, "SELECT last_event, state FROM anpr_passage")
    assert UUID(str(found)) == entry.event.id
    assert state == "open"


async def test_memory_is_bounded(open_log: OpenLog) -> None:
    log = await open_log(memory_bytes=5_000)
    entries = await log.append("gate", several(1, 20))
    assert list(await log.read(0, 100)) == list(entries)
    assert list(await log.read(58, 100)) == list(entries[58:])
    assert sum(len(entry.body) for entry in log._entries._entries) <= 5_000


async def test_the_folder_is_made(open_log: OpenLog, tmp_path: Path) -> None:
    log = await open_log(folder=tmp_path / "deep" / "er")
    assert log.path == tmp_path / "deep" / "er" / "platewire.db"
