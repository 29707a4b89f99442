"""Ids as RFC 9562 says, and passage numbers that are never given twice."""

import secrets
from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from platewire.runtime.clock import milliseconds
from platewire.runtime.identity import Identities, uuid7
from platewire.testing.clock import FakeClock

Milliseconds = st.integers(0, 2**48 - 1)
Bits = st.integers(0, 2**74 - 1)


@given(Milliseconds, Bits)
def test_the_version_variant_time_and_random_bits_stand_where_they_belong(
    unix_ms: int, bits: int
) -> None:
    made = uuid7(unix_ms, bits)
    assert (made.version, made.variant) == (7, RFC_4122)
    assert made.int >> 80 == unix_ms
    random_a, random_b = made.int >> 64 & 0xFFF, made.int & (2**62 - 1)
    assert random_a << 62 | random_b == bits


def test_the_example_of_the_rfc() -> None:
    """RFC 9562, appendix A.6."""
    made = uuid7(0x017F22E279B0, 0xCC3 << 62 | 0x18C4DC0C0C07398F)
    assert made == UUID("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")


@given(Milliseconds, Milliseconds, Bits, Bits)
def test_ids_sort_by_time(one: int, other: int, bits: int, more: int) -> None:
    if one < other:
        assert uuid7(one, bits) < uuid7(other, more)
        assert str(uuid7(one, bits)) < str(uuid7(other, more))


def test_ids_of_one_millisecond_differ() -> None:
    identities = Identities(FakeClock())
    assert len({identities.event() for _ in range(10_000)}) == 10_000


@given(st.lists(st.floats(-1e6, 1e6), max_size=10), st.integers(0, 2**62))
def test_numbers_rise_and_fit_63_bits_whatever_the_clock_does(
    jumps: list[float], last_number: int
) -> None:
    clock, given_numbers = FakeClock(), [last_number]
    for jump in jumps:
        identities = Identities(clock, last_number=given_numbers[-1])
        for _ in range(3):
            clock.jump(jump / 3)
            given_numbers.append(identities.passage()[1])
    assert given_numbers == sorted(set(given_numbers))
    assert given_numbers[-1] < 2**63


def test_the_first_number_is_the_time_of_the_start() -> None:
    clock = FakeClock()
    identities = Identities(clock, randbits=secrets.randbits)
    passage, number = identities.passage()
    assert number == milliseconds(clock.now()) == passage.int >> 80
