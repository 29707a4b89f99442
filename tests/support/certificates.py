"""Fixtures: certificates of our own making."""

import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme

from tests.support.counterparts import OPENSSL, need

DAY = timedelta(days=1)


class Authority(NamedTuple):
    """A CA and what it signed; every certificate file holds its key too."""

    ca: Path
    server: Path
    client: Path

    def server_context(self, *, asks_for_client: bool = False) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server)
        if asks_for_client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.ca)
        return context


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make(tmp_path_factory.mktemp("authority"), "127.0.0.1", "localhost")


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Another CA, whose server's certificate is for another name."""
    return make(tmp_path_factory.mktemp("stranger"), "elsewhere.example")


@pytest.fixture(scope="session")
def expired(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Whose certificates ended yesterday; the CA has not."""
    return make(tmp_path_factory.mktemp("expired"), "127.0.0.1", ends=datetime.now(UTC) - DAY)


def make(folder: Path, *names: str, ends: datetime | None = None) -> Authority:
    ca = trustme.CA()
    made = Authority(folder / "ca.pem", folder / "server.pem", folder / "client.pem")
    begins = None if ends is None else ends - DAY
    server = ca.issue_cert(*names, not_before=begins, not_after=ends)
    client = ca.issue_cert("client@example.org", not_before=begins, not_after=ends)
    ca.cert_pem.write_to_path(made.ca)
    server.private_key_and_cert_chain_pem.write_to_path(made.server)
    client.private_key_and_cert_chain_pem.write_to_path(made.client)
    return made


@pytest.fixture(scope="session")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """As the usual recipes have it: the CA does not say what its key is for."""
    need(OPENSSL)
    folder = tmp_path_factory.mktemp("by-hand")
    key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    (folder / "extension").write_text("subjectAltName=IP:127.0.0.1")
    for command in (
        f"req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=ca",
        f"req -new {key} -keyout server.key -out server.csr -subj /CN=server",
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 "
        "-extfile extension -out server.crt",
    ):
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
    both = (folder / "server.crt").read_text() + (folder / "server.key").read_text()
    (folder / "server.pem").write_text(both)
    return Authority(folder / "ca.pem", folder / "server.pem", folder / "server.pem")
