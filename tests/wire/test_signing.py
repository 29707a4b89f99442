"""Signatures of Standard Webhooks: the published vector, and everything that must not pass."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.wire.signing import SignatureError, key, sign, verify

# From the test of the specification's own Go library.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
SENT_AT = datetime.fromtimestamp(1614265330, UTC)
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

HEADERS = {
    "webhook-id": MESSAGE_ID,
    "webhook-timestamp": "1614265330",
    "webhook-signature": SIGNATURE,
}


def test_the_published_vector() -> None:
    assert sign([key(SECRET)], MESSAGE_ID, SENT_AT, BODY) == HEADERS
    verify([key(SECRET)], HEADERS, BODY, now=SENT_AT)


@given(
    st.lists(st.binary(min_size=16, max_size=64), min_size=1, max_size=3, unique=True),
    st.text(min_size=1),
    st.binary(),
)
def test_each_key_verifies_what_all_signed(keys: list[bytes], message_id: str, body: bytes) -> None:
    headers = sign(keys, message_id, SENT_AT, body)
    for one in keys:
        verify([b"another key of the receiver", one], headers, body, now=SENT_AT)


@given(st.binary(max_size=200), st.integers(min_value=0), st.integers(0, 7))
def test_one_bit_changed_does_not_pass(body: bytes, position: int, bit: int) -> None:
    whole = body + b"."
    headers = sign([key(SECRET)], MESSAGE_ID, SENT_AT, whole)
    changed = bytearray(whole)
    changed[position % len(whole)] ^= 1 << bit
    with pytest.raises(SignatureError):
        verify([key(SECRET)], headers, bytes(changed), now=SENT_AT)


@pytest.mark.parametrize("seconds", [-301, 301, 86_400])
def test_too_old_or_from_the_future(seconds: float) -> None:
    with pytest.raises(SignatureError, match="too far from now"):
        verify([key(SECRET)], HEADERS, BODY, now=SENT_AT + timedelta(seconds=seconds))
    verify(
        [key(SECRET)],
        HEADERS,
        BODY,
        now=SENT_AT + timedelta(seconds=seconds),
        tolerance_seconds=abs(seconds),
    )


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("value", [None, "", "v1", "v1,", "soon", "1" * 30, "v1,ä"])
def test_headers_that_are_missing_or_nonsense(name: str, value: str | None) -> None:
    headers = {key: text for key, text in {**HEADERS, name: value}.items() if text is not None}
    with pytest.raises(SignatureError):
        verify([key(SECRET)], headers, BODY, now=SENT_AT)


def test_other_versions_are_passed_over() -> None:
    headers = {**HEADERS, "webhook-signature": f"v1a,{SIGNATURE[3:]} v2,xyz {SIGNATURE}"}
    verify([key(SECRET)], headers, BODY, now=SENT_AT)


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "must start with whsec_"),
        ("whsec_not valid base64!", "not valid base64"),
        ("whsec_" + base64.b64encode(b"fifteen bytes..").decode(), "15 bytes"),
        ("whsec_", "0 bytes"),
    ],
)
def test_secrets_that_cannot_be_used(secret: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        key(secret)
    assert "base64!" not in str(caught.value)
