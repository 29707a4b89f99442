"""A plate that was erased is in no file any more; everything else is as it was."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import pytest
from msgspec import structs

from platewire.database.connection import APPLICATION_ID, open_reader, rows
from platewire.database.erasure import ERASED, new_pseudonym, normal
from platewire.errors import ConfigError, LogError
from platewire.eventlog.deliveries.records import Attempt
from platewire.eventlog.sqlite import SqliteLog
from platewire.eventlog.upkeep.erase import erase
from platewire.eventlog.upkeep.verify import verify
from platewire.model import Candidate, Images, ListHit
from platewire.testing.sample_events import passage_events, picture
from tests.eventlog.conftest import OpenLog

NOW = datetime(2026, 5, 6, tzinfo=UTC)
PLATE = "BU9042"


async def write(log: SqliteLog) -> None:
    """Passages 1 and 3 are of the plate; 2 is another's that had it as a candidate."""
    for number, text in ((1, PLATE), (2, "ZZ1234"), (3, PLATE), (4, "MM77777")):
        plate, frame = picture(mark=number), picture("frame", mark=100 + number)
        images = Images(plate=plate.image, frame=frame.image)
        events = list(passage_events(number, text=text, images=images))
        if number == 2:
            heard = (Candidate(PLATE, 0.4), Candidate("ZZ1284", 0.1))
            events = [
                structs.replace(
                    event,
                    plate=structs.replace(event.plate, candidates=heard),
                    lists=(ListHit("staff", "look_alike", "allow", "BU 9042"),),
                )
                for event in events
            ]
        if number == 4:
            events = [structs.replace(event, lists=()) for event in events]
        await log.append("gate", events, [plate, frame])


def decisions(folder: Path) -> None:
    """Another file beside the log, as relays keep one; and a list that names the plate."""
    for name, statements in (
        (
            "decisions.db",
            (
                "CREATE TABLE decision (number INTEGER PRIMARY KEY, plate TEXT, body BLOB)",
                f"INSERT INTO decision VALUES (1, '{PLATE}', "
                f'CAST(\'{{"plate":"{PLATE}"}}\' AS BLOB))',
            ),
        ),
        (
            "lists.db",
            (
                "CREATE TABLE entry (plate TEXT, written TEXT)",
                f"INSERT INTO entry VALUES ('{PLATE}', 'BU 9042')",
            ),
        ),
    ):
        connection = apsw.Connection(str(folder / name))
        for statement in (*statements, f"PRAGMA application_id = {APPLICATION_ID}"):
            connection.execute(statement)
        connection.close()


def holding(folder: Path, *texts: bytes) -> list[str]:
    """A scan of our own, which trusts nobody."""
    return [
        path.name
        for path in sorted(folder.rglob("*"))
        if path.is_file() and any(text in path.read_bytes() for text in texts)
    ]


SPELLINGS = (b"BU9042", b"BU 9042", b"BU9O42", "BÜ9042".encode())


async def test_nothing_of_it_is_left(log: SqliteLog, open_log: OpenLog) -> None:
    await write(log)
    folder = log.path.parent
    pictures = [picture("frame", mark=100 + number) for number in (1, 2, 3)]
    before = await log.read(0, 100)
    await log.close()
    decisions(folder)
    assert holding(folder, *SPELLINGS) == ["decisions.db", "lists.db", "platewire.db"]

    done = erase(folder, PLATE, ERASED, NOW)

    assert (done.passages, done.events, done.pictures, done.mentions) == (2, 6, 4, 3)
    assert done.left == ("lists.db", "lists.db: entry.plate", "lists.db: entry.written")
    assert holding(folder, *SPELLINGS) == ["lists.db"]
    assert verify(folder).faults == ()
    again = await open_log(folder=folder)
    after = await again.read(0, 100)
    for old, new in zip(before, after, strict=True):
        assert (old.event.seq, old.event.id, old.event.occurred_at, old.event.direction) == (
            (new.event.seq, new.event.id, new.event.occurred_at, new.event.direction)
        )
    assert [entry.event.plate.text for entry in after[::3]] == [ERASED, "ZZ1234", ERASED, "MM77777"]
    assert [each.text for each in after[3].event.plate.candidates] == ["ZZ1284"]
    assert after[3].event.lists == ()
    assert after[9:] == before[9:]
    kept = [await again.picture(each.image.sha256) for each in pictures]
    assert kept == [None, pictures[1].jpeg, None]
    await again.append("gate", passage_events(5))


async def test_what_a_person_wrote_of_it_beside_another_plate_goes_too(
    log: SqliteLog, open_log: OpenLog
) -> None:
    kept = ListHit("staff", "exact", "allow", "ZZ 1234", holder="Ada", group="night")
    hit = structs.replace(kept, note="or BU 9042")
    events = [structs.replace(event, lists=(hit,)) for event in passage_events(2, text="ZZ1234")]
    await log.append("gate", list(passage_events(1, text=PLATE)))
    await log.append("gate", events)
    folder = log.path.parent
    await log.close()
    assert erase(folder, PLATE, ERASED, NOW).left == ()
    assert holding(folder, *SPELLINGS) == []
    again = await open_log(folder=folder)
    assert [entry.event.lists for entry in await again.read(3, 100)] == [(kept,)] * 3


