"""TLS of the HTTP transfer: whom it trusts and how it shows who it is."""

import ssl
from pathlib import Path
from typing import Annotated

import aiohttp
from msgspec import Meta, Struct, structs

from platewire import client_tls
from platewire.errors import ConfigError


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
        Meta(description="PEM file with our certificate, where the receiver asks for it"),
    ] = None
    client_key: Annotated[
        Path | None, Meta(description="PEM file with its key, if not in the same file")
    ] = None
    certificate_sha256: Annotated[
        str,
        Meta(
            pattern=r"^(([0-9a-fA-F]{2}:?){31}[0-9a-fA-F]{2})?$",
            description="SHA-256 of the one certificate to trust, whatever name it is for: for "
            "receivers that signed their own",
        ),
    ] = ""
    verify: Annotated[
        bool, Meta(description="False trusts any certificate: for a trial, never for real use")
    ] = True


def trust(tls: Tls) -> ssl.SSLContext | aiohttp.Fingerprint:
    """What aiohttp's connector needs; ConfigError where the settings cannot be used."""
    if not tls.certificate_sha256:
        return context(tls)
    if structs.replace(tls, certificate_sha256="") != Tls():
        raise ConfigError(
            "`tls.certificate_sha256` trusts one certificate and needs no other setting of `tls`; "
            "take the others out"
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
        raise ConfigError("`tls.client_key` needs `tls.client_cert` too")
    return made


def _trusting(tls: Tls) -> ssl.SSLContext:
    try:
        return client_tls.context(tls.ca_file, verify=tls.verify)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"`tls.ca_file` {tls.ca_file} is no PEM file of a CA: {error}") from error


def _show(made: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    try:
        # Without a password of our own OpenSSL would ask on the terminal and wait for ever.
        made.load_cert_chain(certificate, key, password="")
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"`tls.client_cert` {certificate} with key {key or 'in the same file'} cannot be "
            f"used: {error}. The key must fit the certificate and have no password."
        ) from error
