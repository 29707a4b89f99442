"""What a receiver's answer, or its failure to answer, means for the event. Pure.

2xx                     delivered
408, 425, 429, 5xx      Unavailable, after `Retry-After` where it is given
3xx                     Unavailable: redirects are never followed, so the url must be set right
410                     Paused
any other               Rejected, with the status and the start of the answer
"""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import NamedTuple

import aiohttp
from yarl import URL

from platewire.errors import Paused, Rejected, Unavailable
from platewire.secret import masked
from platewire.transfers.http_egress import AddressRefused

RETRIED = frozenset({408, 425, 429})
KEPT_CHARACTERS = 4096
SHOWN_CHARACTERS = 200

_REMEDIES = {
    401: "check `auth` and its secret",
    403: "check `auth` and what the receiver allows this user",
    404: "check the path in `url`",
    405: "the receiver takes no POST there: check the path in `url`",
    413: "choose a smaller `picture`, or raise the receiver's limit",
    415: "check `format` and `body` against what the receiver reads",
}

_CERTIFICATE_REMEDIES = (
    ("expired", "renew the receiver's certificate, and look at this computer's clock"),
    ("not yet valid", "look at the clocks of this computer and the receiver"),
    ("mismatch", "set the host in `url` to a name that the certificate is for"),
    ("is not valid for", "set the host in `url` to a name that the certificate is for"),
)


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    text: str
    """The start of the body."""
    cut: str = ""
    """Why it is not the whole body; empty where it is."""


def judge(answer: Answer, who: str, now: datetime) -> None:
    """Returns where the event is delivered; `who` begins each message."""
    status = answer.status
    if 200 <= status < 300:
        return
    said = f"{who} answered {_status(status)}{_quote(answer.text)}"
    if 300 <= status < 400:
        location = masked(shown(answer.headers.get("Location", ""))) or "nowhere"
        raise Unavailable(
            f"{said}, a redirect to {location}; redirects are not followed: set `url` to the "
            "final address, or, if it says 307 or 308, name the host in `egress.redirect_hosts`"
        )
    if status == 410:
        raise Paused(f"{said}: it wants no more events; resume the transfer when it does again")
    if status in RETRIED or status >= 500:
        wait = retry_after(answer.headers.get("Retry-After", ""), now)
        raise Unavailable(f"{said}; it is tried again, look at the receiver", retry_after=wait)
    remedy = _REMEDIES.get(status, "look at what the receiver expects")
    raise Rejected(f"{said}; {remedy}", status=status, answer=answer.text[:KEPT_CHARACTERS])


def oddity(answer: Answer, who: str) -> str:
    """What to tell of an answer that was good but odd; empty where nothing is to be told."""
    if not answer.cut:
        return ""
    return (
        f"{who} answered {_status(answer.status)}, but the answer {answer.cut}; what it says "
        "beyond its status does not matter, yet it costs time: look at the receiver"
    )


def retry_after(value: str, now: datetime) -> float | None:
    """Seconds from now, from a number or an HTTP date (RFC 9110, 10.2.3); None if it is neither."""
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def failure(error: Exception, who: str, seconds: float) -> Unavailable:
    """No answer came: why, in words."""
    return Unavailable(masked(f"{who} {_why(error, seconds)}"))


def shown(url: str) -> str:
    """For messages: neither user, password nor query, where secrets are."""
    try:
        parsed = URL(url)
        plain = parsed.with_query(None).with_fragment(None)
        plain = plain.with_user(None) if plain.absolute else plain
    except ValueError:
        return "(not a URL)"
    return f"{plain}?..." if parsed.query_string else str(plain)


def _why(error: Exception, seconds: float) -> str:
    cause = getattr(error, "os_error", error)
    match error:
        case _ if isinstance(cause, AddressRefused):
            return str(cause)
        case aiohttp.ClientConnectorCertificateError():
            return _certificate(error.certificate_error)
        case ssl.SSLCertVerificationError():
            return _certificate(error)
        case aiohttp.ServerFingerprintMismatch():
            return (
                f"shows a certificate with the SHA-256 {error.got.hex()}, not the one that "
                "`tls.certificate_sha256` names; if it was renewed, set that"
            )
        case aiohttp.ClientConnectorDNSError() | socket.gaierror():
            return "cannot be reached: its name is not known; check the host in `url` and the DNS"
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return f"speaks no TLS that we can speak ({_first_line(error)}); check `url` and `tls`"
        case aiohttp.SocketTimeoutError():
            return f"said nothing for {seconds:g} s; look at the receiver, or allow more time"
        case asyncio.TimeoutError():
            return f"did not answer within {seconds:g} s; look at the receiver, or allow more time"
        case aiohttp.ClientResponseError() | aiohttp.ClientPayloadError():
            return f"answered what is not HTTP ({_first_line(error)}); check the port in `url`"
        case aiohttp.ServerDisconnectedError() | ConnectionResetError():
            return "closed the connection without an answer; look at the receiver"
        case _:
            return f"cannot be reached ({_first_line(error)}); check that the receiver is running"


def _certificate(error: Exception) -> str:
    reason = getattr(error, "verify_message", "") or str(error)
    remedy = next(
        (remedy for sign, remedy in _CERTIFICATE_REMEDIES if sign in reason),
        "set `tls.ca_file` to its CA",
    )
    return f"shows a certificate that is not trusted: {reason}; {remedy}"


def _first_line(error: Exception) -> str:
    # The text of aiohttp's answer errors holds the whole URL, with its secrets.
    if isinstance(error, aiohttp.ClientResponseError):
        text = error.message
    else:
        cause = getattr(error, "os_error", error)
        text = getattr(cause, "strerror", None) or str(cause)
    return (text.splitlines() or [type(error).__name__])[0][:SHOWN_CHARACTERS]


def _status(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _quote(text: str) -> str:
    line = " ".join(text.split())
    if not line:
        return ""
    return f' "{line[:SHOWN_CHARACTERS]}{"..." if len(line) > SHOWN_CHARACTERS else ""}"'
