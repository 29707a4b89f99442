"""Which read belongs to which vehicle, seen from outside: through whole passages."""

from platewire.model import Attribute, Read, Vehicle
from platewire.passage.settings import PassageSettings
from platewire.passage.tracking.tracker import distinct
from tests.passage.scene import Camera, after, read_of


def open_texts(camera: Camera) -> list[tuple[str, int]]:
    return [(passage.text, passage.reads) for passage in camera.passages.open]


def camera_with(**settings: object) -> Camera:
    return Camera(PassageSettings(**settings))  # type: ignore[arg-type]


def test_two_reads_of_one_frame_are_two_passages_even_with_the_same_text() -> None:
    camera = camera_with()
    for i in range(3):
        camera.see(100 * i, read_of("ZZ0123QQ", x=200), read_of("ZZ0123QQ", x=900))
    assert open_texts(camera) == [("ZZ0123QQ", 3), ("ZZ0123QQ", 3)]


def test_two_like_plates_side_by_side_stay_apart_when_read_by_turns() -> None:
    camera = camera_with()
    for i in range(10):
        text, x = ("ZZ0123QQ", 250) if i % 2 else ("ZZ0124QQ", 950)
        camera.see(100 * i, read_of(text, x=x))
    assert open_texts(camera) == [("ZZ0124QQ", 5), ("ZZ0123QQ", 5)]


def test_a_plate_misread_as_its_neighbors_stays_with_its_own_vehicle() -> None:
    camera = camera_with()
    camera.see(0, read_of("ZZ0123QQ", x=250), read_of("ZZ0124QQ", x=950))
    camera.see(100, read_of("ZZ0123QQ", x=250), read_of("ZZ0124QQ", x=950))
    camera.see(200, read_of("ZZ0124QQ", x=250))
    camera.see(300, read_of("ZZ0123QQ", x=250), read_of("ZZ0124QQ", x=950))
    assert open_texts(camera) == [("ZZ0123QQ", 4), ("ZZ0124QQ", 3)]


def test_two_like_plates_that_cross_each_other_keep_their_passages() -> None:
    camera = camera_with()
    for i in range(21):
        here, there = 200 + 40 * i, 1000 - 40 * i
        camera.see(100 * i, read_of("ZZ0123QQ", x=here, y=380), read_of("ZZ0125QQ", x=there, y=420))
    assert open_texts(camera) == [("ZZ0123QQ", 21), ("ZZ0125QQ", 21)]


def test_the_order_of_reads_in_a_frame_does_not_matter() -> None:
    camera = camera_with()
    for i in range(10):
        reads = [read_of("ZZ0123QQ", x=250), read_of("ZZ0124QQ", x=950)]
        camera.see(100 * i, *(reads if i % 2 else reversed(reads)))
    assert sorted(open_texts(camera)) == [("ZZ0123QQ", 10), ("ZZ0124QQ", 10)]


def test_the_same_text_elsewhere_is_the_same_fast_vehicle() -> None:
    camera = camera_with()
    camera.see(0, read_of("ZZ0123QQ", x=100))
    camera.see(1000, read_of("ZZ0123QQ", x=1200))
    assert open_texts(camera) == [("ZZ0123QQ", 2)]


def test_a_like_text_where_the_vehicle_cannot_be_is_another() -> None:
    camera = camera_with()
    for i in range(5):
        camera.see(40 * i, read_of("ZZ0123QQ", x=100))
    camera.see(200, read_of("ZZ0124QQ", x=1200))
    assert open_texts(camera) == [("ZZ0123QQ", 5), ("ZZ0124QQ", 1)]


def test_a_like_text_far_from_where_a_vehicle_was_hidden_is_another() -> None:
    camera = camera_with()
    for i in range(5):
        camera.see(100 * i, read_of("ZZ0123QQ", x=100, width=60))
    camera.see(4400, read_of("ZZ0124QQ", x=1200, width=60))
    camera.see(4500, read_of("ZZ0128QQ", x=400, width=60))
    assert open_texts(camera) == [("ZZ0123QQ", 6), ("ZZ0124QQ", 1)]


def test_a_like_text_where_a_fast_vehicle_must_be_by_now_is_the_same() -> None:
    camera = camera_with()
    for i in range(5):
        camera.see(100 * i, read_of("ZZ0123QQ", x=100 + 80 * i, width=50))
    camera.see(1000, read_of("ZZ0128QQ", x=900, width=50))
    assert open_texts(camera) == [("ZZ0123QQ", 6)]