async def test_what_was_done_is_written_down(log: SqliteLog) -> None:
    await write(log)
    folder = log.path.parent
    await log.close()
    erase(folder, PLATE, ERASED, NOW)
    connection = open_reader(log.path)
    found = rows(
        connection, "SELECT what, why, first_seq, last_seq, count, passage FROM anpr_removal"
    )
    connection.close()
    ids = [str(passage_events(number)[0].passage) for number in (1, 3)]
    assert found == [
        ("passage", "erased", 1, 3, 3, ids[0]),
        ("passage", "erased", 7, 9, 3, ids[1]),
    ]


async def test_a_pseudonym_keeps_passages_together(log: SqliteLog) -> None:
    await write(log)
    folder = log.path.parent
    await log.close()
    name = new_pseudonym()
    assert erase(folder, PLATE, name, NOW).left == ()
    assert holding(folder, *SPELLINGS) == []
    connection = open_reader(log.path)
    found = rows(
        connection, "SELECT plate, country, color, plate_image FROM anpr_passage ORDER BY first_seq"
    )
    connection.close()
    assert [row for row in found if row[0] == name] == [(name, "DE", "blue", None)] * 2


async def test_a_short_plate_harms_nobody_else(log: SqliteLog) -> None:
    """`M1` may stand anywhere by chance; only whole values are it."""
    await log.append("M1 gate", passage_events(1, camera="M1 gate", text="M1"))
    await log.append("gate", passage_events(2, text="M12345"))
    await log.deliveries.set_cursor("to M1", 3)
    folder = log.path.parent
    await log.close()
    done = erase(folder, "M1", ERASED, NOW)
    assert (done.events, done.searched_for, done.left) == (3, 0, ())
    connection = open_reader(log.path)
    assert rows(connection, "SELECT camera, plate FROM anpr_passage ORDER BY first_seq") == [
        ("M1 gate", ERASED),
        ("gate", "M12345"),
    ]
    assert rows(connection, "SELECT output FROM cursor") == [("to M1",)]
    connection.close()


async def test_misreadings_of_it_are_not_searched_for_any_more(log: SqliteLog) -> None:
    events = passage_events(1, text=PLATE)
    first = structs.replace(events[0], plate=structs.replace(events[0].plate, text="BU9O4"))
    await log.append("gate", [first, *events[1:], *passage_events(2, text="ZZ1")])
    await log.take_in_plates()
    await log.close()
    erase(log.path.parent, PLATE, ERASED, NOW)
    connection = open_reader(log.path)
    assert rows(connection, "SELECT text FROM plate") == [("ZZ1",)]
    connection.close()


async def test_a_plate_within_a_longer_one_harms_nobody_else(log: SqliteLog) -> None:
    """`BAB12` is the beginning of `BAB123`, which is kept wherever it stands."""
    for number, text in ((1, "BAB12"), (2, "BAB123")):
        await log.append("gate", passage_events(number, text=text))
    told = '{"plate":"BAB123"}, not BAB12'
    await log.deliveries.add_attempt(
        Attempt(
            output="gate", seq=4, number=1, at=NOW, seconds=1, outcome="delivered", request=told
        )
    )
    folder = log.path.parent
    await log.close()
    done = erase(folder, "BAB12", ERASED, NOW)
    assert (done.passages, done.searched_for > 0, done.left) == (1, True, ())
    connection = open_reader(log.path)
    assert rows(connection, "SELECT plate FROM anpr_passage ORDER BY first_seq") == [
        (ERASED,),
        ("BAB123",),
    ]
    assert rows(connection, "SELECT request FROM attempt") == [('{"plate":"BAB123"}, not ERASED',)]
    connection.close()
    assert erase(folder, "BAB123", ERASED, NOW).left == ()


async def test_refuses_while_it_may_come_back(log: SqliteLog, open_log: OpenLog) -> None:
    await write(log)
    folder = log.path.parent
    with pytest.raises(LogError, match="stop it"):
        erase(folder, PLATE, ERASED, NOW)
    await log.append("gate", [], open_passages=b"...BU9042...")
    await log.close()
    with pytest.raises(LogError, match='camera "gate" that is still open'):
        erase(folder, PLATE, ERASED, NOW)
    assert b"BU9042" in log.path.read_bytes()
    await (await open_log()).close()


async def test_a_plate_that_nobody_saw(log: SqliteLog) -> None:
    await write(log)
    before = await log.read(0, 100)
    folder = log.path.parent
    await log.close()
    done = erase(folder, "'; DROP TABLE event; --", ERASED, NOW + timedelta(days=1))
    assert (done.passages, done.mentions, done.left) == (0, 0, ())
    assert len(before) == verify(folder).events


def test_plates_as_people_type_them() -> None:
    assert normal(" bu-90 42") == "BU9042"
    with pytest.raises(ConfigError, match="is not a plate"):
        normal(" - ")
