"""Retention: by age and by bytes, from the oldest on, and never behind an output's back."""

from pathlib import Path

from platewire.eventlog.deliveries.records import Parked
from platewire.eventlog.sqlite import SqliteLog
from platewire.eventlog.upkeep import retention
from platewire.model import Images
from platewire.testing.check_eventlog import several
from platewire.testing.clock import FakeClock
from platewire.testing.sample_events import passage_events, picture
from tests.eventlog.conftest import OpenLog

DAY = 86_400


async def three_days(log: SqliteLog, clock: FakeClock) -> None:
    """Passages 1, 2 and 3 (seq 1-3, 4-6, 7-9) a day apart; it is the third day."""
    for number in (1, 2, 3):
        await log.append("gate", passage_events(number))
        if number < 3:
            clock.suspend(DAY)


async def test_nothing_goes_unless_asked(log: SqliteLog, clock: FakeClock) -> None:
    await three_days(log, clock)
    clock.suspend(10_000 * DAY)
    assert (await log.retain()).events == 0
    assert log.first_seq == 1


async def test_by_age(open_log: OpenLog, clock: FakeClock) -> None:
    log = await open_log(retention_days=1.5)
    await three_days(log, clock)
    done = await log.retain()
    assert (done.events, done.first_seq, log.first_seq) == (3, 4, 4)
    assert [entry.event.seq for entry in await log.read(0, 100)] == [4, 5, 6, 7, 8, 9]
    clock.suspend(10 * DAY)
    assert (await log.retain()).events == 6
    assert (log.first_seq, log.last_seq) == (10, 9)
    assert list(await log.read(0, 100)) == []


async def test_numbers_go_on_when_all_is_gone(open_log: OpenLog, clock: FakeClock) -> None:
    log = await open_log(retention_days=1)
    (*_, last) = await log.append("gate", passage_events(9))
    clock.suspend(2 * DAY)
    await log.retain()
    await log.close()
    again = await open_log(retention_days=1)
    assert (again.first_seq, again.last_seq) == (4, 3)
    assert again.last_passage_number == last.event.passage_number
    (entry, *_) = await again.append("gate", passage_events(10))
    assert entry.event.seq == 4


async def test_in_steps(open_log: OpenLog, clock: FakeClock) -> None:
    log = await open_log(retention_days=1)
    await log.append("gate", several(1, 1000))
    clock.suspend(2 * DAY)
    await log.append("gate", passage_events(2000))
    assert (await log.retain()).events == 3000 > 2 * retention.STEP_EVENTS
    assert [entry.event.seq for entry in await log.read(0, 10)] == [3001, 3002, 3003]


async def test_by_bytes(open_log: OpenLog) -> None:
    log = await open_log(retention_bytes=1_000_000)
    for number in range(1, 1000, 50):
        await log.append("gate", several(number, 50))
    used = await log._threads.write(retention.bytes_used)
    assert used > 1_500_000, "there is something to delete"
    done = await log.retain()
    used = await log._threads.write(retention.bytes_used)
    assert 800_000 < used <= 1_000_000, "and not much more than needed is deleted"
    assert log.first_seq == done.events + 1
    assert (await log.read(0, 1))[0].event.seq == log.first_seq


async def test_picture_files_count_as_bytes(open_log: OpenLog) -> None:
    log = await open_log(retention_bytes=1_000_000)
    before = await log._threads.write(retention.bytes_used)
    frame = picture("frame")
    await log.append("gate", passage_events(1, images=Images(frame=frame.image)), [frame])
    after = await log._threads.write(retention.bytes_used)
    assert (after - before) % 4096 == len(frame.jpeg)


async def test_pictures_go_with_their_last_event(open_log: OpenLog, clock: FakeClock) -> None:
    log = await open_log(retention_days=1.5)
    old, shared = picture("frame", mark=1), picture("frame", mark=2)
    plate = picture("plate", mark=3)
    images = Images(frame=old.image, plate=plate.image)
    await log.append("gate", passage_events(1, images=images), [old, plate])
    await log.append("gate", passage_events(2, images=Images(frame=shared.image)), [shared])
    clock.suspend(2 * DAY)
    # Named by a later event, without the bytes being given again.
    await log.append("gate", passage_events(3, images=Images(frame=shared.image)))
    done = await log.retain()
    assert set(done.pictures) == {old.image.sha256, plate.image.sha256}
    assert await log.picture(old.image.sha256) is None
    assert await log.picture(plate.image.sha256) is None
    assert await log.picture(shared.image.sha256) == shared.jpeg
    files = {path.stem for path in (log.path.parent / "images").rglob("*.jpg")}
    assert files == {shared.image.sha256}