def test_a_like_text_of_another_size_is_another() -> None:
    camera = camera_with()
    camera.see(0, read_of("ZZ0123QQ", width=240))
    camera.see(100, read_of("ZZ0124QQ", width=60))
    assert len(open_texts(camera)) == 2


def test_another_text_directly_behind_is_another_vehicle() -> None:
    camera = camera_with()
    for i in range(10):
        camera.see(100 * i, read_of("ZZ0123QQ", y=300 + 10 * i))
    for i in range(10, 20):
        camera.see(100 * i, read_of("AA9876BB", y=300 + 10 * i))
    assert camera.story == [("new", "ZZ0123QQ"), ("new", "AA9876BB")]
    assert open_texts(camera) == [("ZZ0123QQ", 10), ("AA9876BB", 10)]


def test_one_badly_misread_frame_makes_no_passage() -> None:
    camera = camera_with(hold_back=1, unconfirmed="lost")
    texts = ["ZZ0123QQ"] * 5 + ["7Z0I88OQ"] + ["ZZ0123QQ"] * 5
    camera.watch(read_of(text, 100 * i) for i, text in enumerate(texts))
    camera.pause(20_000)
    assert camera.story == [("new", "ZZ0123QQ"), ("lost", "ZZ0123QQ")]


def test_a_misreading_among_few_reads_makes_no_passage() -> None:
    camera = camera_with(hold_back=5, unconfirmed="lost")
    texts = ["ZZ0123QQ", "7Z0I88OQ", "ZZ0123QQ"]
    camera.watch(read_of(text, 100 * i) for i, text in enumerate(texts))
    camera.end()
    assert camera.story == [("new", "ZZ0123QQ"), ("lost", "ZZ0123QQ")]


def test_the_same_misreading_now_and_then_makes_no_passage() -> None:
    camera = camera_with()
    texts = (["ZZ0123QQ"] * 4 + ["7Z0I88OQ"]) * 6
    camera.watch(read_of(text, 100 * i) for i, text in enumerate(texts))
    camera.pause(20_000)
    assert camera.story == [("new", "ZZ0123QQ"), ("lost", "ZZ0123QQ")]


def test_the_same_misreading_a_few_times_running_makes_no_passage() -> None:
    camera = camera_with()
    texts = ["62PBVT"] * 5 + ["162PEVI"] * 4 + ["62PBVT"] * 5
    camera.watch(read_of(text, 100 * i) for i, text in enumerate(texts))
    camera.end()
    assert camera.story == [("new", "62PBVT"), ("lost", "62PBVT")]


def test_a_vehicle_behind_with_half_of_the_characters_needs_a_few_more_reads() -> None:
    camera = camera_with()
    camera.watch(read_of("62PBVT", 100 * i) for i in range(5))
    camera.watch(read_of("62KXST", 500 + 100 * i) for i in range(4))
    assert camera.story == [("new", "62PBVT")]
    camera.watch([read_of("62KXST", 900)])
    assert camera.story == [("new", "62PBVT"), ("new", "62KXST")]


FAR, NEAR = "AA6827", "AX4827HK"


def test_a_shown_text_that_was_half_wrong_is_corrected_and_makes_no_second_passage() -> None:
    camera = camera_with(direction_in=90.0)
    yellow, fast = Vehicle(color=Attribute("yellow", 0.9)), 20
    camera.watch(
        read_of(FAR, 100 * i, y=300 + fast * i, confidence=0.6, vehicle=yellow) for i in range(2)
    )
    camera.watch(read_of(NEAR, 100 * i, y=300 + fast * i) for i in range(3, 9))
    camera.end()
    assert camera.story == [("new", FAR), ("updated", NEAR), ("lost", NEAR)]
    _, corrected, lost = camera.changes
    assert corrected.changed == ("plate.text", "plate.display", "direction", "images")
    assert corrected.last_seen_at == after(600)
    assert (lost.reads, lost.first_seen_at, lost.direction) == (8, after(0), "in")
    assert lost.vehicle == yellow, "what the first reads said of the vehicle is kept"


