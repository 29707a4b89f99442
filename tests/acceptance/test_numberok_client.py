"""The third party itself: it takes the published packets, ours too, and complains where it may."""

import asyncio
import json
import struct
import urllib.error
import urllib.request

import pytest

from platewire.model import Event, Picture
from platewire.runtime.clock import SystemClock
from platewire.testing.sample_events import JPEG, passage_events
from platewire.wire.numberok import tcp as wire
from tests.acceptance.numberok_client import (
    HttpReceiver,
    Received,
    TcpReceiver,
    event_of_packet,
    event_of_request,
)
from tests.outputs.tcp.tcp_harness import World, running, until
from tests.outputs.tcp.test_numberok_tcp import build, picture, subscribed

PUBLISHED = (
    b"SystemId=1\x05State=Detected\x05RuntimeID=4711\x05MovementType=TryIn\x05uMovementType=1\x05"
    b"PlateNumber=B9042\x05UnicodePlateNumber=004200DC00200039003000340032\x05KPP=0\0\0"
)
MULTIPART = (
    b'--b0undary\r\nContent-Disposition: form-data; name="event"; filename="1.json"\r\n'
    b"Content-Type: application/json\r\n\r\n"
    b'{"datetime":"20240506 101210100+0000","plateText":"\\u005a\\u005a0123QQ","carState":"update",'
    b'"carMoveDirection":"unk","carID":"4711"}\r\n'
    b'--b0undary\r\nContent-Disposition: form-data; name="image"; filename="1lp.jpg"\r\n'
    b"Content-Type: image/jpeg\r\n\r\n" + JPEG + b"\r\n--b0undary--\r\n"
)


def test_published_packet() -> None:
    event = event_of_packet(PUBLISHED + JPEG)
    assert event is not None
    assert (event.state, event.vehicle, event.plate) == ("new", "4711", "BÜ9042")
    assert (event.direction, event.picture, event.complaints) == ("in", JPEG, [])


def test_alarm_board_is_no_recognition() -> None:
    assert event_of_packet(b"State=0110\x05ChannelIndex=All\x05DeviceId=7\0\0") is None


def test_published_multipart_request() -> None:
    event = event_of_request("multipart/form-data; boundary=b0undary", MULTIPART)
    assert (event.state, event.vehicle, event.plate) == ("updated", "4711", "ZZ0123QQ")
    assert (event.direction, event.picture, event.complaints) == ("unknown", JPEG, [])


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"State=New\0\0", "State New"),
        (b"State=Lost", "no 00 00"),
        (b"State=Lost\x05SystemId=x\0\0", "SystemId is no integer: x"),
        (b"State=Lost\x05MovementType=In\x05uMovementType=8\0\0", "MovementType In with 8"),
        (b"State=Lost\x05UnicodePlateNumber=00dc\0\0", "UnicodePlateNumber is not"),
        (b"State=Lost\x05Text=a\0\0", "a pair that was removed"),
        (b"State=Lost\0\0not a picture", "the picture is no JPEG"),
    ],
)
def test_complaints(body: bytes, complaint: str) -> None:
    event = event_of_packet(body)
    assert event is not None
    (only,) = event.complaints
    assert only.startswith(complaint)


async def tcp_receiver_gets(receiver: TcpReceiver, count: int) -> list[Received]:
    return list(await asyncio.to_thread(receiver.wait_for_count, count, 20.0))


async def test_our_tcp_server_gives_it_all_three_kinds_over_a_reconnect() -> None:
    world = World(SystemClock())
    kept: Picture = picture(JPEG)
    server = build(world)
    async with running(server):
        with TcpReceiver(*server.address) as receiver:
            await subscribed(server)
            await server.send(await world.passage(pictures=[kept]))
            await tcp_receiver_gets(receiver, 3)
            for client in server.listener.clients:
                client.transport.abort()
            await until(lambda: receiver.connections == 2)
            await subscribed(server)
            await server.send(await world.passage())
            events = await tcp_receiver_gets(receiver, 6)
    assert [event.state for event in events] == ["new", "updated", "lost"] * 2
    assert len({event.vehicle for event in events}) == 2
    assert [event.direction for event in events[:3]] == ["unknown", "in", "in"]
    assert [event.value("revision") for event in events[:3]] == ["0", "1", "2"]
    assert not any(event.complaints for event in events)


def test_it_is_not_upset_by_other_packets() -> None:
    unknown = struct.pack("<II", 0x77, 3) + b"abc"
    stream = iter([b"abc", PUBLISHED])
    receiver = TcpReceiver("127.0.0.1", 1)
    receiver._packet(unknown[:8], lambda _: next(stream))
    receiver._packet(struct.pack("<II", 0x21, len(PUBLISHED)), lambda _: next(stream))
    assert [event.plate for event in receiver.events] == ["BÜ9042"]
    with pytest.raises(ValueError, match="1048577"):
        receiver._packet(struct.pack("<II", 0x21, wire.BODY_BYTES_MAX + 1), lambda _: b"")


def post(url: str, body: bytes, content_type: str = "application/json") -> int:
    request = urllib.request.Request(url, body, {"Content-Type": content_type})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_http_receiver_keeps_what_it_answers_with_200() -> None:
    event: Event = passage_events(1)[0]
    plain = {
        "datetime": "20240506 101210100+0000",
        "plateText": "BÜ9042",
        "carState": "new",
        "carID": str(event.passage_number),
        "carMoveDirection": "in",
    }
    with HttpReceiver() as receiver:
        body = json.dumps(plain).encode()
        assert post(receiver.url, body) == 200
        assert post(receiver.url, MULTIPART, "multipart/form-data; boundary=b0undary") == 200
        assert post(receiver.url, b"nonsense") == 400
        receiver.answer = 503
        assert post(receiver.url, body) == 503
        events = receiver.wait_for_count(2, 5.0)
    assert [event.state for event in events] == ["new", "updated"]
    assert [event.plate for event in events] == ["BÜ9042", "ZZ0123QQ"]
    assert not any(event.complaints for event in events)
