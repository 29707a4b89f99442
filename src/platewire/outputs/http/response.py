"""What a receiver's response, or its failure to respond, means for the event. Pure.

2xx                     delivered
408, 425, 429, 5xx      Unavailable, after `Retry-After` where it is given
3xx                     Unavailable: redirects are never followed, so the url must be set right
410                     Paused
401, 403, 404, 405, 407 Refused: a wrong password, a path that is not there yet; all alike, or not
any other               Rejected, with the status and the start of the answer
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import NamedTuple

import aiohttp
from yarl import URL

from platewire.errors import PROVING_SECONDS, Paused, Refused, Rejected, Unavailable
from platewire.outputs.http.egress import AddressRefused
from platewire.runtime.secret import masked
from platewire.runtime.system_error import in_words

RETRIED = frozenset({408, 425, 429})
REFUSING_ALL = frozenset({401, 403, 404, 405, 407})
PROVING = frozenset({401, 403})
KEPT_CHARACTERS = 4096
"""Characters of a receiver's answer that are kept with a failure: enough for an error page's
words."""
SHOWN_CHARACTERS = 200
"""Characters of an answer or error that a message quotes: one line of a log."""

_SECONDS = re.compile(r"[0-9]{1,15}(\.[0-9]*)?")

_REMEDIES = {
    401: "check `auth` and its secret",
    403: "check `auth` and the permissions of this user at the receiver",
    404: "check the path in `url`",
    407: "the proxy requires authentication: set `user` and `password` of `egress.proxy`",
    405: "the receiver does not support POST there: check the path in `url`",
    413: "choose a smaller `picture`, or raise the receiver's limit",
    415: "check `format` and `body` against what the receiver expects",
}

_CERTIFICATE_REMEDIES = (
    ("expired", "renew the certificate of the receiver, and check the clock of this computer"),
    ("not yet valid", "check the clocks of this computer and the receiver"),
    ("mismatch", "set the host in `url` to a name in the certificate"),
    ("is not valid for", "set the host in `url` to a name in the certificate"),
)


class HttpResponse(NamedTuple):
    status: int
    headers: Mapping[str, str]
    text: str
    """The start of the body."""
    cut: str = ""
    """The defect as a verb phrase: why `text` is not the whole body, or how it violates HTTP."""
    broke_off: bool = False
    """The body is shorter than announced, so its meaning is unknown."""


def judge(answer: HttpResponse, who: str, now: datetime) -> None:
    """Returns where the event is delivered; `who` begins each message."""
    status = answer.status
    if 200 <= status < 300:
        return
    said = f"{who} answered {_status(status)}{_quote(answer.text)}"
    if 300 <= status < 400:
        location = masked(without_secrets(answer.headers.get("Location", ""))) or "nowhere"
        raise Unavailable(
            f"{said}, a redirect to {location}; redirects are not followed: set `url` to the "
            "final URL, or, for 307 or 308, add the host to `egress.redirect_hosts`"
        )
    if status == 410:
        raise Paused(f"{said}: it accepts no more events; resume the output when it does")
    if status in RETRIED or status >= 500:
        wait = retry_after(answer.headers.get("Retry-After", ""), now)
        raise Unavailable(f"{said}; retrying, check the receiver", retry_after=wait)
    remedy = _REMEDIES.get(status, "check what the receiver expects")
    kept = answer.text[:KEPT_CHARACTERS]
    if status in REFUSING_ALL:
        raise refusal(f"{said}; {remedy}", answer)
    raise Rejected(f"{said}; {remedy}", status=status, answer=kept)


def refusal(message: str, answer: HttpResponse) -> Refused:
    """Of all events alike, as far as is known."""
    return Refused(
        message,
        status=answer.status,
        answer=answer.text[:KEPT_CHARACTERS],
        least_wait=PROVING_SECONDS if answer.status in PROVING else 0.0,
    )


def oddity(answer: HttpResponse, who: str) -> str:
    """What to tell of an answer that was good but odd; empty where nothing is to be told."""
    if not answer.cut:
        return ""
    return (
        f"{who} answered {_status(answer.status)}, but the response {answer.cut}; the event "
        "counts by the status, but the fault costs time: check the receiver"
    )


def retry_after(value: str, now: datetime) -> float | None:
    """Seconds from now, from a number or an HTTP date (RFC 9110, 10.2.3); None if it is neither.

    RFC 9110 allows whole numbers only, but some receivers send `1.5`.
    """
    if _SECONDS.fullmatch(value.strip()):
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def failure(error: Exception, who: str, seconds: float) -> Unavailable:
    """No answer came: why, in words."""
    return Unavailable(masked(f"{who} {_why(error, seconds)}"))


def without_secrets(url: str) -> str:
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
                f"has a certificate with SHA-256 {error.got.hex()}, not the one in "
                "`tls.certificate_sha256`; if it was renewed, update that setting"
            )
        case aiohttp.ClientHttpProxyError():
            return (
                f"cannot be reached through the proxy, which answered {_status(error.status)}; "
                "check `egress.proxy` and the access rules of the proxy"
            )
        case aiohttp.ClientProxyConnectionError():
            return f"cannot be reached: no connection to the proxy ({_first_line(error)}); check it"
        case aiohttp.ClientConnectorDNSError() | socket.gaierror():
            return "cannot be reached: host name not found; check the host in `url` and the DNS"
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return f"failed the TLS handshake ({_first_line(error)}); check `url` and `tls`"
        case aiohttp.SocketTimeoutError():
            return f"sent nothing for {seconds:g} s; check the receiver, or raise the timeout"
        case asyncio.TimeoutError():
            return f"did not answer within {seconds:g} s; check the receiver, or raise the timeout"
        case aiohttp.ClientResponseError() | aiohttp.ClientPayloadError():
            return (
                f"sent a response that is not HTTP ({_first_line(error)}); check the port in `url`"
            )
        case aiohttp.ServerDisconnectedError() | ConnectionResetError():
            return "closed the connection without a response; check the receiver"
        case _:
            return f"cannot be reached: {_first_line(error)}; check that the receiver is running"


def _certificate(error: Exception) -> str:
    reason = getattr(error, "verify_message", "") or str(error)
    remedy = next(
        (remedy for sign, remedy in _CERTIFICATE_REMEDIES if sign in reason),
        "set `tls.ca_file` to its CA",
    )
    return f"has an untrusted certificate: {reason}; {remedy}"


def _first_line(error: Exception) -> str:
    # The text of aiohttp's answer errors holds the whole URL, with its secrets.
    if isinstance(error, aiohttp.ClientResponseError):
        text = error.message
    else:
        cause = getattr(error, "os_error", error)
        text = in_words(cause)
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
