"""Scenes as they happen at a road or a gate, and the examples of NumberOk's behavior."""

from datetime import timedelta

import pytest

from platewire.model import Attribute, Change, Direction, Kind, Read, Vehicle
from platewire.passage.frame import FrameView
from platewire.passage.settings import PassageSettings, Zone
from tests.passage.scene import Camera, after, kinds, read_of

GATE = Zone(name="gate", polygon=((0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0)))
ROAD = Zone(name="road", polygon=((0.0, 0.0), (1.0, 0.0), (1.0, 0.5), (0.0, 0.5)))


def camera_with(**settings: object) -> Camera:
    return Camera(PassageSettings(**settings))  # type: ignore[arg-type]


def standing(texts: list[str], *, every_ms: int = 100, confidence: float = 0.9) -> list[Read]:
    """One vehicle at one place."""
    return [read_of(text, every_ms * i, confidence=confidence) for i, text in enumerate(texts)]


def of(changes: list[Change], text: str) -> list[Change]:
    return [change for change in changes if change.plate.text == text]


# --- NumberOk's examples ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("distance", "groups"),
    [(0, ["ZZ0123QQ", "ZZ0183QQ", "ZZ1183QQ"]), (1, ["ZZ0123QQ", "ZZ1183QQ"]), (2, ["ZZ0123QQ"])],
)
def test_texts_are_grouped_around_the_best_and_not_chained(
    distance: int, groups: list[str]
) -> None:
    camera = camera_with(distance=distance, hold_back=0)
    camera.watch(standing(["ZZ0123QQ"] * 3 + ["ZZ0183QQ"] * 2 + ["ZZ1183QQ"]))
    lost = [change.plate.text for change in camera.end()]
    assert lost == groups
    assert [text for kind, text in camera.story if kind == "new"] == groups


def test_the_example_timeline() -> None:
    camera = camera_with(hold_back=1, direction_in=90.0)
    assert camera.see(0, read_of("ZZ0128QQ", y=300)) == []

    (new,) = camera.see(100, read_of("ZZ0123QQ", y=330))
    assert (new.kind, new.plate.text, new.direction) == (
        Kind.NEW,
        "ZZ0123QQ",
        Direction.UNKNOWN,
    )

    (updated,) = camera.see(200, read_of("ZZ0123QQ", y=360))
    assert (updated.kind, updated.changed) == (Kind.UPDATED, ("direction",))
    assert updated.direction is Direction.IN

    assert camera.see(300, read_of("ZZ0123QO", y=390)) == []
    assert camera.see(850, read_of("ZZ0123QQ", y=500)) == []
    assert camera.see(900) == []
    assert camera.pause(5849) == []

    (lost,) = camera.pause(5850)
    assert (lost.kind, lost.plate.text, lost.direction) == (Kind.LOST, "ZZ0123QQ", Direction.IN)
    assert lost.occurred_at == after(5850)
    assert [change.revision for change in camera.changes] == [0, 1, 2]


# --- results held back -------------------------------------------------------------------------


@pytest.mark.parametrize("hold_back", [0, 1, 3, 10])
def test_the_read_after_the_results_held_back_makes_new(hold_back: int) -> None:
    camera = camera_with(hold_back=hold_back)
    camera.watch(standing(["ZZ0123QQ"] * hold_back))
    assert camera.changes == []
    (new,) = camera.see(2000, read_of("ZZ0123QQ", 2000))
    assert (new.reads, new.revision, new.changed) == (hold_back + 1, 0, ())
    assert new.first_seen_at == (after(0) if hold_back else after(2000))
    assert new.occurred_at == after(2000)


def test_a_vehicle_gone_too_soon_is_dropped() -> None:
    camera = camera_with(hold_back=3)
    camera.watch(standing(["ZZ0123QQ"] * 3))
    assert camera.pause(60_000) == []
    assert camera.passages.open == ()


