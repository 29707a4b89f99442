"""Commands that ask the running server: over TLS, with the token that each request needs."""

import json
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.numberok_client import HttpReceiver
from tests.acceptance.running import Running
from tests.cli.conftest import Platewire
from tests.cli.test_replay import with_outputs
from tests.support.certificates import Authority

WEB = """\
listen = "127.0.0.1:0"
tokens = [
  {{ name = "bi", token = "file:{folder}/bi", scopes = ["odata", "metrics"] }},
  {{ name = "eyes", token = "file:{folder}/eyes", scopes = ["read"] }},
  {{ name = "hands", token = "file:{folder}/hands", scopes = ["control"] }},
]
tls = {{ certificate = "{certificate}", client_ca = "{ca}" }}
"""


@pytest.fixture
def served(filled: Path, authority: Authority) -> Path:
    """Over TLS, and nobody gets in without a certificate."""
    folder = filled.parent
    for name in ("bi", "eyes", "hands"):
        (folder / name).write_text(f"{name}-0123456789abcdef")
    web = WEB.format(folder=folder, certificate=authority.server, ca=authority.ca)
    text = filled.read_text().replace("enabled = false\n", web)
    filled.write_text(text.partition("[[camera]]")[0])
    return filled


def test_the_servers_certificate_is_believed_and_each_request_has_its_token(
    platewire: Platewire, served: Path, start: Callable[[Path], Running]
) -> None:
    with HttpReceiver() as receiver:
        server = start(with_outputs(served, receiver.url))
        receiver.wait_for_count(9, 10)
        port = server.addresses["page"].rstrip("/").rpartition(":")[2]
        served.write_text(served.read_text().replace("127.0.0.1:0", f"127.0.0.1:{port}", 1))
        assert server.addresses["page"].startswith("https://")
        paused = platewire("outputs", "pause", "hook", "--config", served)
        assert (paused.code, "hook: paused" in paused.out) == (0, True), paused.err
        assert platewire("outputs", "resume", "hook", "--config", served).code == 0
        said = platewire("outputs", "replay", "hook", "--from", 7, "--config", served)
        assert (said.code, said.out) == (0, "3 sent, 0 rejected\n"), said.err

        text = served.read_text()
        served.write_text(text.replace('["control"]', '["pictures"]'))
        refused = platewire("outputs", "pause", "hook", "--config", served)
        assert refused.code == 2
        assert "no token in web.tokens has the scope `control`" in refused.err
        assert platewire("outputs", "list", "--config", served).code == 0
        assert server.stop() == 0


def test_another_certificate_than_the_servers_is_not_believed(
    platewire: Platewire, served: Path, stranger: Authority, start: Callable[[Path], Running]
) -> None:
    server = start(served)
    port = server.addresses["page"].rstrip("/").rpartition(":")[2]
    text = served.read_text().replace("127.0.0.1:0", f"127.0.0.1:{port}", 1)
    certificate = text.partition('certificate = "')[2].partition('"')[0]
    served.write_text(text.replace(certificate, str(stranger.server)))
    said = platewire("outputs", "list", "--config", served)
    assert said.code == 3
    assert "web.tls" in said.err
    served.write_text(text.replace(certificate, str(served)))
    said = platewire("outputs", "list", "--config", served)
    assert (said.code, "is not usable" in said.err) == (2, True)
    assert server.stop() == 0


def test_any_camera_name_works_in_urls_and_commands(
    platewire: Platewire, config: Path, start: Callable[[Path], Running]
) -> None:
    """Names travel in addresses, headers, topics and files."""
    text = config.read_text().replace('"road"', '"Süd Tor 2"')
    text = text.replace("enabled = false", 'listen = "127.0.0.1:0"')
    with HttpReceiver() as receiver:
        hook = '[[output]]\nname = "hook"\ntype = "http"\nurl = "{}"\ncameras = ["Süd Tor 2"]\n'
        config.write_text(text + hook.format(receiver.url))
        server = start(config)
        receiver.wait_for_count(2, 30)
        page = server.addresses["page"].rstrip("/")
        config.write_text(config.read_text().replace("127.0.0.1:0", page.partition("//")[2], 1))
        with urllib.request.urlopen(f"{page}/api/v1/status") as answer:
            (camera,) = json.load(answer)["cameras"]
        assert camera["name"] == "Süd Tor 2"
        path = f"{page}/api/v1/cameras/{urllib.parse.quote(camera['name'])}/snapshot.jpg"
        with urllib.request.urlopen(path) as answer:
            assert answer.read(2) == b"\xff\xd8"
        said = platewire("restart", "camera", "Süd Tor 2", "--config", config)
        assert said.code == 0, said.err
        assert {event.fields["camera"] for event in receiver.events} == {"Süd Tor 2"}
        found = platewire("events", "list", "--camera", "Süd Tor 2", "--json", "--config", config)
        assert found.code == 0, found.err
        assert json.loads(found.lines[0])["camera"] == "Süd Tor 2"
        assert server.stop() == 0
