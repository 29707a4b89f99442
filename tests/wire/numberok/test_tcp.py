"""NumberOk packets: the published example byte for byte, and a decoder that nothing upsets."""

import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from platewire.model import Attribute, Box, Direction, Event, Kind, Site, Vehicle
from platewire.runtime.clock import milliseconds
from platewire.testing.sample_events import odd_events, passage_events
from platewire.wire.numberok import tcp as wire
from platewire.wire.numberok.fields import Attempt

SITE = Site(
    name="yard",
    system_id=1,
    latitude=0.0,
    longitude=0.0,
    channels={"front": 0, "back": 1, "gate": 2},
    zones={"gate": ("entry", "exit")},
)
EXAMPLE = (
    "SystemId=1|State=Detected|RuntimeID=4711|MovementType=Undetermined|uMovementType=0|"
    "FrameTimeStampMs=1714990330100|ProcessTimeMs=38|PlateNumber=ZZ0123QQ|RawPlateNumber=ZZ0123QQ|"
    "UnicodePlateNumber=005A005A003000310032003300510051|ZoneIndex=0|ChannelIndex=2|Checkpoint=0"
)


def example_event() -> Event:
    event = passage_events(1, text="ZZ0123QQ")[0]
    at = datetime(2024, 5, 6, 10, 12, 10, 100_000, tzinfo=UTC)
    return structs.replace(
        event,
        passage_number=4711,
        occurred_at=at,
        recorded_at=at + timedelta(milliseconds=38, microseconds=900),
        plate=structs.replace(event.plate, raw="ZZ0123QQ", unicode="ZZ0123QQ"),
    )


def plain_text(event: Event) -> bytes:
    return wire.event_text(event, SITE, class_and_type=False, additions=False)


def pairs_of(event: Event, site: Site = SITE, checkpoint: int = 0) -> dict[str, str]:
    return wire.read_event(wire.event_text(event, site, checkpoint=checkpoint)).pairs


def test_published_example_byte_for_byte() -> None:
    packet = wire.packet(plain_text(example_event()))
    assert packet[:16] == bytes.fromhex("21000000 0d010000 53797374656d4964")
    assert packet[8:] == EXAMPLE.replace("|", "\x05").encode() + b"\0\0"
    assert len(packet) == 8 + 269


def test_published_example_with_a_picture() -> None:
    packet = wire.packet(plain_text(example_event()), b"\xff" * 48_213)
    assert packet[:8] == bytes.fromhex("21000000 62bd0000")
    assert packet.endswith(b"Checkpoint=0\0\0" + b"\xff" * 48_213)


def test_subscription_is_a_bare_header() -> None:
    assert bytes.fromhex("1900000000000000") == wire.SUBSCRIPTION


def test_class_and_type_come_first() -> None:
    text = wire.event_text(example_event(), SITE)
    assert text.startswith(b"EventClass=Status\x05EventType=IAService.LPR\x05SystemId=1\x05")


@pytest.mark.parametrize(
    ("kind", "state"), [("new", "Detected"), ("updated", "Updated"), ("lost", "Lost")]
)
def test_state(kind: str, state: str) -> None:
    assert pairs_of(structs.replace(example_event(), kind=Kind(kind)))["State"] == state


@pytest.mark.parametrize(
    ("direction", "movement", "bit"),
    [("in", "In", "2"), ("out", "Out", "8"), ("unknown", "Undetermined", "0")],
)
def test_movement(direction: str, movement: str, bit: str) -> None:
    pairs = pairs_of(structs.replace(example_event(), direction=Direction(direction)))
    assert (pairs["MovementType"], pairs["uMovementType"]) == (movement, bit)


@pytest.mark.parametrize("unicode", ["BÜ9042", "BÜ 9042", "BÜ-90·42"])
def test_unicode_plate_number_is_upper_case_hex_of_utf_16_without_separators(unicode: str) -> None:
    event = example_event()
    event = structs.replace(event, plate=structs.replace(event.plate, unicode=unicode))
    assert pairs_of(event)["UnicodePlateNumber"] == "004200DC0039003000340032"


def test_a_plate_whose_letters_are_not_known_has_those_of_its_text() -> None:
    event = example_event()
    event = structs.replace(event, plate=structs.replace(event.plate, unicode=""))
    assert pairs_of(event)["UnicodePlateNumber"] == "005A005A003000310032003300510051"


def test_the_frame_of_a_lost_event_is_its_last_read() -> None:
    for event in passage_events(updates=2):
        told = event.last_seen_at if event.kind is Kind.LOST else event.occurred_at
        assert pairs_of(event)["FrameTimeStampMs"] == str(milliseconds(told))


def test_attempt_has_age_and_redelivery() -> None:
    event = structs.replace(passage_events()[2], replayed=True)
    attempt = Attempt(again=True, age_ms=1500)
    text = wire.event_text(event, SITE, attempt=attempt)
    assert list(wire.read_event(text).pairs.items())[-5:] == [
        ("FirstSeenMs", "1767323046678"),
        ("LastSeenMs", "1767323046878"),
        ("AgeMs", "1500"),
        ("Replayed", "true"),
        ("Redelivery", "true"),
    ]
    assert not {"AgeMs", "Replayed", "Redelivery"} & set(pairs_of(passage_events()[2]))


def test_test_mode_only_when_it_is_one() -> None:
    assert "TestMode" not in pairs_of(example_event())
    assert pairs_of(structs.replace(example_event(), test=True))["TestMode"] == "Enabled"


def test_place_by_index() -> None:
    pairs = pairs_of(structs.replace(example_event(), zone="exit"), checkpoint=3)
    assert (pairs["ZoneIndex"], pairs["ChannelIndex"], pairs["Checkpoint"]) == ("1", "2", "3")


