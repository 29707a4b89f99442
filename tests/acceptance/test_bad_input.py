"""What goes wrong around a running server is told by name with its remedy, and loses nothing."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance import small_road
from tests.acceptance.bad_peers import (
    BadServer,
    noise_for_ever,
    nonsense,
    silence,
    web_page,
)
from tests.acceptance.lines_client import LinesReceiver
from tests.acceptance.numberok_client import SUBSCRIPTION, HttpReceiver
from tests.acceptance.ports import free_port
from tests.acceptance.running import PLATEWIRE, Running

HEAD = """
[web]
listen = "127.0.0.1:0"
[log]
folder = "{folder}"
[recognition]
type = "replay"
path = "{recorded}"
"""
CAMERA = """
[[camera]]
name = "{name}"
source = {source}
passage = {{ lost_after_seconds = 0.5 }}
"""
HTTP = """
[[output]]
name = "{name}"
type = "http"
format = "numberok-1.6"
url = "{url}"
start = "beginning"
total_seconds = 0.5
"""
LINES = """
[[output]]
name = "lines"
type = "json_lines"
listen = "127.0.0.1:0"
"""
NUMBEROK = """
[[output]]
name = "numberok"
type = "numberok_tcp"
listen = "127.0.0.1:0"
ahead_seconds_max = 1e9  # A clip that is read as fast as can be runs ahead of the clock.
"""
Start = Callable[[str], Running]


@pytest.fixture(scope="session")
def road(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return small_road.write(tmp_path_factory.mktemp("small-road"))


@pytest.fixture
def head(tmp_path: Path, road: tuple[Path, Path]) -> str:
    return HEAD.format(folder=tmp_path / "log", recorded=road[1])


def playing(clip: Path, name: str = "road", more: str = "") -> str:
    return CAMERA.format(name=name, source=f'{{ type = "file", path = "{clip}"{more} }}')


# --- cameras ----------------------------------------------------------------------------------


def test_each_bad_camera_is_told_by_name_and_the_good_one_works(
    start: Start, head: str, road: tuple[Path, Path], tmp_path: Path
) -> None:
    clip, _ = road
    (tmp_path / "cut.mp4").write_bytes(clip.read_bytes()[: clip.stat().st_size * 2 // 3])
    (tmp_path / "broken.mp4").write_bytes(os.urandom(50_000))
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    with BadServer(noise_for_ever) as noise, BadServer(web_page) as page:
        server = start(
            head
            + playing(clip)
            + playing(tmp_path / "cut.mp4", "cut")
            + playing(tmp_path / "broken.mp4", "broken")
            + playing(tmp_path / "absent.mp4", "absent")
            + camera("pictures", f'type = "pictures", path = "{tmp_path}/pictures"')
            + camera(
                "noisy",
                f'type = "mjpeg", url = "http://127.0.0.1:{noise.port}/", silence_seconds = 0.5',
            )
            + camera("page", f'type = "snapshot", url = "http://127.0.0.1:{page.port}/"')
        )
        bad = ("cut", "broken", "absent", "pictures", "noisy", "page")
        server.wait_for(lambda status: all(camera_of(status, n)["last_error"] for n in bad))
        status = server.wait_for(lambda status: camera_of(status, "road")["state"] == "ended")
    told = {name: camera_of(status, name)["last_error"] for name in bad}
    for name in bad:
        assert name in told[name], told[name]
    assert "copy it again" in told["cut"]
    assert "use a clip" in told["broken"]
    assert "check `path`" in told["absent"]
    assert "copy them again" in told["pictures"]
    assert camera_of(status, "noisy")["state"] == "waiting"
    assert camera_of(status, "page")["state"] == "waiting"
    assert server.stop() == 0
    said = server.diagnostics
    assert "Traceback" not in said
    assert all(told[name] in said for name in ("broken", "absent"))
    assert_whole(events_of(server, "road"), passages=3)


def camera(name: str, source: str) -> str:
    return CAMERA.format(name=name, source=f"{{ {source} }}")


# --- third parties ----------------------------------------------------------------------------


def test_receivers_that_answer_badly_lose_nothing(
    start: Start, head: str, road: tuple[Path, Path]
) -> None:
    """Nobody, silence and nonsense at first; then a receiver that works takes the same port."""
    ports = {"absent": free_port()}
    with ExitStack() as bad:
        for name, answer in {"silent": silence, "nonsense": nonsense}.items():
            ports[name] = bad.enter_context(BadServer(answer)).port
        http = [HTTP.format(name=n, url=f"http://127.0.0.1:{p}/") for n, p in ports.items()]
        good = bad.enter_context(HttpReceiver())
        http.append(HTTP.format(name="good", url=good.url))
        server = start(head + playing(road[0]) + "".join(http))
        status = server.wait_for(
            lambda status: (
                all(output_of(status, name)["state"] == "waiting" for name in ports)
                and output_of(status, "good")["lag"] == 0
                and camera_of(status, "road")["state"] == "ended"
            )
        )
    for name in ports:
        told = output_of(status, name)
        assert told["lag"] == len(good.events) == 6
        assert f'"{name}"' in told["last_error"]
    assert "check that the receiver is running" in output_of(status, "absent")["last_error"]
    assert "0.5 s" in output_of(status, "silent")["last_error"]
    with ExitStack() as stack:
        healed = [stack.enter_context(HttpReceiver(port)) for port in ports.values()]
        server.wait_until_caught_up(60)
        expected = by_plate(good)
        for receiver in healed:
            assert by_plate(receiver) == expected
        assert server.stop() == 0
    assert "Traceback" not in server.diagnostics


def by_plate(receiver: HttpReceiver) -> list[tuple[str, str]]:
    """Of each passage in order; passages may overtake each other."""
    told = [(event.state, event.plate) for event in receiver.events]
    return sorted(told, key=lambda pair: pair[1])


def test_tcp_clients_that_send_noise_or_never_read_hold_up_nobody(
    start: Start, head: str, road: tuple[Path, Path]
) -> None:
    server = start(head + playing(road[0], more=", loop = true") + LINES + NUMBEROK)
    with ExitStack() as stack:
        for output in ("lines", "numberok"):
            address = ("127.0.0.1", server.port(output))
            for sent in (os.urandom(4096), b"GET / HTTP/1.1\r\n\r\n", b"{" * 100_000):
                noisy = stack.enter_context(socket.create_connection(address))
                noisy.sendall(sent)
            deaf = stack.enter_context(socket.create_connection(address))
            deaf.sendall(SUBSCRIPTION if output == "numberok" else b'{"resume": 0}\n')
        good = stack.enter_context(LinesReceiver(lambda: ("127.0.0.1", server.port("lines"))))
        status = server.wait_for(lambda _: len(good.events) > 300)
        seqs = [event["seq"] for event in good.events[:300]]
    assert seqs == list(range(seqs[0], seqs[0] + 300))
    for output in ("lines", "numberok"):
        assert output_of(status, output)["state"] == "running"
        told = output_of(status, output)
        assert f'"{output}": client 127.0.0.1 was disconnected' in told["last_error"]
        assert told["counters"]["clients_dropped_noise"] > 0
    assert server.stop() == 0
    assert "Traceback" not in server.diagnostics


# --- the folder of the log --------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 4 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount(folder, "size=4m")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def mount(folder: Path, options: str) -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    command = ["mount", "-t", "tmpfs", "-o", options, "platewire-test", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")


def test_a_full_disk_is_waited_for_and_loses_nothing(
    small_disk: Path, start: Start, road: tuple[Path, Path]
) -> None:
    """The disk is full when the clip begins and has space again later, without a restart."""
    clip, recorded = road
    later = small_disk.parent / "later.mp4"
    server = start(HEAD.format(folder=small_disk, recorded=recorded) + playing(later) + LINES)
    with LinesReceiver(lambda: ("127.0.0.1", server.port("lines"))) as lines:
        ballast = fill(small_disk)
        later.write_bytes(clip.read_bytes())
        status = server.wait_for(
            lambda each: "no disk space left" in camera_of(each, "road")["last_error"]
        )
        assert camera_of(status, "road")["state"] == "waiting"
        assert "free disk space" in camera_of(status, "road")["last_error"]
        assert not status["healthy"]
        ballast.unlink()
        server.wait_until_caught_up(60)
        assert server.get("/api/v1/status")["healthy"]
        assert server.stop() == 0
    events = events_of(server, "road")
    assert_whole(events, passages=3)
    assert [event["seq"] for event in lines.events] == [event["seq"] for event in events]
    assert "no disk space left" in server.diagnostics
    assert "Traceback" not in server.diagnostics


def fill(folder: Path) -> Path:
    """Takes all the space there is, down to the last byte that is given."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (65536, 4096):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return ballast


