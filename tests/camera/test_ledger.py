"""Events, their pictures and the state of open passages go into the log together."""

import cv2
import numpy as np

from platewire.model import Picture
from platewire.recognition import pictures
from platewire.recognition.picture_settings import PictureSettings
from tests.camera.intaking import HEIGHT, Road, read, shown

PLATE = "KRA48PT"


def roles(made: list[Picture]) -> list[str]:
    return [picture.role for picture in made]


async def test_pictures_are_made_once_for_a_best_read() -> None:
    road = Road()
    road.pictures = PictureSettings(frame=True)
    async with road.run():
        await road.see(PLATE, times=3)
        await road.clock.advance(7)
        events = await road.logged(2)
    assert roles(road.log.kept) == ["plate", "vehicle", "frame"]
    assert events[0].images == events[1].images
    for picture in road.log.kept:
        assert await road.log.picture(picture.image.sha256) == picture.jpeg


async def test_pictures_that_are_not_wanted_are_not_made() -> None:
    road = Road()
    road.pictures = PictureSettings(vehicle=False)
    async with road.run():
        await road.see(PLATE, times=3)
        events = await road.logged(1)
    assert roles(road.log.kept) == ["plate"]
    assert events[0].images.vehicle is None
    assert events[0].images.frame is None


async def test_the_plate_picture_is_the_crop_that_was_read() -> None:
    road = Road()
    async with road.run():
        await road.see(PLATE, times=3)
        (event,) = await road.logged(1)
    plate = road.log.kept[0]
    best = next(
        number for number in range(3) if np.allclose(decoded(plate), crop_of(road, number), atol=12)
    )
    others = [number for number in range(3) if number != best]
    assert all(not np.allclose(decoded(plate), crop_of(road, n), atol=5) for n in others)
    assert event.images.plate == plate.image
    assert decoded(plate).shape[:2] == (plate.image.height, plate.image.width)


def decoded(picture: Picture) -> np.ndarray:
    pixels = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return pixels.astype(int)


def crop_of(road: Road, number: int) -> np.ndarray:
    frame = road.frame(pixels=shown(number))
    return pictures.plate_crop(frame, read(PLATE, frame).box).astype(int)


async def test_pictures_are_remembered_over_a_restart() -> None:
    road = Road()
    async with road.run():
        await road.see(PLATE, times=3)
    made = len(road.log.kept)
    async with road.run():
        await road.clock.advance(7)
        new, lost = await road.logged(2)
    assert lost.images == new.images
    assert lost.images.plate is not None
    assert len(road.log.kept) == made


async def test_an_event_is_kept_without_a_picture_that_cannot_be_made() -> None:
    """No JPEG is wider than 65,500 pixels; a passage must not lose its `new` over that."""
    road = Road()
    road.pictures = PictureSettings(frame=True)
    wide = np.zeros((HEIGHT, 70_000, 3), np.uint8)
    async with road.run():
        for _ in range(3):
            await road.source.put(road.frame(PLATE, pixels=wide))
        await road.clock.advance(7)
        events = await road.logged(2)
    assert [(event.kind.value, event.revision) for event in events] == [("new", 0), ("lost", 1)]
    assert 'camera "gate": the frame image' in road.line.last_error


async def test_what_is_open_is_kept_although_nothing_happens() -> None:
    """At most half a second of reads is forgotten by a crash."""
    road = Road()
    async with road.run():
        await road.see(PLATE, times=3)
        kept = [await road.log.open_passages("gate")]
        await road.see(PLATE, times=7)
        kept.append(await road.log.open_passages("gate"))
        assert road.log.last_seq == 1
    assert kept[0] is not None
    assert kept[0] != kept[1]


async def test_events_say_when_their_last_read_arrived() -> None:
    """Of a picture that was handed in late: now, whatever its own time says."""
    road = Road()
    async with road.run():
        await road.see(PLATE, times=3)
        seen = road.clock.boot()
        await road.clock.advance(7)
        await road.logged(2)
    new, lost = await road.log.read(0, 2)
    assert new.arrived is not None
    assert lost.arrived is not None
    assert seen.seconds - 1 <= new.arrived.seconds <= seen.seconds
    assert lost.arrived.seconds >= seen.seconds + 5, "silence is known when it is noticed"


async def test_a_passage_that_goes_on_after_a_restart_keeps_when_its_last_read_arrived() -> None:
    road = Road(hold_back=5, unconfirmed="lost")
    async with road.run():
        await road.see(PLATE, times=3)
    before = road.clock.boot()
    await road.clock.advance(2)
    async with road.run():
        await road.clock.settle()
        await road.clock.advance(10)
        new, _ = await road.logged(2)
    assert new.kind == "new", "it was told at its end"
    (entry, _) = await road.log.read(0, 2)
    assert entry.arrived is not None
    assert entry.arrived.seconds <= before.seconds