def test_a_shown_text_that_has_as_many_votes_is_not_corrected() -> None:
    camera = camera_with()
    camera.watch(read_of(FAR, 100 * i) for i in range(4))
    camera.watch(read_of(NEAR, 400 + 100 * i) for i in range(6))
    assert camera.story == [("new", FAR), ("new", NEAR)]


def test_a_shown_text_that_is_read_again_is_not_corrected() -> None:
    camera = camera_with()
    texts = [FAR, FAR, NEAR, NEAR, NEAR, FAR, NEAR, NEAR, NEAR, NEAR]
    camera.watch(read_of(text, 100 * i) for i, text in enumerate(texts))
    camera.end()
    assert ("updated", NEAR) not in camera.story


def test_a_shown_text_is_not_corrected_while_another_vehicle_has_that_text() -> None:
    """Two vehicles in one picture, the first of which was read where the second then came up."""
    camera = camera_with()
    camera.watch(read_of(FAR, 100 * i) for i in range(2))
    for i in range(2, 8):
        camera.see(100 * i, read_of(NEAR, x=600), read_of(FAR, x=630 + 60 * i))
    assert camera.story == [("new", FAR), ("new", NEAR)]


def test_a_first_read_that_was_all_wrong_makes_no_passage() -> None:
    camera = camera_with(unconfirmed="lost")
    texts = ["7Z0I88OQ"] + ["ZZ0123QQ"] * 5
    camera.watch(read_of(text, 100 * i) for i, text in enumerate(texts))
    camera.pause(20_000)
    assert camera.story == [("new", "ZZ0123QQ"), ("lost", "ZZ0123QQ")]


def test_a_half_hidden_plate_belongs_to_the_whole_one() -> None:
    camera = camera_with(hold_back=0)
    reads: list[Read] = [read_of("ZZ0123QQ", 100 * i) for i in range(3)]
    reads += [read_of("ZZ01", 300 + 100 * i, x=575, width=50) for i in range(8)]
    reads += [read_of("23QQ", 1100, x=625, width=50), read_of("ZZ0123QQ", 1200)]
    camera.watch(reads)
    assert camera.story == [("new", "ZZ0123QQ")]
    assert open_texts(camera) == [("ZZ0123QQ", 4)], "a piece of a plate is no read of it"


def test_a_plate_that_comes_into_view_piece_by_piece_is_one_passage() -> None:
    camera = camera_with()
    reads = [read_of("ZZ01", 100 * i, x=575, width=50) for i in range(4)]
    reads += [read_of("ZZ0123QQ", 400 + 100 * i) for i in range(5)]
    camera.watch(reads)
    camera.end()
    assert camera.story == [("new", "ZZ01"), ("updated", "ZZ0123QQ"), ("lost", "ZZ0123QQ")]


def test_a_piece_of_a_plate_elsewhere_is_another_vehicle() -> None:
    camera = camera_with()
    camera.see(0, read_of("ZZ0123QQ", x=200))
    camera.see(100, read_of("ZZ01", x=1000, width=50))
    assert len(open_texts(camera)) == 2


def test_a_half_hidden_plate_keeps_the_passage_open() -> None:
    camera = camera_with()
    camera.watch(read_of("ZZ0123QQ", 100 * i) for i in range(3))
    camera.watch(read_of("ZZ01", 1000 * i, x=575, width=50) for i in range(1, 12))
    camera.watch([read_of("ZZ0123QQ", 12_000)])
    assert camera.story == [("new", "ZZ0123QQ")]


def test_reads_without_a_place_are_joined_by_their_text() -> None:
    """Cameras that read plates themselves may tell no box."""
    camera = camera_with()
    for i in range(3):
        camera.see(100 * i, read_of("ZZ0123QQ", x=0, y=0, width=0))
        camera.see(100 * i + 50, read_of("AA9876BB", x=0, y=0, width=0))
    camera.see(400, read_of("ZZ0124QQ", x=0, y=0, width=0))
    assert open_texts(camera) == [("ZZ0123QQ", 4), ("AA9876BB", 3)]


def test_of_two_reads_of_one_plate_the_surer_counts() -> None:
    sure, unsure = read_of("ZZ0123QQ", confidence=0.9), read_of("ZZ0128QQ", x=605, confidence=0.6)
    apart = read_of("AA9876BB", x=900)
    assert distinct([unsure, apart, sure]) == [apart, sure]