def test_a_read_only_folder_ends_the_start(
    tmp_path: Path, head: str, road: tuple[Path, Path]
) -> None:
    folder = tmp_path / "log"
    folder.mkdir()
    mount(folder, "ro,size=1m")
    try:
        for command in ("serve", "check"):
            code, said = platewire(tmp_path, head + playing(road[0]), command)
            assert code == (3 if command == "serve" else 1)
            assert str(folder) in said
            assert "Read-only file system" in said
            assert "Traceback" not in said
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_file_in_the_place_of_the_folder(
    tmp_path: Path, head: str, road: tuple[Path, Path]
) -> None:
    (tmp_path / "log").write_text("I was here first")
    for command, expected in (("serve", 3), ("check", 1)):
        code, said = platewire(tmp_path, head + playing(road[0]), command)
        assert code == expected
        assert str(tmp_path / "log") in said
        assert "Traceback" not in said
    assert (tmp_path / "log").read_text() == "I was here first"


def test_a_newer_database_is_left_alone(tmp_path: Path, head: str, road: tuple[Path, Path]) -> None:
    (tmp_path / "log").mkdir()
    database = tmp_path / "log" / "platewire.db"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE event (seq INTEGER)")
        connection.execute(f"PRAGMA application_id = {0x706C7477}")
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = database.read_bytes()
    for command, expected in (("serve", 3), ("check", 1), ("events list", 3)):
        code, said = platewire(tmp_path, head + playing(road[0]), *command.split())
        assert code == expected, said
        assert "schema version 99, written by a newer platewire" in said
        assert "Start the newer platewire again" in said
        assert "Traceback" not in said
    assert database.read_bytes() == before


