"""NumberOk's JSON: what is written, field by field, and what the reader accepts from others."""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from platewire.model import Attribute, Box, Direction, Event, Kind, Site, Vehicle
from platewire.testing.sample_events import odd_events, passage_events, picture
from platewire.wire import iso3166, numberok_json
from platewire.wire.numberok_json import Dialect, Profile, Shown
from platewire.wire.numberok_json_reader import PACKET_BYTES_MAX, PacketError, decode

SITE = Site(
    name="North gate",
    system_id=7,
    latitude=50.418114,
    longitude=30.476213,
    channels={"gate": 0},
    zones={"gate": ("exit", "entry")},
)
PROFILES: list[Profile] = ["numberok-1.0", "numberok-1.6", "axis"]
NEW, UPDATED, LOST = passage_events()


def packet(event: Event, profile: Profile = "numberok-1.6", **more: Any) -> dict[str, Any]:
    counter = more.pop("packet_counter", 67)
    shown = more.pop("picture", None)
    dialect = Dialect(profile=profile, **more)
    body = numberok_json.encode(event, SITE, dialect, packet_counter=counter, picture=shown)
    written: dict[str, Any] = json.loads(body)
    return written


# --- writing -------------------------------------------------------------------------------------


def test_a_packet_of_version_1_0() -> None:
    written = packet(NEW, "numberok-1.0", additions=False, sensor_id="gate-1")
    assert list(written.items()) == [
        ("packetCounter", "67"),
        ("datetime", "20260102 030406678+0000"),
        ("plateText", "BÜ9042"),
        ("plateCountry", "DEU"),
        ("plateConfidence", "0.875000"),
        ("carState", "new"),
        ("geotag", {"lat": 50.418114, "lon": 30.476213}),
        ("imageType", "plate"),
        ("plateImageType", "jpeg"),
        ("plateImageSize", "0"),
        ("carMoveDirection", "unknown"),
        ("timeProcessing", "0"),
        ("plateCoordinates", [420, 180, 156, 34]),
        ("carID", "1767323045000001"),
        ("sensorProviderID", "gate-1"),
    ]


def test_a_packet_of_version_1_6() -> None:
    shown = Shown("frame", b"jpeg")
    written = packet(UPDATED, additions=False, picture=shown)
    assert list(written.items()) == [
        ("packetCounter", "67"),
        ("datetime", "20260102 030406778+0000"),
        ("plateText", "BÜ9042"),
        ("plateUTF8", "BU 9042"),
        ("plateUnicode", "BÜ9042"),
        ("plateASCII", "BU9042"),
        ("plateCountry", "DEU"),
        ("plateConfidence", "0.875000"),
        ("carState", "updated"),
        ("roiID", "2"),
        ("geotag", {"lat": 50.418114, "lon": 30.476213}),
        ("imageType", "frame"),
        ("plateImageType", "jpeg"),
        ("plateImageSize", "4"),
        ("carMoveDirection", "in"),
        ("timeProcessing", "0"),
        ("plateCoordinates", [420, 180, 156, 34]),
        ("carID", "1767323045000001"),
        ("sensorProviderID", "gate"),
        ("frame_timestamp", "1767323046778000"),
        ("capture_timestamp", "1767323046778"),
        ("capture_ts", "1767323046778000000"),
    ]


def test_a_packet_of_the_axis_family() -> None:
    written = packet(UPDATED, "axis")
    assert written["carState"] == "update"
    assert written["plateList"] == "staff"
    assert written["plateListMode"] == "allow"
    assert written["vehicle_info"] == {"color": "BLUE", "confidenceColor": "0.750000"}
    assert written["GEOtarget"] == "North gate"
    assert list(written)[:6] == [
        "packetCounter",
        "capture_timestamp",
        "frame_timestamp",
        "capture_ts",
        "datetime",
        "plateText",
    ]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("event", [NEW, UPDATED, LOST, *odd_events(4)])
