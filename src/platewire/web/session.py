"""Authentication: the token itself for programs, a signed cookie for browsers.

The cookie holds the time at which it ends, a number of its own, and an HMAC-SHA256 of both under
the token, so a restart logs nobody out, and a new token logs everybody out. What is kept on the
server are the numbers of cookies that were ended before their time, until that time has come.
"""

import contextlib
import hashlib
import hmac
import logging
import os
import secrets
import threading
from datetime import datetime, timedelta
from pathlib import Path

from platewire.runtime.secret import same

COOKIE = "platewire_session"
LIFETIME = timedelta(days=7)
"""How long a login lasts: rarely asked again, yet a lost cookie is worthless within a week."""
ENDED_MAX = 10_000
"""Maximum number of remembered logouts; beyond it, the older half of all sessions ends."""
FILE_NAME = "ended-sessions"

diagnostics = logging.getLogger(__name__)


def issue(token: str, now: datetime) -> str:
    """The value of a cookie that is good until `now` + LIFETIME."""
    claim = f"{int((now + LIFETIME).timestamp())}.{secrets.token_hex(8)}"
    return f"{claim}.{_signature(token, claim)}"


def valid(cookie: str, token: str, now: datetime) -> bool:
    claim, _, signature = cookie.rpartition(".")
    if not same(signature, _signature(token, claim)):
        return False
    return now.timestamp() < _ends(claim)


def _ends(claim: str) -> int:
    ends = claim.partition(".")[0]
    return int(ends) if ends.isascii() and ends.isdigit() else 0


def _signature(token: str, claim: str) -> str:
    message = f"platewire session until {claim}".encode()
    return hmac.new(token.encode(), message, hashlib.sha256).hexdigest()


class EndedSessions:
    """Logged-out sessions; stored in a file, so that they stay logged out after a restart.

    The first line is the time up to which every cookie has ended, each other line the claim of one.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._floor = 0
        self._claims: set[str] = set()
        self._turn = threading.Lock()
        if file is not None:
            self._read(file)

    def holds(self, cookie: str) -> bool:
        claim = cookie.rpartition(".")[0]
        return claim in self._claims or _ends(claim) <= self._floor

    def end(self, cookie: str, now: datetime) -> None:
        """Blocking. The cookie is one of ours; where it cannot be written it is kept in memory."""
        with self._turn:
            self._claims.add(cookie.rpartition(".")[0])
            self._forget(int(now.timestamp()))
            try:
                self._write()
            except OSError as error:
                diagnostics.warning(
                    ("logouts cannot be stored and are lost at the next restart: %s: %s"),
                    self._file,
                    error,
                )

    def _forget(self, now: int) -> None:
        if len(self._claims) > ENDED_MAX:
            self._floor = sorted(map(_ends, self._claims))[len(self._claims) // 2]
        past = max(self._floor, now)
        self._claims = {claim for claim in self._claims if _ends(claim) > past}

    def _read(self, file: Path) -> None:
        with contextlib.suppress(FileNotFoundError):
            first, *claims = file.read_text("ascii", "replace").split("\n")
            self._floor = _ends(first)
            self._claims = {claim for claim in claims if claim}

    def _write(self) -> None:
        if self._file is None:
            return
        new = self._file.with_name(f"{self._file.name}.new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write("\n".join((str(self._floor), *self._claims)))
            file.flush()
            os.fsync(descriptor)
        new.replace(self._file)