def test_a_vehicle_gone_too_soon_is_told_where_asked() -> None:
    camera = camera_with(hold_back=3, unconfirmed="lost")
    camera.watch(standing(["ZZ0123QQ"] * 3))
    new, lost = camera.pause(60_000)
    assert (new.kind, new.revision, new.occurred_at) == (Kind.NEW, 0, after(200))
    assert (lost.kind, lost.revision, lost.occurred_at) == (Kind.LOST, 1, after(5200))
    assert new.passage == lost.passage


def test_ids_are_taken_only_for_what_is_shown() -> None:
    camera = camera_with(hold_back=1)
    camera.see(0, read_of("AA9876BB"))
    camera.watch(read_of("ZZ0123QQ", 10_000 + 100 * i) for i in range(2))
    assert [change.passage_number for change in camera.changes] == [1001]


# --- scenes ------------------------------------------------------------------------------------


def test_one_flickering_character_in_twenty_reads_is_not_told() -> None:
    camera = camera_with()
    camera.watch(standing([f"ZZ0123Q{'Q' if i % 3 else 'O'}" for i in range(20)]))
    (lost,) = camera.end()
    assert camera.story == [("new", "ZZ0123QQ"), ("lost", "ZZ0123QQ")]
    assert lost.reads == 20
    assert lost.plate.candidates[0].text == "ZZ0123QO"


def test_a_plate_read_by_turns_in_two_ways_does_not_flap() -> None:
    camera = camera_with()
    camera.watch(standing(["ZZ0123QQ", "ZZ0128QQ"] * 30))
    assert kinds(camera.changes) == ["new"]


def test_a_plate_misread_from_afar_is_corrected() -> None:
    camera = camera_with()
    far = [read_of("ZZ0128QQ", 100 * i, width=40, confidence=0.55) for i in range(3)]
    near = [read_of("ZZ0123QQ", 300 + 100 * i, width=44, confidence=0.95) for i in range(5)]
    camera.watch([*far, *near])
    camera.end()
    assert camera.story == [("new", "ZZ0128QQ"), ("updated", "ZZ0123QQ"), ("lost", "ZZ0123QQ")]
    updated = camera.changes[1]
    assert updated.changed == ("plate.text", "plate.display", "images")
    assert updated.best.text == "ZZ0123QQ"
    assert updated.plate.display == "ZZ 0123 QQ"
    assert updated.plate.raw == "ZZO123QQ"


def test_two_vehicles_side_by_side_are_two_passages() -> None:
    camera = camera_with(direction_in=90.0)
    for i in range(15):
        camera.see(
            100 * i,
            read_of("ZZ0123QQ", x=300, y=100 + 30 * i),
            read_of("ZZ0132QQ", x=900, y=600 - 30 * i),
        )
    camera.see(1600)
    camera.end()
    down, up = of(camera.changes, "ZZ0123QQ"), of(camera.changes, "ZZ0132QQ")
    assert kinds(down) == kinds(up) == ["new", "updated", "lost"]
    assert (down[-1].direction, up[-1].direction) == (Direction.IN, Direction.OUT)
    assert len({change.passage for change in camera.changes}) == 2


def test_a_vehicle_hidden_for_three_seconds_is_the_same_passage() -> None:
    camera = camera_with()
    camera.watch(read_of("ZZ0123QQ", 100 * i, x=300 + 20 * i) for i in range(8))
    for ms in range(800, 3700, 100):
        camera.see(ms)
    camera.watch(read_of("ZZ0123QQ", 3700 + 100 * i, x=600 + 20 * i) for i in range(8))
    assert camera.story == [("new", "ZZ0123QQ")]
    assert camera.passages.open[0].reads == 16


def test_a_vehicle_that_stops_for_ten_minutes_is_one_passage_of_bounded_size() -> None:
    camera = camera_with(direction_in=90.0)
    camera.watch(read_of("ZZ0123QQ", 100 * i, y=100 + 30 * i) for i in range(10))
    sizes = []
    for i in range(10, 6010):
        text = "ZZ0123QQ" if i % 7 else f"ZZ{i % 100:02}23QQ"
        camera.see(100 * i, read_of(text, y=400 + i % 3, confidence=0.8))
        if i % 500 == 0:
            sizes.append(len(camera.passages.dump()))
    assert len(camera.passages.open) == 1
    assert camera.story == [("new", "ZZ0123QQ"), ("updated", "ZZ0123QQ")]
    assert max(sizes) < 6_200
    assert camera.passages.open[0].direction is Direction.IN


