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

from platewire.model import (
    Attribute,
    Box,
    CameraFacts,
    Direction,
    Event,
    Images,
    Kind,
    Site,
    Vehicle,
)
from platewire.testing.sample_events import odd_events, passage_events, picture
from platewire.wire import iso3166
from platewire.wire.numberok import json as numberok_json
from platewire.wire.numberok.fields import Attempt
from platewire.wire.numberok.json import AttachedPicture, Dialect, Profile
from platewire.wire.numberok.json_reader import PACKET_BYTES_MAX, PacketError, decode

SITE = Site(
    name="North gate",
    system_id=7,
    latitude=50.418114,
    longitude=30.476213,
    channels={"gate": 0},
    zones={"gate": ("exit", "entry")},
)
PROFILES: list[Profile] = ["numberok-1.0", "numberok-1.6", "axis"]
PLATE_TEXTS = ("plateText", "plateUnicode", "plateUTF8", "plateASCII")
NEW, UPDATED, LOST = passage_events()


def packet(event: Event, profile: Profile = "numberok-1.6", **more: Any) -> dict[str, Any]:
    counter = more.pop("packet_counter", 67)
    sent = {key: more.pop(key) for key in ("attached", "attempt") if key in more}
    dialect = Dialect(profile=profile, **more)
    body = numberok_json.encode(event, SITE, dialect, packet_counter=counter, **sent)
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
    shown = AttachedPicture("frame", b"jpeg")
    written = packet(UPDATED, additions=False, attached=[shown])
    assert list(written.items()) == [
        ("packetCounter", "67"),
        ("datetime", "20260102 030406778+0000"),
        ("plateText", "BÜ9042"),
        ("plateUTF8", "BÜ9042"),
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
    assert written["vehicle_info"] == {
        "view": "",
        "brand": "",
        "make": "",
        "model": "",
        "type": "",
        "color": "BLUE",
        "confidenceColor": "0.750000",
    }
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
    geotag, uris = written.pop("geotag"), written.pop("imagesURI", [])
    boxes = [written.pop(key, []) for key in ("plateCoordinates", "plateCoordinatesRelative")]
    assert all(type(edge) is int and edge >= 0 for box in boxes for edge in box)
    assert all(type(uri) is str for uri in uris)
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


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("unicode", ["47-KRB-9", "47 KRB 9", "47·KRB.9", "47KRB9"])
def test_no_form_of_the_plate_has_separators(profile: Profile, unicode: str) -> None:
    plate = structs.replace(NEW.plate, text="47KRB9", display="47-KRB-9", unicode=unicode)
    written = packet(structs.replace(NEW, plate=plate), profile)
    assert {value for key, value in written.items() if key in PLATE_TEXTS} == {"47KRB9"}


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


@pytest.mark.parametrize("profile", ["numberok-1.0", "numberok-1.6", "axis"])
@pytest.mark.parametrize("additions", [True, False])
def test_a_test_says_that_it_is_one_whatever_is_left_out(profile: Profile, additions: bool) -> None:
    tried = structs.replace(NEW, test=True)
    assert packet(tried, profile, additions=additions)["testMode"] == "Enabled"
    assert "testMode" not in packet(NEW, profile, additions=additions)


def test_additions_come_last_and_can_be_left_out() -> None:
    plain, more = list(packet(LOST, additions=False)), list(packet(LOST))
    assert more[: len(plain)] == plain
    assert more[len(plain) :] == [
        "lost_timestamp",
        "vehicle_info",
        "camera_info",
        "eventID",
        "passageID",
        "seq",
        "revision",
        "firstSeenMs",
        "lastSeenMs",
    ]


def test_a_test_and_a_replay_say_so() -> None:
    written = packet(structs.replace(NEW, test=True, replayed=True))
    assert (written["testMode"], written["replayed"]) == ("Enabled", "true")


@pytest.mark.parametrize("profile", PROFILES)
def test_attempt_has_age_and_redelivery(profile: Profile) -> None:
    written = packet(NEW, profile, attempt=Attempt(again=True, age_ms=1500))
    assert (written["ageMs"], written["redelivery"]) == ("1500", "true")
    assert (written["firstSeenMs"], written["lastSeenMs"]) == ("1767323046678", "1767323046678")
    assert not {"ageMs", "redelivery", "replayed"} & set(packet(NEW, profile))


# --- the camera ----------------------------------------------------------------------------------


def camera_info(facts: CameraFacts | None, **site: Any) -> dict[str, str]:
    cameras = {} if facts is None else {"gate": facts}
    at = structs.replace(SITE, cameras=cameras, **site)
    body = numberok_json.encode(NEW, at, Dialect(profile="axis"), packet_counter=1)
    info: dict[str, str] = json.loads(body)["camera_info"]
    return info


def test_a_camera_of_which_all_is_known() -> None:
    known = CameraFacts(
        serial_number="S1", mac_address="ac-cc-8e-00-00-01", ip_address="192.0.2.1", model="P1"
    )
    assert list(camera_info(known).items()) == [
        ("SerialNumber", "S1"),
        ("ProdShortName", "P1"),
        ("IPAddress", "192.0.2.1"),
        ("MACAddress", "ac-cc-8e-00-00-01"),
    ]


@pytest.mark.parametrize(
    ("facts", "serial", "mac"),
    [
        (CameraFacts(mac_address="ac:cc:8e:00:00:01"), "ACCC8E000001", "ac:cc:8e:00:00:01"),
        (CameraFacts(serial_number="ACCC8E000001"), "ACCC8E000001", "ACCC8E000001"),
    ],
)
def test_serial_number_and_mac_address_stand_for_each_other(
    facts: CameraFacts, serial: str, mac: str
) -> None:
    info = camera_info(facts)
    assert (info["SerialNumber"], info["MACAddress"]) == (serial, mac)


def test_generated_addresses_are_stable_and_unique() -> None:
    info = camera_info(None)
    assert info == {
        "SerialNumber": "02DA300A25CA",
        "ProdShortName": "platewire",
        "IPAddress": "",
        "MACAddress": "02DA300A25CA",
    }
    assert camera_info(CameraFacts(serial_number="S1"))["MACAddress"] == info["MACAddress"]
    others = [camera_info(None, name="South"), camera_info(None, system_id=8)]
    assert len({each["MACAddress"] for each in [info, *others]}) == 3


@pytest.mark.parametrize(("profile", "has"), [("numberok-1.0", False), ("numberok-1.6", True)])
def test_numberok_1_6_has_the_camera_among_the_additions(profile: Profile, has: bool) -> None:
    assert ("camera_info" in packet(NEW, profile)) is has
    assert "camera_info" not in packet(NEW, profile, additions=False)


# --- pictures ------------------------------------------------------------------------------------


def test_pictures_are_named_as_they_are_sent() -> None:
    shown = [AttachedPicture("vehicle", b"1"), AttachedPicture("plate", b"2")]
    written = packet(NEW, "axis", attached=shown)
    assert written["imageFile"] == "20260102030406_678roi_BU9042_0.jpg"
    assert written["imageFile2"] == "20260102030406_678lpup_BU9042_0.jpg"
    assert (written["imageType"], written["plateImageSize"]) == ("vehicle", "1")
    assert packet(NEW, "axis")["imageFile"] == ""


def test_pictures_can_be_fetched_the_plate_first() -> None:
    images = Images(plate=picture().image, vehicle=picture("vehicle", mark=1).image)
    written = packet(structs.replace(NEW, images=images), "axis")
    assert images.plate is not None
    assert images.vehicle is not None
    assert written["imagesURI"] == [images.plate.url, images.vehicle.url]


# --- names of files ------------------------------------------------------------------------------


@pytest.mark.parametrize(("shows", "mark"), [("plate", "lp"), ("vehicle", "roi"), ("frame", "")])
def test_file_names(shows: Any, mark: str) -> None:
    event = NEW.numbered(12, NEW.occurred_at)
    (name,) = numberok_json.picture_names(event, [AttachedPicture(shows, b"")])
    assert name == f"20260102030406_678{mark}_BU9042_12.jpg"
    assert numberok_json.file_name(event, "json") == "20260102030406_678_BU9042_12.json"


# --- reading what we write -----------------------------------------------------------------------

moments = st.floats(1e6, 7e9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
texts = st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=1, max_size=9)


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
    shown = AttachedPicture("plate", picture().jpeg)
    dialect = Dialect(profile="axis")
    body = numberok_json.encode(NEW, SITE, dialect, packet_counter=1, attached=[shown], embed=True)
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
