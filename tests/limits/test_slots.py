"""Who gets a slot, who has to make room for whom, and who is turned away."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.limits.slots import Entrance, Slot, Slots, source_of


class Crowd:
    """Connections at one entrance, and which of them were cut off."""

    def __init__(self, entrance: Entrance) -> None:
        self.entrance = entrance
        self.cut: list[str] = []

    def comes(self, name: str, address: str = "") -> Slot | None:
        return self.entrance.admit(address or f"10.0.0.{name}", self._cutting(name))

    def seated(self, name: str, address: str = "") -> Slot:
        slot = self.comes(name, address)
        assert slot is not None
        return slot

    def _cutting(self, name: str) -> Callable[[], None]:
        return lambda: self.cut.append(name)


def test_the_one_that_has_waited_longest_makes_room() -> None:
    crowd = Crowd(Slots().entrance(3, each=3))
    first = crowd.seated("1")
    crowd.seated("2")
    crowd.seated("3")
    first.served()
    crowd.seated("4")
    assert crowd.cut == ["2"]


def test_who_is_served_is_not_closed_and_the_new_one_is_turned_away() -> None:
    crowd = Crowd(Slots().entrance(2, each=2))
    for name in "12":
        crowd.seated(name).served()
    assert crowd.comes("3") is None
    assert crowd.cut == []


def test_waiting_again_begins_anew() -> None:
    crowd = Crowd(Slots().entrance(2, each=2))
    first, _ = crowd.seated("1"), crowd.seated("2")
    first.served()
    first.waits()
    crowd.seated("3")
    assert crowd.cut == ["2"]


def test_one_address_gets_half_and_makes_room_for_itself_only() -> None:
    crowd = Crowd(Slots().entrance(4))
    crowd.seated("other", "10.0.0.9")
    for name in "123":
        crowd.seated(name, "10.0.0.1")
    assert crowd.cut == ["1"]


def test_a_trusted_proxy_may_take_all() -> None:
    crowd = Crowd(Slots().entrance(4, exempt=["10.0.0.0/24"]))
    for name in "1234":
        crowd.seated(name, "10.0.0.1").served()
    assert crowd.cut == []


def test_spare_places_are_for_when_all_others_are_served() -> None:
    crowd = Crowd(Slots().entrance(1, each=9, spare=2))
    crowd.seated("1").served()
    spares = [crowd.seated(name) for name in "234"]
    assert [slot.spare for slot in spares] == [True] * 3
    assert crowd.cut == ["2"]


def test_listeners_share_what_the_process_has() -> None:
    slots = Slots(3)
    crowded, other = Crowd(slots.entrance(3, each=3)), Crowd(slots.entrance(3, each=3))
    for name in "123":
        crowded.seated(name)
    other.seated("4")
    assert (crowded.cut, other.cut) == (["1"], [])


def test_a_place_given_back_is_free_once() -> None:
    crowd = Crowd(Slots().entrance(1))
    slot = crowd.seated("1")
    slot.leave()
    slot.leave()
    slot.waits()
    crowd.seated("2").served()
    assert crowd.comes("3") is None


@pytest.mark.parametrize(
    ("exempt", "address"),
    [
        ("2001:db8::5", "2001:db8::5"),
        ("2001:db8::/96", "2001:db8::7"),
        ("192.0.2.7", "::ffff:192.0.2.7"),
    ],
)
def test_who_is_exempt_is_so_by_the_whole_address(exempt: str, address: str) -> None:
    """Not by the network that counts as one address."""
    crowd = Crowd(Slots().entrance(4, each=1, exempt=[exempt]))
    for name in "123":
        crowd.seated(name, address).served()
    assert crowd.cut == []


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("?", "?"),
    ],
)
def test_what_counts_as_one_address(address: str, source: str) -> None:
    assert source_of(address) == source


Step = st.tuples(st.sampled_from(["come", "serve", "wait", "leave"]), st.integers(0, 9))


@given(st.lists(Step, max_size=200))
def test_no_limit_is_ever_passed(steps: list[tuple[str, int]]) -> None:
    slots = Slots(6)
    entrances = [slots.entrance(4, each=2, spare=1), slots.entrance(5)]
    alive: list[Slot] = []
    for what, number in steps:
        if what == "come":
            slot = entrances[number % 2].admit(f"10.0.0.{number // 4}", lambda: None)
            alive += [slot] if slot else []
        elif alive:
            slot = alive[number % len(alive)]
            {"serve": slot.served, "wait": slot.waits, "leave": slot.leave}[what]()
        for entrance in entrances:
            spares = [slot for slot in entrance.held if slot.spare]
            assert len(spares) <= entrance.spare
            assert len(entrance.held) - len(spares) <= entrance.most
            sources = [slot.source for slot in entrance.held]
            assert all(sources.count(each) <= entrance.each for each in sources)
        assert sum(len(each.held) for each in entrances) <= slots.most + 1
