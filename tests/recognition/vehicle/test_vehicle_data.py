"""How often badges are searched, and that what was found stays with the text."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from platewire.model import Attribute, Box, Frame, Pixels
from platewire.recognition.vehicle.badges import BadgeReader
from platewire.recognition.vehicle.makes import Badges
from platewire.recognition.vehicle.vehicle_data import (
    AGAIN_AFTER,
    LOOKS_MAX,
    PAUSE,
    REMEMBERED,
    Looks,
    VehicleData,
    agreed,
)
from tests.recognition.drawing import wall

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NEXT = timedelta(seconds=1)
RENAULT = Badges(Attribute("Renault", 0.9))
MEGANE = Badges(Attribute("Renault", 0.95), Attribute("Megane", 0.95))
OPEL = Badges(Attribute("Opel", 0.9))


def test_the_first_read_of_a_wide_plate_is_searched() -> None:
    assert Looks().begin("a", "AB123C", START, 150) is None
    assert Looks().begin("a", "AB123C", START, 60) == Badges()


def test_a_second_search_needs_a_larger_plate_or_some_time() -> None:
    looks = Looks()
    assert looks.begin("a", "AB123C", START, 150) is None
    looks.end("a", "AB123C", Badges())
    assert looks.begin("a", "AB123C", START + PAUSE, 160) == Badges()
    assert looks.begin("a", "AB123C", START + PAUSE, 200) is None
    assert looks.begin("a", "AB123C", START + PAUSE + AGAIN_AFTER, 190) is None


def test_what_was_found_is_told_with_every_further_read() -> None:
    looks = Looks()
    assert looks.begin("a", "AB123C", START, 150) is None
    assert looks.end("a", "AB123C", RENAULT) == RENAULT
    assert looks.begin("a", "AB123C", START + PAUSE, 150) == RENAULT
    assert looks.begin("a", "OTHER1", START + NEXT, 60) == Badges()
    assert looks.begin("b", "AB123C", START + NEXT, 60) == Badges()


def test_nothing_is_searched_once_make_and_model_are_known() -> None:
    looks = Looks()
    looks.begin("a", "AB123C", START, 150)
    looks.end("a", "AB123C", MEGANE)
    assert looks.begin("a", "AB123C", START + NEXT, 600) == MEGANE


def test_two_searches_that_contradict_each_other_end_it() -> None:
    looks = Looks()
    looks.begin("a", "AB123C", START, 150)
    looks.end("a", "AB123C", RENAULT)
    assert looks.begin("a", "AB123C", START + NEXT, 200) is None
    assert looks.end("a", "AB123C", OPEL) == Badges()
    assert looks.begin("a", "AB123C", START + 2 * NEXT, 600) == Badges()


def test_another_visit_starts_anew() -> None:
    looks = Looks()
    looks.begin("a", "AB123C", START, 150)
    looks.end("a", "AB123C", RENAULT)
    assert looks.begin("a", "AB123C", START + timedelta(minutes=5), 150) is None


def test_a_recording_that_begins_again_is_searched_again() -> None:
    looks = Looks()
    assert looks.begin("a", "AB123C", START + NEXT, 150) is None
    assert looks.begin("a", "AB123C", START, 150) is None


def test_a_full_street_is_searched_one_vehicle_at_a_time() -> None:
    looks = Looks()
    assert looks.begin("a", "AB123C", START, 150) is None
    assert looks.begin("a", "XY987Z", START, 150) == Badges()
    assert looks.begin("b", "XY987Z", START, 150) is None
    assert looks.begin("a", "XY987Z", START + PAUSE, 150) is None


@given(st.lists(st.tuples(st.integers(0, 5000), st.floats(0, 4000)), max_size=60))
def test_searches_of_one_visit_are_few(reads: list[tuple[int, float]]) -> None:
    looks = Looks()
    searched = 0
    for milliseconds, width in sorted(reads):
        at = START + timedelta(milliseconds=milliseconds)
        if looks.begin("a", "AB123C", at, width) is None:
            searched += 1
            looks.end("a", "AB123C", Badges())
    assert searched <= LOOKS_MAX


def test_memory_is_bounded() -> None:
    looks = Looks()
    for number in range(3 * REMEMBERED):
        looks.begin("a", f"AB{number}", START, 30)
    assert len(looks._visits) == REMEMBERED


def test_what_two_searches_say_together() -> None:
    assert agreed(Badges(), RENAULT) == RENAULT
    assert agreed(RENAULT, Badges()) == RENAULT
    assert agreed(RENAULT, MEGANE) == agreed(MEGANE, RENAULT) == MEGANE
    assert agreed(RENAULT, OPEL) is None


class Counting(BadgeReader):
    """A reader that sees the same badge in every picture."""

    def __init__(self) -> None:
        self.asked = 0

    def read(self, pixels: Pixels, plate: Box) -> Badges:
        self.asked += 1
        return RENAULT


def test_a_vehicle_gets_its_make_in_each_frame_from_few_searches() -> None:
    badges = Counting()
    data = VehicleData(None, badges)
    for number in range(5):
        frame = Frame("a", number, START + number * NEXT, wall())
        vehicle = data.look(frame, Box(200, 300, 150, 40), "AB123C")
        assert vehicle.make == RENAULT.make
        assert vehicle.color is None
    assert badges.asked == LOOKS_MAX


def test_nothing_wanted_nothing_said() -> None:
    vehicle = VehicleData(None, None).look(Frame("a", 0, START, wall()), Box(0, 0, 90, 20), "AB1")
    assert (vehicle.make, vehicle.model, vehicle.type, vehicle.color) == (None, None, None, None)