def test_all_scalars_are_strings(profile: Profile, event: Event) -> None:
    written = packet(event, profile)
    geotag, box = written.pop("geotag"), written.pop("plateCoordinates")
    assert all(type(edge) is int and edge >= 0 for edge in box)
    assert all(type(degrees) is float for degrees in geotag.values())
    for value in written.values():
        for scalar in value.values() if isinstance(value, dict) else [value]:
            assert isinstance(scalar, str)


def test_typed_numbers() -> None:
    written = packet(UPDATED, typed_numbers=True)
    assert written["packetCounter"] == 67
    assert written["plateConfidence"] == 0.875
    assert written["carID"] == 1767323045000001
    assert written["roiID"] == 2
    assert written["capture_timestamp"] == 1767323046778
    assert written["plateText"] == "BÜ9042"


@pytest.mark.parametrize("profile", PROFILES)
def test_a_lost_packet_repeats_the_time_of_the_new_one(profile: Profile) -> None:
    new, lost = packet(NEW, profile), packet(LOST, profile)
    assert new["datetime"] == lost["datetime"]
    assert new.get("capture_timestamp") == lost.get("capture_timestamp")
    assert lost["lost_timestamp"] == "1767323046878"
    assert "lost_timestamp" not in new
    assert lost.get("frame_timestamp", "0") == "0"


def test_an_event_of_one_passage_has_one_car_id() -> None:
    assert len({packet(event)["carID"] for event in (NEW, UPDATED, LOST)}) == 1


def test_local_time_has_no_offset() -> None:
    zone = ZoneInfo("Europe/Berlin")
    assert packet(NEW, time_zone=zone)["datetime"] == "20260102 040406678"
    assert packet(NEW, time_zone=zone)["capture_timestamp"] == "1767323046678"


@pytest.mark.parametrize(("zone", "number"), [("exit", "1"), ("entry", "2"), (None, "1")])
def test_zones_count_from_one(zone: str | None, number: str) -> None:
    assert packet(structs.replace(NEW, zone=zone))["roiID"] == number


def test_a_zone_that_is_not_configured_any_more_is_left_out() -> None:
    assert "roiID" not in packet(structs.replace(NEW, zone="elsewhere"))


def test_an_unknown_country_is_empty() -> None:
    plate = structs.replace(NEW.plate, country=None)
    assert packet(structs.replace(NEW, plate=plate))["plateCountry"] == ""


@pytest.mark.parametrize(
    ("after_ms", "shown"), [(None, "0"), (38, "38"), (-5, "0"), (86_400_000, "0")]
)
def test_processing_time_where_it_says_something(after_ms: int | None, shown: str) -> None:
    event = NEW
    if after_ms is not None:
        event = event.numbered(1, event.occurred_at + timedelta(milliseconds=after_ms))
    assert packet(event)["timeProcessing"] == shown


def test_the_sensor_is_the_camera_unless_set() -> None:
    assert packet(NEW)["sensorProviderID"] == "gate"
    assert packet(NEW, sensor_id="site-1/{camera}")["sensorProviderID"] == "site-1/gate"


def test_additions_come_last_and_can_be_left_out() -> None:
    plain, more = list(packet(LOST, additions=False)), list(packet(LOST))
    assert more[: len(plain)] == plain
    added = ["lost_timestamp", "vehicle_info", "eventID", "passageID", "seq", "revision"]
    assert more[len(plain) :] == added


def test_a_test_and_a_replay_say_so() -> None:
    written = packet(structs.replace(NEW, test=True, replayed=True))
    assert (written["testMode"], written["replayed"]) == ("Enabled", "true")


@pytest.mark.parametrize(("shows", "mark"), [("plate", "lp"), ("vehicle", "roi"), ("frame", "")])
def test_file_names(shows: Any, mark: str) -> None:
    event = NEW.numbered(12, NEW.occurred_at)
    name = numberok_json.file_name(event, "jpg", shows=shows)
    assert name == f"20260102030406_678{mark}_BU9042_12.jpg"
    assert numberok_json.file_name(event, "json") == "20260102030406_678_BU9042_12.json"