def test_a_second_server_on_the_same_folder_is_refused(
    tmp_path: Path, start: Start, head: str, road: tuple[Path, Path]
) -> None:
    server = start(head + playing(road[0]))
    code, said = platewire(tmp_path, head + playing(road[0]), "serve")
    assert code == 3
    assert f"another platewire (process {server.pid})" in said
    assert "Traceback" not in said
    assert server.stop() == 0


# --- the configuration and the start -----------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            '[web]\nlissten = "127.0.0.1:0"\n',
            "unknown setting `lissten` in `web`; did you mean `lis",
        ),
        ('[[camera]]\nname = "a"\nsource = { type = "file" }\n', 'camera "a"'),
        ("[web\n", "is not valid TOML"),
        ('[recognition]\ntype = "replay"\npath = "absent.jsonl"\n', "absent.jsonl cannot be read"),
    ],
)
@pytest.mark.parametrize("command", ["serve", "check"])
def test_a_wrong_configuration(tmp_path: Path, command: str, written: str, told: str) -> None:
    code, said = platewire(tmp_path, written, command)
    assert code == (1 if command == "check" and "recognition" in written else 2)
    assert told in said
    assert "Traceback" not in said


def test_a_port_in_use_is_named(tmp_path: Path, head: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        text = head.replace("127.0.0.1:0", address)
        code, said = platewire(tmp_path, text, "serve")
        assert code == 2
        assert f"web.listen: cannot listen on {address}" in said
        assert "Traceback" not in said
        code, said = platewire(tmp_path, text, "check")
        assert code == 1
        assert f"cannot listen on {address}" in said


def test_the_first_signal_drains_and_the_second_ends_at_once(
    start: Start, head: str, road: tuple[Path, Path]
) -> None:
    """A receiver that holds its answer back keeps the server in its grace time."""
    with BadServer(silence) as silent:
        slow = HTTP.format(name="slow", url=f"http://127.0.0.1:{silent.port}/")
        server = start(head + playing(road[0]) + slow.replace("0.5", "60"))
        server.wait_for(lambda status: output_of(status, "slow")["lag"] == 6)
        server.signal(signal.SIGTERM)
        server.wait_until_said("stopping")
        server.signal(signal.SIGTERM)
        assert server.wait() == 130
    assert_whole(events_of(server, "road"), passages=3)


# --- what is asked and what is told ------------------------------------------------------------


def platewire(folder: Path, config: str, *command: str) -> tuple[int, str]:
    """The exit code, and all that the command said, of one that ends by itself."""
    path = folder / "wrong.toml"
    path.write_text(config, "utf-8")
    done = subprocess.run(
        [*PLATEWIRE, *command, "--config", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout.decode()


def camera_of(status: dict[str, Any], name: str) -> dict[str, Any]:
    return named(status["cameras"], name)


def output_of(status: dict[str, Any], name: str) -> dict[str, Any]:
    return named(status["outputs"], name)


def named(lines: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(line for line in lines if line["name"] == name)


def events_of(server: Running, camera: str) -> list[dict[str, Any]]:
    """As a third party reads them from the database, in order."""
    uri = f"file:{server.addresses['database']}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        found = connection.execute(
            "SELECT body FROM anpr_event WHERE camera = ? ORDER BY seq", (camera,)
        ).fetchall()
    return [json.loads(body) for (body,) in found]


def assert_whole(events: list[dict[str, Any]], passages: int) -> None:
    """Each passage one new first, revisions rising by one, one lost last; of all the plates."""
    assert {event["plate"]["text"] for event in events} == set(small_road.PLATES)
    ids = Counter(event["passage"] for event in events)
    assert len(ids) == passages
    for passage in ids:
        own = [event for event in events if event["passage"] == passage]
        assert [event["revision"] for event in own] == list(range(len(own)))
        kinds = [event["kind"] for event in own]
        assert (kinds[0], kinds[-1]) == ("new", "lost")
        assert set(kinds[1:-1]) <= {"updated"}
