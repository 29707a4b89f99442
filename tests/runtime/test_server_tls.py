"""Certificates of what listens: loaded, refused, renewed."""

import shutil
import ssl
from pathlib import Path

import pytest

from platewire.errors import ConfigError
from platewire.runtime.server_tls import ServerTls, complaint, trusting
from tests.support.certificates import Authority


def shown(server: ssl.SSLContext, client: ssl.SSLContext) -> bytes:
    """The certificate that a client gets, over memory alone."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = server.wrap_bio(up, down, server_side=True)
    theirs = client.wrap_bio(down, up)
    for _ in range(4):
        for side in (theirs, ours):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    certificate = theirs.getpeercert(binary_form=True)
    assert certificate is not None
    return certificate


def test_a_certificate_with_its_key_is_served(authority: Authority) -> None:
    server = ServerTls(certificate=authority.server).context("web")
    assert shown(server, trusting(authority.server))


def test_a_renewed_certificate_is_served_without_a_restart(
    authority: Authority, stranger: Authority, tmp_path: Path
) -> None:
    file = tmp_path / "server.pem"
    shutil.copy(authority.server, file)
    server = ServerTls(certificate=file).context("web")
    first = shown(server, trusting(authority.server))
    file.write_bytes(stranger.server.read_bytes())
    second = shown(server, trusting(stranger.server))
    assert first != second


def test_a_broken_renewal_leaves_the_old_one(authority: Authority, tmp_path: Path) -> None:
    file = tmp_path / "server.pem"
    shutil.copy(authority.server, file)
    server = ServerTls(certificate=file).context("web")
    file.write_text("half of a certificate")
    assert shown(server, trusting(authority.server))


@pytest.mark.parametrize("what", ["missing", "noise", "another key"])
def test_files_that_cannot_be_used_are_named(
    authority: Authority, stranger: Authority, tmp_path: Path, what: str
) -> None:
    file = tmp_path / "given.pem"
    if what == "noise":
        file.write_text("no certificate")
    key = stranger.server if what == "another key" else None
    settings = ServerTls(certificate=authority.server if key else file, key=key)
    with pytest.raises(ConfigError, match=r"web: `tls.certificate` .*key must match"):
        settings.context("web")


def test_a_client_ca_that_is_none_is_named(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("none")
    settings = ServerTls(certificate=authority.server, client_ca=tmp_path / "ca.pem")
    with pytest.raises(ConfigError, match=r"`tls\.client_ca`"):
        settings.context("web")


def test_an_expired_certificate_is_complained_of(authority: Authority, expired: Authority) -> None:
    assert complaint(ServerTls(certificate=authority.server), "web") is None
    said = complaint(ServerTls(certificate=expired.server), "web")
    assert said is not None
    assert "expired" in said
    assert "renew it" in said
