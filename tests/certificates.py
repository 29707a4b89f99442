"""Fixtures: certificates of our own making, from the openssl command."""

import shutil
import ssl
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest


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
    return _make(tmp_path_factory.mktemp("authority"), "IP:127.0.0.1,DNS:localhost")


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Another CA, whose server's certificate is for another name."""
    return _make(tmp_path_factory.mktemp("stranger"), "DNS:elsewhere.example")


@pytest.fixture(scope="session")
def expired(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Whose certificates ended yesterday; the CA has not."""
    return _make(tmp_path_factory.mktemp("expired"), "IP:127.0.0.1", days=-1)


def _make(folder: Path, names: str, *, days: int = 2) -> Authority:
    if shutil.which("openssl") is None:
        pytest.skip("no certificates: the command openssl is not installed")
    _openssl(folder, f"req -x509 {_key('ca')} -out ca.pem -days 2 -subj /CN=ca")
    for who, extension in (
        ("server", f"subjectAltName={names}"),
        ("client", "basicConstraints=CA:FALSE"),
    ):
        (folder / "extension").write_text(extension)
        _openssl(folder, f"req -new {_key(who)} -out {who}.csr -subj /CN={who}")
        _openssl(
            folder,
            f"x509 -req -in {who}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days {days} "
            f"-extfile extension -out {who}.crt",
        )
        both = (folder / f"{who}.crt").read_text() + (folder / f"{who}.key").read_text()
        (folder / f"{who}.pem").write_text(both)
    return Authority(folder / "ca.pem", folder / "server.pem", folder / "client.pem")


def _key(who: str) -> str:
    return f"-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout {who}.key"


def _openssl(folder: Path, arguments: str) -> None:
    subprocess.run(["openssl", *arguments.split()], cwd=folder, check=True, capture_output=True)