async def test_the_slowest_output_is_waited_for(open_log: OpenLog, clock: FakeClock) -> None:
    log = await open_log(retention_days=0.1)
    await three_days(log, clock)
    clock.suspend(DAY)
    await log.deliveries.set_cursor("erp", 8)
    await log.deliveries.set_cursor("barrier", 4)
    await log.deliveries.set_cursor("taken away", 0)
    done = await log.retain(["erp", "barrier", "never ran"])
    assert (done.first_seq, done.overtaken) == (5, {})
    assert (await log.retain(["erp"])).first_seq == 9
    assert (await log.retain()).events == 0, "all that ever ran: also the one taken away"


async def test_an_overtaken_output_is_told_once(open_log: OpenLog, clock: FakeClock) -> None:
    log = await open_log(retention_days=1.5, keep_for_outputs=False)
    await three_days(log, clock)
    await log.deliveries.set_cursor("erp", 1)
    await log.deliveries.set_cursor("barrier", 9)
    assert (await log.retain(["erp", "barrier"])).overtaken == {"erp": (2, 3)}
    assert (await log.retain(["erp", "barrier"])).overtaken == {}
    clock.suspend(DAY)
    assert (await log.retain(["erp", "barrier"])).overtaken == {"erp": (4, 6)}


async def test_an_open_passage_is_kept_for_an_hour(open_log: OpenLog, clock: FakeClock) -> None:
    log = await open_log(retention_days=0.01)
    first, update, lost = passage_events(1)
    await log.append("gate", [first, *passage_events(2)])
    clock.suspend(3000)
    assert (await log.retain()).events == 0, "the vehicle of seq 1 is still there"
    await log.append("gate", [update])
    clock.suspend(3000)
    assert (await log.retain()).events == 0, "and was seen again"
    clock.suspend(3000)
    assert (await log.retain()).events == 5, "but not for ever"
    await log.append("gate", [lost])
    assert [entry.event for entry in await log.read(0, 9)][-1].revision == lost.revision


async def test_the_clock_was_wrong_for_a_while(open_log: OpenLog, clock: FakeClock) -> None:
    log = await open_log(retention_days=1)
    await log.append("gate", passage_events(1))
    clock.jump(1000 * DAY)
    await log.append("gate", passage_events(2))
    clock.jump(-1000 * DAY)
    await log.append("gate", passage_events(3))
    clock.suspend(2 * DAY)
    await log.append("gate", passage_events(4))
    assert (await log.retain()).first_seq == 10, "what seems to come from the future goes too"


async def test_stray_files_are_swept(open_log: OpenLog, tmp_path: Path) -> None:
    log = await open_log()
    kept = picture("frame")
    await log.append("gate", passage_events(1, images=Images(frame=kept.image)), [kept])
    folder = log.path.parent / "images" / kept.image.sha256[:2]
    stray = folder / f"{kept.image.sha256[:2]}{'0' * 62}.jpg"
    stray.write_bytes(b"left by a crash")
    foreign = folder / "holiday.jpg"
    foreign.write_bytes(b"not ours")
    for _ in range(256):
        await log.retain()
    assert not stray.exists()
    assert foreign.exists()
    assert await log.picture(kept.image.sha256) == kept.jpeg


async def test_what_went_is_gone_from_the_views(open_log: OpenLog, clock: FakeClock) -> None:
    log = await open_log(retention_days=1.5)
    await three_days(log, clock)
    await log.retain()
    numbers = await log._threads.write(
        lambda connection: connection.execute("SELECT number FROM passage").fetchall()
    )
    assert len(numbers) == 2
    again = list(await log.append("gate", passage_events(2)))
    assert [entry.event.seq for entry in again] == [4, 5, 6], "kept events are still known by id"


async def test_what_is_parked_is_waited_for(open_log: OpenLog, clock: FakeClock) -> None:
    log = await open_log(retention_days=0.5)
    await three_days(log, clock)
    await log.deliveries.set_cursor("erp", 9)
    (entry,) = await log.read(4, 1)
    waits = Parked(output="erp", seq=5, passage=entry.event.passage, next_at=clock.now())
    await log.deliveries.park([waits])
    await log.retain()
    assert log.first_seq == 5
    await log.close()
    again = await open_log(retention_days=0.5)
    await again.retain()
    assert again.first_seq == 5
    await again.deliveries.unpark("erp", 5)
    await again.retain()
    assert again.first_seq == 7