def test_a_vehicle_back_after_eight_seconds_is_a_new_passage() -> None:
    camera = camera_with()
    camera.watch(standing(["ZZ0123QQ"] * 5))
    for ms in range(500, 8400, 100):
        camera.see(ms)
    camera.watch(read_of("ZZ0123QQ", 8400 + 100 * i) for i in range(5))
    camera.end()
    assert kinds(camera.changes) == ["new", "lost", "new", "lost"]
    assert camera.changes[1].occurred_at == after(5400)
    assert camera.changes[0].passage != camera.changes[2].passage


def test_a_queue_of_vehicles_at_a_barrier() -> None:
    camera = camera_with()
    plates = ["ZZ0123QQ", "AA9876BB", "KX4410CE", "BH7001HA"]
    for n, plate in enumerate(plates):
        for i in range(12):
            camera.see(2000 * n + 100 * i, read_of(plate, y=300 + 25 * i, width=80 + 3 * i))
    camera.end()
    for plate in plates:
        story = kinds(of(camera.changes, plate))
        assert (story[0], story[-1], story.count("lost")) == ("new", "lost", 1)
    assert len({change.passage for change in camera.changes}) == 4


@pytest.mark.parametrize("distance", [2, 1])
def test_vehicles_with_like_plates_right_after_each_other(distance: int) -> None:
    """The second comes up behind where the first one was: a vehicle that drives on is not there."""
    camera = camera_with(distance=distance)
    camera.watch(read_of("KC730M", 100 * i, x=700, y=300 + 20 * i) for i in range(10))
    camera.watch(read_of("AC738M", 3000 + 100 * i, x=500, y=300 + 20 * i) for i in range(11))
    camera.end()
    assert camera.story == [
        ("new", "KC730M"),
        ("new", "AC738M"),
        ("lost", "KC730M"),
        ("lost", "AC738M"),
    ]


@pytest.mark.parametrize("gap_ms", [200, 1000, 3000, 4900])
@pytest.mark.parametrize("away", [False, True])
def test_a_fleet_with_consecutive_numbers_in_one_lane(gap_ms: int, away: bool) -> None:
    """Never two in one picture, and each jumps 360 pixels back to where the last one came from."""
    camera = camera_with(direction_in=90.0)
    for n in range(3):
        begins = n * (1800 + gap_ms)
        for i in range(10):
            y = 660 - 40 * i if away else 300 + 40 * i
            camera.see(begins + 200 * i, read_of(f"AX100{n + 1}", y=y, confidence=0.95))
    camera.end()
    lost = [change for change in camera.changes if change.kind is Kind.LOST]
    assert [change.plate.text for change in lost] == ["AX1001", "AX1002", "AX1003"]
    assert [change.reads for change in lost] == [10, 10, 10]
    assert {change.direction for change in lost} == {Direction.OUT if away else Direction.IN}


@pytest.mark.parametrize("gap_ms", [200, 3000])
def test_an_oncoming_vehicle_with_a_like_plate_in_the_other_lane(gap_ms: int) -> None:
    camera = camera_with(direction_in=90.0)
    camera.watch(read_of("AX1001", 100 * i, x=300, y=300 + 40 * i) for i in range(10))
    begins = 900 + gap_ms
    camera.watch(read_of("AX1002", begins + 100 * i, x=950, y=660 - 40 * i) for i in range(10))
    lost = camera.end()
    assert [(change.plate.text, change.direction) for change in lost] == [
        ("AX1001", Direction.IN),
        ("AX1002", Direction.OUT),
    ]