# --- reading what we write -----------------------------------------------------------------------

moments = st.floats(1e6, 7e9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=1, max_size=9)


@st.composite
def any_event(draw: st.DrawFn) -> Event:
    first = draw(moments)
    plate = structs.replace(
        NEW.plate,
        unicode=draw(texts),
        country=draw(st.none() | st.sampled_from(sorted(iso3166.ALPHA3))),
        confidence=draw(st.floats(0, 1)),
        box=Box(*draw(st.tuples(*[st.integers(0, 9999)] * 4))),
    )
    return structs.replace(
        NEW,
        kind=draw(st.sampled_from(Kind)),
        direction=draw(st.sampled_from(Direction)),
        passage_number=draw(st.integers(1, 2**63 - 1)),
        zone=draw(st.sampled_from([None, "exit", "entry"])),
        plate=plate,
        first_seen_at=first,
        occurred_at=first + timedelta(seconds=draw(st.integers(0, 99))),
        last_seen_at=first + timedelta(seconds=draw(st.integers(0, 99))),
    )


@settings(max_examples=60)
@given(any_event(), st.sampled_from(PROFILES), st.booleans(), st.integers(1, 2**32), st.randoms())
def test_what_is_written_is_read(
    event: Event, profile: Profile, typed: bool, counter: int, order: random.Random
) -> None:
    written = packet(event, profile, typed_numbers=typed, packet_counter=counter)
    pairs = [(_shouted(key, order), value) for key, value in written.items()]
    order.shuffle(pairs)
    read = decode(json.dumps(dict(pairs), ensure_ascii=order.random() < 0.5).encode())
    at = event.occurred_at if event.kind is Kind.UPDATED else event.first_seen_at
    assert read.state is event.kind
    assert read.plate == event.plate.unicode
    assert read.country == event.plate.country
    assert read.confidence == pytest.approx(event.plate.confidence, abs=1e-6)
    assert read.direction is event.direction
    assert read.captured_at == at.replace(microsecond=at.microsecond // 1000 * 1000)
    assert read.car_id == event.passage_number
    assert read.box == event.plate.box
    assert read.packet_counter == counter
    assert read.sensor_id == "gate"
    assert (read.latitude, read.longitude) == (SITE.latitude, SITE.longitude)
    assert (read.left_at is not None) == (event.kind is Kind.LOST)
    if profile != "numberok-1.0":
        assert read.zone == (2 if event.zone == "entry" else 1)


def test_a_plate_may_be_the_word_null() -> None:
    plate = structs.replace(NEW.plate, text="NULL", display="NULL", unicode="NULL")
    written = packet(structs.replace(NEW, plate=plate), "numberok-1.6")
    assert decode(json.dumps(written).encode()).plate == "NULL"


def _shouted(key: str, order: random.Random) -> str:
    return "".join(order.choice((letter.lower(), letter.upper())) for letter in key)


def test_vehicles_are_read_back() -> None:
    vehicle = Vehicle(
        make=Attribute("Skoda", 0.5), model=Attribute("Octavia", 0.5), color=Attribute("red", 0.25)
    )
    written = packet(structs.replace(NEW, vehicle=vehicle), "axis")
    assert decode(json.dumps(written).encode()).vehicle == vehicle


def test_an_embedded_picture_is_read_back() -> None:
    shown = Shown("plate", picture().jpeg)
    dialect = Dialect(profile="axis")
    body = numberok_json.encode(NEW, SITE, dialect, packet_counter=1, picture=shown, embed=True)
    assert decode(body).images == (picture().jpeg,)


# --- reading what others write -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("new", Kind.NEW),
        ("NEW", Kind.NEW),
        ("update", Kind.UPDATED),
        ("updated", Kind.UPDATED),
        ("lost", Kind.LOST),
        ("reliable", None),
        ("", None),
        (None, None),
        (3, None),
    ],
)
def test_states(said: object, state: Kind | None) -> None:
    read = decode(json.dumps({"carState": said, "new_key": [1]}).encode())
    assert read.state is state
    assert read.raw == {"carstate": said, "new_key": [1]}


