"""The real recognition reads the scene; what it makes of it is what the demo promises."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from platewire.model import Change, Frame, Kind
from platewire.passage.frame import FrameView
from platewire.passage.passages import Passages
from platewire.passage.settings import PassageSettings
from platewire.recognition.engines.plates import Plates, PlatesSettings
from platewire.runtime.clock import SystemClock
from platewire.runtime.identity import Identities
from platewire.testing.scene import Scene, passages, picture, road_scene, short_scene
from platewire.testing.scene.script import SPANISH

START = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def engine() -> Iterator[Plates]:
    built = PlatesSettings().build()
    yield built
    built.close()


def changes(engine: Plates, scene: Scene, start_s: float, end_s: float, step: int) -> list[Change]:
    """What the passage room says of every `step`-th frame of a part of the scene."""
    found = Passages(PassageSettings(direction_in=90), Identities(SystemClock()).passage)
    made: list[Change] = []
    rate = scene.frames_per_second
    for number in range(round(start_s * rate), round(end_s * rate), step):
        at = START + timedelta(seconds=number / rate)
        frame = Frame("road", number, at, picture(scene, number))
        made += found.update(engine.read(frame), FrameView.of(frame))
    return made + found.end()


def test_short_scene_is_read_as_it_is(engine: Plates) -> None:
    scene = short_scene()
    made = changes(engine, scene, 0, 11, 2)
    lost = [change for change in made if change.kind is Kind.LOST]
    assert sum(change.kind is Kind.NEW for change in made) == len(lost) == 3
    seen = {
        (
            change.plate.text,
            change.plate.country,
            change.vehicle.color.value if change.vehicle.color else None,
            change.direction.value,
        )
        for change in lost
    }
    assert seen == {(one.text, one.country, one.color, one.direction) for one in passages(scene)}


def test_blurred_plate_is_misread_first_and_corrected(engine: Plates) -> None:
    scene = road_scene()
    truth = next(one for one in passages(scene) if one.text == SPANISH.text)
    made = changes(engine, scene, truth.legible_from, truth.legible_from + 2.5, 1)
    assert made[0].kind is Kind.NEW
    assert made[0].plate.text != truth.text
    corrections = [change for change in made if "plate.text" in change.changed]
    assert corrections
    assert made[-1].plate.text == truth.text
    assert len({change.passage for change in made}) == 1, "it stays the same vehicle"
