"""Function 5 over Modbus TCP, against the bytes of the specification."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.wire import modbus

WORDS = st.integers(0, 65535)
BYTES = st.integers(0, 255)


def test_the_example_of_the_specification() -> None:
    """Application Protocol V1.1b3, 6.5: coil 173 (address 00 AC) is written on."""
    asked = modbus.write_coil(0x1501, 0xFF, 0x00AC, on=True)
    assert asked == bytes.fromhex("15 01 00 00 00 06 FF 05 00 AC FF 00")
    assert modbus.check_answer(asked, asked) == ""
    assert modbus.write_coil(1, 1, 0, on=False).endswith(bytes.fromhex("05 00 00 00 00"))


@given(WORDS, BYTES, WORDS, st.booleans(), BYTES)
def test_exceptions_are_told(transaction: int, unit: int, coil: int, on: bool, code: int) -> None:
    asked = modbus.write_coil(transaction, unit, coil, on=on)
    answer = asked[:4] + bytes((0, 3, unit, 0x85, code))
    assert len(answer) == modbus.HEADER_BYTES + modbus.rest_of(answer[: modbus.HEADER_BYTES])
    assert modbus.check_answer(asked, answer)


@given(WORDS, BYTES, WORDS, st.booleans(), st.binary(max_size=20))
def test_nothing_else_is_an_answer(
    transaction: int, unit: int, coil: int, on: bool, answer: bytes
) -> None:
    asked = modbus.write_coil(transaction, unit, coil, on=on)
    for wrong in (
        answer,
        asked[:-1],
        asked + b"\0",
        modbus.write_coil(transaction, unit, coil, on=not on),
    ):
        with pytest.raises(modbus.NotUnderstood):
            modbus.check_answer(asked, wrong)


@given(st.binary(min_size=7, max_size=7))
def test_the_rest_is_bounded(header: bytes) -> None:
    with contextlib.suppress(modbus.NotUnderstood):
        assert 1 <= modbus.rest_of(header) < modbus.LENGTH_MAX
