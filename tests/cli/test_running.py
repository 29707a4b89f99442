"""Commands that ask the running server: over TLS, with the token that each request needs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.numberok_client import HttpReceiver
from tests.acceptance.running import Running
from tests.certificates import Authority
from tests.cli.conftest import Platewire
from tests.cli.test_replay import with_transfers

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
        server = start(with_transfers(served, receiver.url))
        receiver.wait_for_count(9, 10)
        port = server.addresses["page"].rstrip("/").rpartition(":")[2]
        served.write_text(served.read_text().replace("127.0.0.1:0", f"127.0.0.1:{port}", 1))
        assert server.addresses["page"].startswith("https://")
        paused = platewire("transfers", "pause", "hook", "--config", served)
        assert (paused.code, "hook: paused" in paused.out) == (0, True), paused.err
        assert platewire("transfers", "resume", "hook", "--config", served).code == 0
        said = platewire("replay", "hook", "--from", 7, "--config", served)
        assert (said.code, said.out) == (0, "3 sent, 0 rejected\n"), said.err

        text = served.read_text()
        served.write_text(text.replace('["control"]', '["pictures"]'))
        refused = platewire("transfers", "pause", "hook", "--config", served)
        assert refused.code == 2
        assert "none of web.tokens has the scope `control`" in refused.err
        assert platewire("transfers", "list", "--config", served).code == 0
        assert server.stop() == 0


def test_another_certificate_than_the_servers_is_not_believed(
    platewire: Platewire, served: Path, stranger: Authority, start: Callable[[Path], Running]
) -> None:
    server = start(served)
    port = server.addresses["page"].rstrip("/").rpartition(":")[2]
    text = served.read_text().replace("127.0.0.1:0", f"127.0.0.1:{port}", 1)
    certificate = text.partition('certificate = "')[2].partition('"')[0]
    served.write_text(text.replace(certificate, str(stranger.server)))
    said = platewire("transfers", "list", "--config", served)
    assert said.code == 3
    assert "web.tls" in said.err
    served.write_text(text.replace(certificate, str(served)))
    said = platewire("transfers", "list", "--config", served)
    assert (said.code, "cannot be used" in said.err) == (2, True)
    assert server.stop() == 0
