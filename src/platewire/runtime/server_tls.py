"""TLS for whatever of platewire listens: the page and API, and the TCP ways out.

A renewed certificate is taken up by the next connection, without a restart: whoever renews it only
has to replace the files.
"""

import contextlib
import logging
import ssl
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from platewire.errors import ConfigError

diagnostics = logging.getLogger(__name__)


class ServerTls(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The certificate that a listener shows, and whose certificates it asks for."""

    certificate: Annotated[
        Path,
        Meta(
            description="PEM file with the server certificate and its intermediate certificates",
            examples=["server.pem"],
        ),
    ]
    key: Annotated[
        Path | None, Meta(description="PEM file with the private key, if not in the same file")
    ] = None
    client_ca: Annotated[
        Path | None,
        Meta(
            description="PEM file of the CA of client certificates; if set, clients must "
            "present a certificate (mutual TLS)"
        ),
    ] = None

    def context(self, owner: str) -> ssl.SSLContext:
        """TLS 1.2 or later. ConfigError names `owner`, the file that cannot be used, the remedy."""
        made = _loaded(self, owner)
        made.sni_callback = Renewal(self, owner).reload_if_changed
        return made


class Renewal:
    """Loads the files anew when they have changed."""

    def __init__(self, settings: ServerTls, owner: str) -> None:
        self._settings = settings
        self._owner = owner
        self._written = self._times()
        self._newest: ssl.SSLContext | None = None

    def reload_if_changed(
        self, connection: ssl.SSLObject, name: str | None, first: ssl.SSLContext
    ) -> None:
        """What OpenSSL calls for each new connection."""
        written = self._times()
        if written != self._written:
            self._written = written
            try:
                self._newest = _loaded(self._settings, self._owner)
            except ConfigError as error:
                diagnostics.warning("%s; the old certificate stays in use", error)
        if self._newest is not None:
            connection.context = self._newest

    def _times(self) -> tuple[int, ...]:
        files = (self._settings.certificate, self._settings.key, self._settings.client_ca)
        return tuple(_time(file) for file in files if file is not None)


def _time(file: Path) -> int:
    with contextlib.suppress(OSError):
        return file.stat().st_mtime_ns
    return 0


def _loaded(settings: ServerTls, owner: str) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # Without a password of our own OpenSSL would ask on the terminal and wait for ever.
        made.load_cert_chain(settings.certificate, settings.key, password="")
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"{owner}: `tls.certificate` {settings.certificate} with key "
            f"{settings.key or 'in the same file'} cannot be used: {error}. Both must be PEM "
            "files, and the key must match the certificate and have no password"
        ) from error
    if settings.client_ca is not None:
        _ask_for_clients(made, settings.client_ca, owner)
    return made


def _ask_for_clients(made: ssl.SSLContext, client_ca: Path, owner: str) -> None:
    try:
        made.load_verify_locations(cafile=str(client_ca))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"{owner}: `tls.client_ca` {client_ca} is not a PEM file of a CA: {error}"
        ) from error
    made.verify_mode = ssl.CERT_REQUIRED


def trusting(certificate: Path) -> ssl.SSLContext:
    """For a client on this machine: the one certificate is trusted, whatever name it is for."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    made.load_verify_locations(cafile=str(certificate))
    return made


def complaint(settings: ServerTls, owner: str) -> str | None:
    """What a client that trusts just this certificate would say of it, such as that it has expired;
    None where all is well."""
    server = _loaded(settings, owner)
    server.verify_mode = ssl.CERT_NONE
    try:
        _shake_hands(server, trusting(settings.certificate))
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or str(error)
        return f"{owner}: clients will refuse {settings.certificate}: {reason}; renew it"
    return None


def _shake_hands(server: ssl.SSLContext, client: ssl.SSLContext) -> None:
    """In memory, until the client has judged the certificate."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = server.wrap_bio(up, down, server_side=True)
    theirs = client.wrap_bio(down, up)
    for side in (theirs, ours, theirs):
        with contextlib.suppress(ssl.SSLWantReadError):
            side.do_handshake()
