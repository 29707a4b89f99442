"""Who is let in: the token itself for programs, a signed cookie for people.

The cookie holds the time at which it ends and an HMAC-SHA256 of that time under the token, so
nothing is kept on the server, a restart logs nobody out, and a new token logs everybody out.
"""

import hashlib
import hmac
from datetime import datetime, timedelta

from platewire.secret import same

COOKIE = "platewire_session"
LIFETIME = timedelta(days=7)


def issue(token: str, now: datetime) -> str:
    """The value of a cookie that is good until `now` + LIFETIME."""
    ends = str(int((now + LIFETIME).timestamp()))
    return f"{ends}.{_signature(token, ends)}"


def valid(cookie: str, token: str, now: datetime) -> bool:
    ends, _, signature = cookie.partition(".")
    if not same(signature, _signature(token, ends)):
        return False
    return ends.isdigit() and now.timestamp() < int(ends)


def _signature(token: str, ends: str) -> str:
    message = f"platewire session until {ends}".encode()
    return hmac.new(token.encode(), message, hashlib.sha256).hexdigest()
