"""Where a PostgreSQL database is, checked without the driver, which need not be installed."""

import re
from dataclasses import dataclass

from platewire.errors import ConfigError

HOST = re.compile(r"(?:\[[0-9A-Fa-f:.%]+\]|[^][:,]*)(?::(\d{0,5}))?")
PORT_MAX = 65535
"""The highest port of TCP (RFC 9293: 16 bits)."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the database is and how long to be patient with it."""

    url: str
    """Without a password."""
    password: str | None
    schema: str
    application: str
    connect_seconds: float = 10.0
    statement_seconds: float = 30.0

    @property
    def display(self) -> str:
        """For messages: neither password nor options."""
        return display_url(self.url)


@dataclass(frozen=True, slots=True)
class WrittenDatabase:
    """A database that an output writes."""

    address: Address
    node_id: str | None
    """UUID by which this platewire is known there; None: that of its event log."""
    retention_months: int | None
    """Whole months kept besides the current one; None: all."""


def display_url(url: str) -> str:
    """A URL without its password and without what follows a question mark."""
    bare = url.partition("?")[0]
    return re.sub(r"(//[^/@:]*):.*@", r"\1@", bare)


def import_driver() -> None:
    """ConfigError where it is not installed."""
    try:
        import asyncpg  # noqa: F401
    except ModuleNotFoundError as error:
        raise ConfigError(
            "PostgreSQL needs a library that is not installed; "
            "install it with `pip install 'platewire[postgresql]'`"
        ) from error


def check_url(url: str, *, named: str | None) -> None:
    """`named` is where the URL lies, if not in the open; then it may hold a password."""
    match = re.fullmatch(r"postgres(?:ql)?://(?:([^/?]*)@)?([^/?@]*)/([^/?]+)(\?.*)?", url)
    if match is None or not all(_is_host(each) for each in match.group(2).split(",")):
        seen = named or re.sub(r"//.*@", "//...@", url.partition("?")[0])
        raise ConfigError(
            f"invalid `url` {seen}: write it like postgresql://user@host:5432/database"
        )
    user, _, _, options = match.groups()
    if named is None and (":" in (user or "") or "password=" in (options or "")):
        raise ConfigError(
            "`url` contains a password; move it to a file or an environment variable, and set "
            "`password` to file:PATH or env:NAME"
        )


def _is_host(text: str) -> bool:
    match = HOST.fullmatch(text)
    return match is not None and int(match.group(1) or 1) <= PORT_MAX
