"""Frames go to a real HTTP server in Snapshot's form; its answers, good and bad, come back."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from platewire.errors import ConfigError, PictureError, Unavailable
from platewire.model import Attribute, Frame
from platewire.recognition.engines.remote import Remote, RemoteSettings
from platewire.recognition.refused import Reason
from platewire.testing.check_engine import check_engine
from platewire.testing.clock import FakeClock
from tests.recognition.drawing import NOW, frame_of, scene_with, wall
from tests.recognition.engines.snapshot_server import TOKEN, SnapshotServer, result, running


@pytest.fixture
def server() -> Iterator[SnapshotServer]:
    with running() as server:
        yield server


@pytest.fixture
def secret(tmp_path: Path) -> str:
    path = tmp_path / "token"
    path.write_text(TOKEN + "\n")
    return f"file:{path}"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def engine(server: SnapshotServer, secret: str, clock: FakeClock) -> Iterator[Remote]:
    made = Remote(RemoteSettings(url=server.url, token=secret), clock)
    yield made
    made.close()


PLATE = scene_with("PL8 REC")


def test_it_keeps_what_engines_promise(server: SnapshotServer, secret: str) -> None:
    check_engine(RemoteSettings(url=server.url, token=secret).build(), PLATE)


def test_a_result_becomes_a_read(engine: Remote) -> None:
    (read,) = engine.read(PLATE)
    assert (read.text, read.country, read.region, read.confidence) == ("PL8REC", "US", "CA", 0.902)
    assert [(one.text, one.confidence) for one in read.candidates] == [("PLBREC", 0.758)]
    assert read.box == (200, 230, 240, 60)
    assert read.vehicle.type == Attribute("car", 0.709)
    assert read.vehicle.box == (100, 71, 490, 302)
    assert read.quality is not None
    assert (read.quality.width, read.quality.height) == (240, 60)


def test_the_request_is_the_documented_one(server: SnapshotServer, secret: str) -> None:
    config = RemoteSettings(url=server.url, token=secret, countries=("NL", "DE"), vehicle=True)
    engine = config.build()
    engine.read(Frame("gate ö", 3, NOW, PLATE.pixels))
    engine.close()
    (posted,) = server.posted
    assert posted.fields == [
        ("regions", "nl"),
        ("regions", "de"),
        ("camera_id", "gate ö"),
        ("timestamp", "2026-01-02T03:04:05Z"),
        ("mmc", "true"),
    ]
    assert posted.filename == "frame.jpg"
    assert posted.pixels.shape == PLATE.pixels.shape


def test_a_large_frame_is_scaled_down_and_its_boxes_back(
    server: SnapshotServer, secret: str
) -> None:
    engine = RemoteSettings(url=server.url, token=secret, longest_side=640).build()
    large = np.asarray(np.kron(PLATE.pixels, np.ones((2, 2, 1), np.uint8)), np.uint8)
    (read,) = engine.read(frame_of(large))
    engine.close()
    assert server.posted[0].pixels.shape == (480, 640, 3)
    assert read.box == (400, 460, 480, 120)


def test_unsure_reads_are_refused(engine: Remote, server: SnapshotServer) -> None:
    server.results = [result("ab12cde"), result("zz99", score=0.3)]
    found = engine.examine(PLATE)
    assert [read.text for read in found.reads] == ["AB12CDE"]
    assert [(one.reason, one.text) for one in found.refused] == [(Reason.UNSURE, "ZZ99")]


@pytest.mark.parametrize(
    "odd",
    [
        {"plate": None},
        {"plate": "---"},
        {"box": None},
    ],
)
def test_results_without_a_plate_are_left_out(
    engine: Remote, server: SnapshotServer, odd: dict[str, Any]
) -> None:
    server.results = [result(**odd), result("ab12cde", region=None, candidates=[], vehicle=None)]
    (read,) = engine.read(PLATE)
    assert (read.text, read.country, read.candidates) == ("AB12CDE", None, ())


def test_what_the_service_does_not_know_is_null(engine: Remote, server: SnapshotServer) -> None:
    """Values of a real answer: a generic make, a guess of a color."""
    server.results = [
        result(
            "mw818wm",
            vehicle={"score": 0.414, "type": "Unknown"},
            model_make=[{"make": "generic", "model": "Invalid", "score": 0.761}],
            color=[{"color": "black", "score": 0.426}],
            region={"code": "fr", "score": 0.816},
        )
    ]
    (read,) = engine.read(PLATE)
    vehicle = read.vehicle
    assert (vehicle.make, vehicle.model, vehicle.type, vehicle.color) == (None,) * 4
    assert (read.country, read.region, read.display) == ("FR", None, "MW-818-WM")


def test_boxes_that_leave_the_frame_are_cut_off(engine: Remote, server: SnapshotServer) -> None:
    server.results = [result(box={"xmin": -20, "ymin": 470, "xmax": 900, "ymax": 999})]
    (read,) = engine.read(PLATE)
    assert read.box == (0, 470, 640, 10)


def test_a_short_pause_that_it_asks_for_is_waited_for_once(
    server: SnapshotServer, secret: str
) -> None:
    server.answers = [(429, {"Retry-After": "0"}, b'{"detail":"throttled"}')]
    engine = RemoteSettings(url=server.url, token=secret).build()
    assert engine.read(PLATE)
    engine.close()
    assert len(server.posted) == 2


async def test_a_long_pause_is_kept_and_calls_in_it_fail_at_once(
    engine: Remote, server: SnapshotServer, clock: FakeClock
) -> None:
    server.answers = [(429, {"Retry-After": "30"}, b'{"detail":"Request was throttled."}')]
    with pytest.raises(Unavailable, match=r"429: .*throttled.* next attempt in 30 s"):
        engine.read(PLATE)
    await clock.advance(29)
    with pytest.raises(Unavailable, match="next attempt in 1 s"):
        engine.read(PLATE)
    assert server.asked == 1
    await clock.advance(2)
    assert engine.read(PLATE)


async def test_pauses_grow_while_it_fails_and_end_when_it_answers(
    engine: Remote, server: SnapshotServer, clock: FakeClock
) -> None:
    server.answers = [(502, {}, b"bad gateway")] * 4
    for failures in range(1, 5):
        with pytest.raises(Unavailable, match="responded 502: bad gateway"):
            engine.read(PLATE)
        with pytest.raises(Unavailable, match=f"failed {failures} times"):
            engine.read(PLATE)
        await clock.advance(2.0**failures)
    assert engine.read(PLATE)
    server.answers = [(500, {}, b"")]
    with pytest.raises(Unavailable, match=r"responded 500: nothing; next attempt in [01] s"):
        engine.read(PLATE)


def test_a_token_that_is_not_accepted_is_said(engine: Remote, server: SnapshotServer) -> None:
    server.accepts_token = False
    with pytest.raises(ConfigError, match=r"Invalid token.*check `recognition.token`"):
        engine.check()
    with pytest.raises(Unavailable, match=r"403: .*Invalid token.*check `recognition.token`"):
        engine.read(PLATE)


def test_check_reaches_it_without_a_picture(engine: Remote, server: SnapshotServer) -> None:
    assert engine.check() == f"connected to {server.url}"
    assert server.posted == []


def test_a_picture_that_it_refuses_is_the_pictures_fault(
    engine: Remote, server: SnapshotServer
) -> None:
    server.answers = [(413, {}, b"Request Entity Too Large")]
    with pytest.raises(PictureError, match="rejected the image with 413: Request Entity"):
        engine.read(PLATE)
    assert engine.read(PLATE)


@pytest.mark.parametrize("body", [b"<html>It works!</html>", b'{"plates": []}', b"", b"[1, 2]"])
def test_an_answer_of_another_service_is_said(
    engine: Remote, server: SnapshotServer, body: bytes
) -> None:
    server.answers = [(200, {}, body)]
    with pytest.raises(Unavailable, match=r"not in Snapshot's format .* check `url`"):
        engine.read(PLATE)


def test_a_redirect_is_not_followed(engine: Remote, server: SnapshotServer) -> None:
    server.answers = [(302, {"Location": "http://192.0.2.1/"}, b"elsewhere")]
    with pytest.raises(PictureError, match="302: elsewhere"):
        engine.read(PLATE)


def test_a_service_that_is_silent_takes_no_more_than_its_time(
    server: SnapshotServer, secret: str
) -> None:
    engine = RemoteSettings(url=server.url, token=secret, timeout_seconds=0.3).build()
    server.silent.set()
    with pytest.raises(Unavailable, match=r"did not respond completely within 0\.3 s"):
        engine.read(PLATE)
    engine.close()


def test_a_service_that_is_not_there_is_said() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    engine = RemoteSettings(url=f"http://127.0.0.1:{port}/v1/plate-reader/").build()
    with pytest.raises(Unavailable, match=f"127.0.0.1:{port}/v1/plate-reader/ cannot be reached"):
        engine.read(frame_of(wall()))
    engine.close()


def test_a_token_that_is_none_is_refused_at_the_start(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("two\nlines")
    with pytest.raises(ConfigError, match="an API token must be printable ASCII on one line"):
        RemoteSettings(url="http://127.0.0.1/", token=f"file:{token}").build()
    with pytest.raises(ConfigError, match="the file is not readable"):
        RemoteSettings(url="http://127.0.0.1/", token=f"file:{tmp_path}/absent").build()