def test_the_first_read_of_a_follower_taken_for_the_one_in_front() -> None:
    """The same text far behind goes to the passage, but does not take its place along."""
    camera = camera_with()
    camera.watch(read_of("AX1001", 100 * i, y=300 + 40 * i) for i in range(10))
    camera.watch(
        read_of("AX1002" if i else "AX1001", 2000 + 100 * i, y=300 + 40 * i) for i in range(10)
    )
    assert [change.plate.text for change in camera.end()] == ["AX1001", "AX1002"]


def test_a_vehicle_that_is_back_where_it_came_from_is_the_same_vehicle() -> None:
    """The same text decides, and the place follows with the second read."""
    camera = camera_with()
    camera.watch(read_of("AX1001", 100 * i, y=300 + 40 * i) for i in range(10))
    texts = ["AX1001", "AX1001", "AX1007", "AX1001"]
    camera.watch(read_of(text, 4000 + 100 * i, y=300 + 5 * i) for i, text in enumerate(texts))
    assert camera.story == [("new", "AX1001")]
    assert [(passage.text, passage.reads) for passage in camera.passages.open] == [("AX1001", 14)]


def test_a_far_vehicle_of_which_only_a_part_was_read_is_one_passage() -> None:
    camera = camera_with()
    texts = ["R29B"] * 2 + ["R298OTY"] * 8
    camera.watch(
        read_of(text, 100 * i, y=300 + 6 * i, width=40 + i) for i, text in enumerate(texts)
    )
    camera.end()
    assert camera.story == [("new", "R29B"), ("updated", "R298OTY"), ("lost", "R298OTY")]


