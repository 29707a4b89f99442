"""Signatures of Standard Webhooks, so that a receiver knows who sent a body and when.

`webhook-signature` holds `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`, once for
each secret: while a secret is being changed, receivers with the old one and with the new one both
find theirs. The source is standardwebhooks.com, "Webhook specification", 1.0.0.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

ID = "webhook-id"
TIMESTAMP = "webhook-timestamp"
SIGNATURE = "webhook-signature"
PREFIX = "whsec_"
KEY_BYTES_MIN = 16
"""Bytes of a key, at least: 128 bits cannot be guessed; Standard Webhooks advises 24 or more."""
TOLERANCE_SECONDS = 300.0
"""Seconds by which a time stamp may differ from the clock, as in Standard Webhooks' own
libraries."""


class SignatureError(ValueError):
    """The body is not from whoever holds the secret, or not from now."""


def key(secret: str) -> bytes:
    """The key in `whsec_<base64>`, with or without padding; the ValueError does not show it."""
    if not secret.startswith(PREFIX):
        raise ValueError(f"a signing secret must start with {PREFIX}")
    text = secret.removeprefix(PREFIX)
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise ValueError(f"the signing secret is not valid base64 after {PREFIX}") from None
    if len(raw) < KEY_BYTES_MIN:
        raise ValueError(f"the signing secret has {len(raw)} bytes; use at least {KEY_BYTES_MIN}")
    return raw


def sign(keys: Sequence[bytes], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers; `at` is the wall time of this attempt, not of the event."""
    timestamp = str(int(at.timestamp()))
    signatures = (_signature(one, message_id, timestamp, body) for one in keys)
    return {ID: message_id, TIMESTAMP: timestamp, SIGNATURE: " ".join(signatures)}


def verify(
    keys: Sequence[bytes],
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: datetime,
    tolerance_seconds: float = TOLERANCE_SECONDS,
) -> None:
    """What a receiver does; returns when one of the signatures fits one of the keys.

    `headers` are looked up in lower case. Raises SignatureError otherwise, also for a timestamp
    that is further than the tolerance from `now`.
    """
    try:
        message_id, timestamp = headers[ID], headers[TIMESTAMP]
        given = [each.encode() for each in headers[SIGNATURE].split()]
        sent_at = datetime.fromtimestamp(int(timestamp), UTC)
    except (KeyError, ValueError, OverflowError, OSError) as error:
        raise SignatureError(f"a signature header is missing or malformed: {error}") from error
    if abs((now - sent_at).total_seconds()) > tolerance_seconds:
        raise SignatureError(f"signed at {sent_at:%Y-%m-%d %H:%M:%S} UTC, too far from now")
    wanted = [_signature(one, message_id, timestamp, body).encode() for one in keys]
    if not any(hmac.compare_digest(one, other) for one in wanted for other in given):
        raise SignatureError("no signature matches the secret")


def _signature(secret: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    digest = hmac.digest(secret, f"{message_id}.{timestamp}.".encode() + body, "sha256")
    return "v1," + base64.b64encode(digest).decode()