@pytest.mark.parametrize("said", ["unk", "unknown", "null", None, "", "up", 0])
def test_unknown_directions(said: object) -> None:
    assert decode(json.dumps({"carMoveDirection": said}).encode()).direction is Direction.UNKNOWN


@pytest.mark.parametrize(
    ("said", "country"),
    [("UKR", "UA"), ("ukr", "UA"), ("DE", "DE"), ("XX", None), ("", None), ("null", None)],
)
def test_countries(said: str, country: str | None) -> None:
    assert decode(json.dumps({"plateCountry": said}).encode()).country == country


@pytest.mark.parametrize(
    ("said", "share"),
    [("0.808824", 0.808824), (0.5, 0.5), ("80", 0.8), (100, 1.0), ("1", 1.0)],
)
def test_confidences_as_fraction_or_percent(said: object, share: float | None) -> None:
    assert decode(json.dumps({"plateConfidence": said}).encode()).confidence == share


@pytest.mark.parametrize("said", [-1, "much", None, True, "nan", "1e999", [0.5]])
def test_confidences_that_are_none(said: object) -> None:
    assert decode(json.dumps({"plateConfidence": said}).encode()).confidence is None


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("20240506 101210100+0000", "2024-05-06T10:12:10.100Z"),
        ("20240506 121210100 +0200", "2024-05-06T10:12:10.100Z"),
        ("20240506 061210100-04:00", "2024-05-06T10:12:10.100Z"),
        ("20240506 131210100", "2024-05-06T10:12:10.100Z"),
        ("20241306 101210100", None),
        ("00010101 000000000", None),
        ("20240506 101210100+9900", None),
        ("yesterday", None),
    ],
)
def test_datetimes_with_and_without_offset(said: str, at: str | None) -> None:
    read = decode(json.dumps({"Datetime": said}).encode(), naive_zone=ZoneInfo("Europe/Kyiv"))
    assert read.captured_at == (datetime.fromisoformat(at) if at else None)


def test_the_timestamp_is_preferred_to_the_datetime() -> None:
    both = {"datetime": "20240506 131210100", "capture_timestamp": 1714990330400}
    read = decode(json.dumps(both).encode())
    assert read.captured_at == datetime(2024, 5, 6, 10, 12, 10, 400_000, tzinfo=UTC)


@pytest.mark.parametrize("said", ["", "1.5", "-", None, [], "9" * 30, 10**30, -5])
def test_times_and_numbers_that_are_none(said: object) -> None:
    read = decode(json.dumps({"capture_timestamp": said, "roiID": said}).encode())
    assert read.captured_at is None


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"5", b'"x"', b"{", b"\xff\xfe", b"{'carState':'new'}", b"[" * 100_000],
)
def test_what_is_no_packet(body: bytes) -> None:
    with pytest.raises(PacketError):
        decode(body)


def test_a_packet_that_is_too_large() -> None:
    with pytest.raises(PacketError, match="at most"):
        decode(b" " * (PACKET_BYTES_MAX + 1))


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
KEYS = (
    "carState plateText plateCountry plateConfidence carMoveDirection capture_timestamp datetime "
    "lost_timestamp carID roiID packetCounter sensorProviderID plateCoordinates vehicle_info "
    "geotag imageType ImageArray"
)


@given(st.dictionaries(st.sampled_from(KEYS.split()), json_values))
def test_any_values_under_the_known_keys_are_survived(raw: dict[str, object]) -> None:
    decode(json.dumps(raw).encode())


def test_the_country_table() -> None:
    assert len(iso3166.ALPHA3) == len(iso3166.ALPHA2) == 250
    assert all(len(two) == 2 and len(three) == 3 for two, three in iso3166.ALPHA3.items())
    assert iso3166.alpha3("de") == "DEU"
    assert iso3166.alpha3(None) == iso3166.alpha3("ZZ") == ""
