"""TLS of HTTP outputs: trusted certificates and client certificates."""

import ssl
from pathlib import Path
from typing import Annotated

import aiohttp
from msgspec import Meta, Struct, structs

from platewire.errors import ConfigError
from platewire.runtime import client_tls
from platewire.runtime.system_error import in_words


class Tls(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For `https://` only."""

    ca_file: Annotated[
        Path | None,
        Meta(
            description="PEM file of the CA that signed the receiver's certificate, if not public"
        ),
    ] = None
    client_cert: Annotated[
        Path | None,
        Meta(description="PEM file with the client certificate, for mutual TLS"),
    ] = None
    client_key: Annotated[
        Path | None, Meta(description="PEM file with its key, if not in the same file")
    ] = None
    certificate_sha256: Annotated[
        str,
        Meta(
            pattern=r"^(([0-9a-fA-F]{2}:?){31}[0-9a-fA-F]{2})?\Z",
            description="SHA-256 of the only certificate to trust, whatever its name: for "
            "self-signed certificates",
        ),
    ] = ""
    verify: Annotated[
        bool, Meta(description="false trusts any certificate: for tests only, never in production")
    ] = True


def trust(tls: Tls) -> ssl.SSLContext | aiohttp.Fingerprint:
    """What aiohttp's connector needs; ConfigError where the settings cannot be used."""
    if not tls.certificate_sha256:
        return context(tls)
    if structs.replace(tls, certificate_sha256="") != Tls():
        raise ConfigError(
            "`tls.certificate_sha256` trusts one certificate; remove the other settings of `tls`"
        )
    return aiohttp.Fingerprint(bytes.fromhex(tls.certificate_sha256.replace(":", "")))


def trusting_all() -> ssl.SSLContext:
    return context(Tls(verify=False))


def context(tls: Tls) -> ssl.SSLContext:
    """ConfigError names the file that cannot be used."""
    made = _trusting(tls)
    if tls.client_cert is not None:
        _show(made, tls.client_cert, tls.client_key)
    elif tls.client_key is not None:
        raise ConfigError("`tls.client_key` requires `tls.client_cert`; set both")
    return made


def _trusting(tls: Tls) -> ssl.SSLContext:
    try:
        return client_tls.context(tls.ca_file, verify=tls.verify)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"`tls.ca_file` {tls.ca_file} is not a PEM file of a CA: {in_words(error)}"
        ) from error


def _show(made: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    try:
        # Without a password of our own OpenSSL would ask on the terminal and wait for ever.
        made.load_cert_chain(certificate, key, password="")
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"`tls.client_cert` {certificate} with key {key or 'in the same file'} cannot be "
            f"used: {in_words(error)}; use a key that matches the certificate and has no password"
        ) from error