def test_place_that_is_not_configured_is_left_out() -> None:
    pairs = pairs_of(structs.replace(example_event(), zone="gone", camera="gone"))
    assert "ZoneIndex" not in pairs
    assert "ChannelIndex" not in pairs
    assert pairs_of(structs.replace(example_event(), zone=None))["ZoneIndex"] == "0"


@pytest.mark.parametrize("seconds", [-1, 60, 86_400])
def test_process_time_says_nothing_of_a_recording(seconds: int) -> None:
    event = example_event()
    event = structs.replace(event, recorded_at=event.occurred_at + timedelta(seconds=seconds))
    assert pairs_of(event)["ProcessTimeMs"] == "0"


def test_additions_name_event_passage_and_vehicle() -> None:
    event = structs.replace(
        example_event(),
        seq=12,
        revision=3,
        vehicle=Vehicle(
            make=Attribute("Ford", 0.9),
            model=Attribute("Transit", 0.5),
            type=Attribute("van", 0.7),
            color=Attribute("white", 0.8),
        ),
        plate=structs.replace(example_event().plate, box=Box(420.4, 180.0, 156.0, 33.6)),
    )
    added = list(pairs_of(event).items())[-13:-2]
    assert added[1:] == [
        ("Seq", "12"),
        ("PassageId", str(event.passage)),
        ("Revision", "3"),
        ("Country", "DEU"),
        ("Confidence", "0.875000"),
        ("CarBrand", "Ford"),
        ("CarModel", "Transit"),
        ("CarType", "van"),
        ("CarColor", "white"),
        ("PlateRect", "420,180,156,34"),
    ]
    assert added[0] == ("EventId", str(event.id))


def test_what_is_not_known_is_not_sent() -> None:
    bare, strange = odd_events(5)
    assert not {"Country", "CarBrand", "CarColor"} & set(pairs_of(bare))
    assert pairs_of(strange)["Seq"] == "0"


@given(st.text(min_size=1, max_size=30))
def test_no_value_breaks_the_frame(value: str) -> None:
    event = example_event()
    plate = structs.replace(event.plate, text=value, raw=value, unicode=value)
    body = plain_text(structs.replace(event, plate=plate)) + b"picture \x05\0\0"
    received = wire.read_event(body)
    assert received.picture == b"picture \x05\0\0"
    assert list(received.pairs) == [pair.partition("=")[0] for pair in EXAMPLE.split("|")]
    expected = value.replace("\0", " ").replace("\x05", " ")
    assert received.pairs["RawPlateNumber"] == expected.encode("utf-8", "replace").decode()


def test_packet_has_a_limit() -> None:
    text = plain_text(example_event())
    room = wire.BODY_BYTES_MAX - len(text)
    assert len(wire.packet(text, bytes(room))) == 8 + wire.BODY_BYTES_MAX
    with pytest.raises(ValueError, match="has 1048577 bytes"):
        wire.packet(text, bytes(room + 1))


def test_receiver_tolerates_missing_terminator_values_and_pieces() -> None:
    received = wire.read_event(b"\x05State=Lost\x05\x05NoValue\x05Text=a=b")
    assert received == ({"State": "Lost", "NoValue": "", "Text": "a=b"}, b"")


# --- the decoder -------------------------------------------------------------------------------

packets = st.lists(
    st.tuples(st.sampled_from([wire.SUBSCRIBE, wire.EVENT, 0, 0xFFFFFFFF]), st.binary(max_size=60)),
    max_size=6,
)


def stream_of(sent: Sequence[tuple[int, bytes]]) -> bytes:
    return b"".join(struct.pack("<II", kind, len(body)) + body for kind, body in sent)


@given(packets, st.lists(st.integers(1, 40), max_size=30))
def test_any_chunks_give_the_wanted_packets(
    sent: list[tuple[int, bytes]], sizes: list[int]
) -> None:
    decoder = wire.Decoder(wire.EVENT)
    stream, found = stream_of(sent), []
    for size in sizes:
        found += decoder.feed(stream[:size])
        stream = stream[size:]
    found += decoder.feed(stream)
    assert found == [packet for packet in sent if packet[0] == wire.EVENT]


@given(packets)
def test_one_byte_at_a_time(sent: list[tuple[int, bytes]]) -> None:
    decoder = wire.Decoder(wire.EVENT, wire.SUBSCRIBE)
    found = [packet for byte in stream_of(sent) for packet in decoder.feed(bytes([byte]))]
    assert found == [packet for packet in sent if packet[0] in (wire.EVENT, wire.SUBSCRIBE)]


@given(st.binary(max_size=200))
def test_noise_gives_packets_or_a_framing_error(noise: bytes) -> None:
    decoder = wire.Decoder(wire.EVENT, body_bytes_max=64)
    try:
        found = decoder.feed(noise)
    except wire.FramingError:
        return
    assert all(packet.type == wire.EVENT and len(packet.body) <= 64 for packet in found)


def test_length_beyond_the_limit_is_refused_from_the_header_alone() -> None:
    decoder = wire.Decoder(wire.EVENT)
    header = struct.pack("<II", wire.EVENT, wire.BODY_BYTES_MAX + 1)
    with pytest.raises(wire.FramingError, match=r"0x21 announces 1048577 bytes"):
        decoder.feed(header)


def test_http_request_is_noise() -> None:
    with pytest.raises(wire.FramingError):
        wire.Decoder(wire.SUBSCRIBE).feed(b"GET / HTTP/1.1\r\nHost: gate\r\n\r\n")
