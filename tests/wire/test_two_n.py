"""What 2N units are told, and what their answers mean."""

import base64
import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from platewire.testing.sample_events import passage_events
from platewire.wire import two_n

EVENT = passage_events()[0]


@given(st.text())
def test_no_answer_is_worse_than_not_understood(answer: str) -> None:
    with contextlib.suppress(two_n.NotUnderstood):
        two_n.refusal(answer)


def test_an_answer_without_end_is_not_understood() -> None:
    with pytest.raises(two_n.NotUnderstood):
        two_n.refusal('{"a": ' + "[" * 15_000)


def test_answers() -> None:
    assert two_n.refusal('{"success": true}') is None
    assert two_n.refusal('{"success": true, "result": {}}') is None
    refused = two_n.refusal('{"success": false, "error": {"code": 10, "description": "no right"}}')
    assert refused is not None
    assert (refused.code, str(refused)) == (10, "10 no right")
    assert str(two_n.refusal('{"success": false}')) == "0 no reason given"


@given(st.integers(0, 2**63 - 1))
def test_the_id_fits_into_31_bits(number: int) -> None:
    event = structs.replace(EVENT, passage_number=number)
    assert 0 <= json.loads(two_n.license_plate(event, leaving=False))["lprID"] < 2**31


@pytest.mark.parametrize("size", [0, 1, 2, 3, 196_604, 196_605, 196_606, 196_607, 196_608, 200_000])
def test_a_picture_that_fits_stays_within_the_limit(size: int) -> None:
    if two_n.fits(bytes(size)):
        assert len(base64.b64encode(bytes(size))) <= two_n.IMAGE_BYTES_MAX
    else:
        assert size > 196_600


def test_without_a_picture_there_is_no_key_for_one() -> None:
    assert "plateImage" not in json.loads(two_n.license_plate(EVENT, leaving=True))