@pytest.mark.parametrize("share", [0.3, 0.5, 0.95])
@pytest.mark.parametrize("waits_ms", [0, 60_000])
def test_a_vehicle_that_turns_back_goes_out(share: float, waits_ms: int) -> None:
    camera = camera_with(direction_in=90.0)
    camera.watch(read_of("ZZ0123QQ", 100 * i, y=200 + 20 * i) for i in range(21))
    for ms in range(2100, 2100 + waits_ms, 1000):
        camera.see(ms, read_of("ZZ0123QQ", y=600 + ms // 1000 % 3))
    begins = 2100 + waits_ms
    camera.watch(
        read_of("ZZ0123QQ", begins + 100 * i, y=600 - 20 * i) for i in range(1, int(20 * share) + 1)
    )
    (lost,) = camera.end()
    assert lost.direction is Direction.OUT
    directions = [change.direction for change in camera.changes if "direction" in change.changed]
    assert directions == [Direction.IN, Direction.OUT]


def test_a_vehicle_that_rolls_back_a_little_goes_in() -> None:
    camera = camera_with(direction_in=90.0)
    rolls = [*range(200, 601, 20), *range(590, 539, -10), *range(560, 681, 20)]
    camera.watch(read_of("ZZ0123QQ", 100 * i, y=y) for i, y in enumerate(rolls))
    directions = [change.direction for change in camera.changes if "direction" in change.changed]
    assert directions == [Direction.IN]


def test_a_passage_tells_its_last_answer_when_lost() -> None:
    """The one read that would have settled a correction never came."""
    camera = camera_with(hold_back=0)
    camera.watch(
        [read_of("ZZ0128QQ", 0, confidence=0.55), read_of("ZZ0123QQ", 100, confidence=0.95)]
    )
    assert camera.story == [("new", "ZZ0128QQ")]
    (lost,) = camera.end()
    assert lost.plate.text == "ZZ0123QQ"
    assert lost.changed == ("plate.text", "plate.display", "images")


# --- what else is told -----------------------------------------------------------------------


def test_country_region_and_vehicle_found_later_are_told_at_once() -> None:
    camera = camera_with(hold_back=0)
    red = Vehicle(color=Attribute("red", 0.8), make=Attribute("Ford", 0.7))
    camera.watch(
        [
            read_of("ZZ0123QQ", 0, country=None),
            read_of("ZZ0123QQ", 100, country="UA", region="KYIV"),
            read_of("ZZ0123QQ", 200, country="UA", region="KYIV", vehicle=red),
        ]
    )
    assert [change.changed for change in camera.changes] == [
        (),
        ("plate.country", "plate.region"),
        ("vehicle.make", "vehicle.color"),
    ]
    vehicle = camera.changes[-1].vehicle
    assert (vehicle.color, vehicle.model) == (Attribute("red", 0.8), None)


def test_one_other_color_is_not_told() -> None:
    camera = camera_with(hold_back=0)
    colors = ["red", "blue", "red", "red", "blue", "red"]
    for i, color in enumerate(colors):
        vehicle = Vehicle(color=Attribute(color, 0.7))
        camera.see(100 * i, read_of("ZZ0123QQ", vehicle=vehicle))
    assert kinds(camera.changes) == ["new"]


def test_a_picture_twice_as_good_is_told_and_a_slightly_better_one_is_not() -> None:
    camera = camera_with(hold_back=0)
    for i, width in enumerate([100, 110, 120, 130, 135, 142, 150, 130]):
        camera.see(100 * i, read_of("ZZ0123QQ", width=width, frame=i))
    assert [(change.changed, change.best.frame) for change in camera.changes] == [
        ((), 0),
        (("images",), 5),
    ]
    assert camera.passages.frames_in_use() == {6}, "the best so far, though not told yet"
    (lost,) = camera.end()
    assert (lost.changed, lost.best.frame) == (("images",), 6)


def test_the_zone_is_that_of_the_last_read_and_reads_outside_are_not_used() -> None:
    left = Zone(name="left", polygon=((0.0, 0.0), (0.4, 0.0), (0.4, 1.0), (0.0, 1.0)))
    middle = Zone(name="middle", polygon=((0.4, 0.0), (0.7, 0.0), (0.7, 1.0), (0.4, 1.0)))
    camera = camera_with(hold_back=0, zones=(left, middle))
    for i in range(13):
        camera.see(100 * i, read_of("ZZ0123QQ", x=100 * i))
    camera.end()
    assert [(str(change.kind), change.zone) for change in camera.changes] == [
        ("new", "left"),
        ("updated", "middle"),
        ("lost", "middle"),
    ]
    assert camera.changes[1].changed == ("zone",)
    assert camera.changes[2].last_seen_at == after(800)


def test_zones_are_fractions_of_the_picture() -> None:
    camera = camera_with(hold_back=0, zones=(ROAD, GATE))
    (in_small,) = camera.passages.update(
        [read_of("ZZ0123QQ", y=400)], FrameView(after(0), 1280, 720)
    )
    (in_large,) = camera.passages.update(
        [read_of("AA9876BB", y=400)], FrameView(after(10), 2560, 1440)
    )
    assert (in_small.zone, in_large.zone) == ("gate", "road")


@pytest.mark.parametrize(
    "read",
    [
        read_of("ZZ0123QQ", confidence=0.49),
        read_of("ZZ0123QQ", confidence=float("nan")),
        read_of("ZZ0"),
        read_of("ZZ0123QQ", y=100),
        read_of("ZZ0123QQ", x=0, y=0, width=0),
    ],
)
def test_reads_that_cannot_be_used(read: Read) -> None:
    camera = camera_with(hold_back=0, unconfirmed="lost", zones=(GATE,))
    assert camera.see(0, read) == camera.end() == []


# --- the other forms of results --------------------------------------------------------------


def test_raw_results_are_told_one_by_one_as_one_passage() -> None:
    camera = camera_with(results="raw", hold_back=3)
    texts = ["ZZ0128QQ", "ZZ0123QQ", "ZZ0123QQ", "ZZ01"]
    camera.watch(standing(texts))
    camera.end()
    assert camera.story == [
        ("new", "ZZ0128QQ"),
        ("updated", "ZZ0123QQ"),
        ("updated", "ZZ0123QQ"),
        ("updated", "ZZ01"),
        ("lost", "ZZ01"),
    ]
    assert len({change.passage for change in camera.changes}) == 1
    assert camera.changes[1].changed == ("plate.text", "plate.display", "images")
    assert [change.best.at for change in camera.changes[:4]] == [after(100 * i) for i in range(4)]


def test_single_results_are_a_passage_each() -> None:
    camera = camera_with(results="single", hold_back=3)
    camera.watch(standing(["ZZ0123QQ"] * 3))
    assert kinds(camera.changes) == ["new", "new", "new"]
    assert [change.occurred_at for change in camera.pause(5100)] == [after(5000), after(5100)]
    camera.end()
    assert len({change.passage for change in camera.changes}) == 3


# --- time --------------------------------------------------------------------------------------


def test_lost_is_dated_when_it_fell_due_and_not_when_it_was_noticed() -> None:
    camera = camera_with()
    camera.watch(standing(["ZZ0123QQ"] * 2))
    (lost,) = camera.see(3_600_000)
    assert lost.occurred_at == after(5100)
    assert lost.last_seen_at == after(100)


def test_frame_time_that_stands_still_or_goes_back_a_little_counts_as_the_last() -> None:
    camera = camera_with(direction_in=90.0)
    for i, ms in enumerate([0, 0, 100, 40, -4000, 100, 200]):
        camera.see(ms, read_of("ZZ0123QQ", y=200 + 30 * i))
    (lost,) = camera.end()
    assert kinds(camera.changes) == ["new", "updated", "lost"]
    assert lost.last_seen_at == after(200)
    assert lost.direction is Direction.IN


def test_a_clock_set_back_ends_the_open_passages_once() -> None:
    camera = camera_with()
    camera.watch(standing(["ZZ0123QQ"] * 3))
    hour = -3_600_000
    (lost,) = camera.see(hour, read_of("ZZ0123QQ"))
    assert (lost.kind, lost.occurred_at) == (Kind.LOST, after(5200))
    (new,) = camera.see(hour + 100, read_of("ZZ0123QQ"))
    assert (new.kind, new.first_seen_at) == (Kind.NEW, after(hour))
    assert kinds(camera.end()) == ["lost"]


def test_a_clock_that_jumped_ahead_and_came_back() -> None:
    camera = camera_with()
    camera.watch(standing(["ZZ0123QQ"] * 3))
    day = 86_400_000
    assert kinds(camera.see(day, read_of("ZZ0123QQ"))) == ["lost"]
    camera.see(300, read_of("ZZ0123QQ"))
    assert kinds(camera.see(400, read_of("ZZ0123QQ"))) == ["new"]


def test_a_tick_ahead_of_the_frames_does_not_shift_their_time() -> None:
    camera = camera_with(hold_back=0)
    camera.pause(900)
    (new,) = camera.see(800, read_of("ZZ0123QQ"))
    assert new.occurred_at == after(800)
    assert camera.pause(5799) == []
    assert kinds(camera.pause(5800)) == ["lost"]
    assert camera.pause(5800) == []


def test_the_next_recording_may_begin_earlier() -> None:
    camera = camera_with(hold_back=0)
    camera.see(10_000_000, read_of("ZZ0123QQ"))
    camera.end()
    (new,) = camera.see(0, read_of("ZZ0123QQ"))
    assert new.first_seen_at == after(0)


def test_a_silence_of_ones_own_choosing() -> None:
    camera = camera_with(lost_after_seconds=0.5)
    camera.watch(standing(["ZZ0123QQ"] * 3))
    (lost,) = camera.pause(700)
    assert lost.occurred_at - lost.last_seen_at == timedelta(seconds=0.5)


def test_what_is_open_can_be_seen() -> None:
    camera = camera_with(hold_back=1, zones=(GATE,))
    camera.see(0, read_of("ZZ0123QQ", frame=7))
    (held,) = camera.passages.open
    assert (held.passage, held.text, held.reads, held.zone) == (None, "ZZ0123QQ", 1, "gate")
    assert camera.passages.frames_in_use() == {7}
    (new,) = camera.see(100, read_of("ZZ0123QQ", frame=8))
    (shown,) = camera.passages.open
    assert (shown.passage, shown.first_seen_at, shown.last_seen_at) == (
        new.passage,
        after(0),
        after(100),
    )
