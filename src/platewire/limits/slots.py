"""Who may be connected: so many in all, at each listener, and from each address.

A slot is taken as soon as a connection is accepted, before any handshake, and given back when it
is closed. It waits while nothing whole has been asked for over it. Where a limit is reached, the
one that has waited longest within that limit is closed to make room; where none waits, the new
one is turned away, or gets one of a few spare slots, in which only the state of health is told.
"""

import contextlib
import ipaddress
import socket
from collections import Counter
from collections.abc import Callable, Iterable

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SPARE = 8
"""Slots of each listener beyond its limit, for those who ask how the server is."""
ALL_DEFAULT = 4096
"""Where nobody has counted the descriptors: tests, and commands that try one output."""


class Slot:
    """One connection, as its listener's limits see it."""

    def __init__(self, entrance: "Entrance", source: str, cut: Callable[[], None]) -> None:
        self.source = source
        self.spare = False
        self.evicted = False
        self.cut = cut
        """Closes the connection at once."""
        self._entrance = entrance

    def served(self) -> None:
        """Something whole was asked: it is not closed to make room any more."""
        self._entrance.waiting.take(self)

    def waits(self) -> None:
        """It is asked for the next thing: from now on it has waited."""
        self._entrance.await_again(self)

    def leave(self) -> None:
        """Once is enough, more does no harm."""
        self._entrance.forget(self)

    def evict(self) -> None:
        self.evicted = True
        self.leave()
        self.cut()


class _Waiting:
    """Slots in the order in which they began to wait: all, and by source. Spare ones apart."""

    def __init__(self) -> None:
        self._orders: dict[str | bool, dict[Slot, None]] = {}

    def put(self, slot: Slot) -> None:
        self.take(slot)
        for order in (slot.spare, slot.source):
            self._orders.setdefault(order, {})[slot] = None

    def take(self, slot: Slot) -> None:
        for order in (slot.spare, slot.source):
            slots = self._orders.get(order, {})
            slots.pop(slot, None)
            if not slots:
                self._orders.pop(order, None)

    def longest(self, order: str | bool = False) -> Slot | None:
        """Of those from a source; True: of the spare ones; False: of the others."""
        return next(iter(self._orders.get(order, {})), None)


class Entrance:
    """One listener's slots: `most` in all, `each` from one address that is not `exempt`."""

    def __init__(
        self, slots: "Slots", most: int, each: int, exempt: tuple[Network, ...], spare: int
    ) -> None:
        self.most = most
        self.each = each
        self.spare = spare
        self.waiting = _Waiting()
        self.held: set[Slot] = set()
        self._slots = slots
        self._exempt = exempt
        self._sources: Counter[str] = Counter()
        self._spares: set[Slot] = set()

    def admit(self, address: str, cut: Callable[[], None]) -> Slot | None:
        """A slot that waits; None where there is none. `cut` closes the connection at once."""
        slot = Slot(self, source_of(address), cut)
        if not (within(address, self._exempt) or self._room_for(slot.source)):
            return None
        if not (self._room() and self._slots.room()):
            if not self._spare_room():
                return None
            slot.spare = True
        self._hold(slot)
        return slot

    def await_again(self, slot: Slot) -> None:
        if slot in self.held:
            self.waiting.put(slot)

    def forget(self, slot: Slot) -> None:
        self.waiting.take(slot)
        if slot in self.held:
            self.held.discard(slot)
            self._spares.discard(slot)
            self._sources -= Counter((slot.source,))

    def close(self) -> None:
        """No listener any more; those who are connected are its own to close."""
        self._slots.entrances.discard(self)

    def _hold(self, slot: Slot) -> None:
        self.held.add(slot)
        self._sources[slot.source] += 1
        if slot.spare:
            self._spares.add(slot)
        self.waiting.put(slot)

    def _room_for(self, source: str) -> bool:
        return self._sources[source] < self.each or _made(self.waiting.longest(source))

    def _room(self) -> bool:
        return len(self.held) - len(self._spares) < self.most or _made(self.waiting.longest())

    def _spare_room(self) -> bool:
        return len(self._spares) < self.spare or _made(self.waiting.longest(True))


class Slots:
    """What all listeners of the process share."""

    def __init__(self, most: int = ALL_DEFAULT) -> None:
        self.most = most
        self.entrances: set[Entrance] = set()

    def entrance(
        self,
        most: int,
        *,
        each: int | None = None,
        exempt: Iterable[str] = (),
        spare: int = 0,
    ) -> Entrance:
        """For one listener; one address gets half of its slots unless `each` says otherwise."""
        most = min(most, self.most)
        share = max(1, most // 2) if each is None else min(each, most)
        networks = tuple(ipaddress.ip_network(network, strict=False) for network in exempt)
        made = Entrance(self, most, share, networks, spare)
        self.entrances.add(made)
        return made

    def room(self) -> bool:
        """If need be that of the one that has waited longest where most are."""
        if sum(len(each.held) for each in self.entrances) < self.most:
            return True
        crowded = sorted(self.entrances, key=lambda each: len(each.held), reverse=True)
        return any(_made(entrance.waiting.longest()) for entrance in crowded)


def _made(room: Slot | None) -> bool:
    if room is None:
        return False
    room.evict()
    return True


def source_of(address: str) -> str:
    """What counts as one address: an IPv4 address, also one carried in IPv6, or the /64 network
    that one subscriber of IPv6 has; what is no address stands for itself."""
    parsed = _parsed(address)
    if parsed is None:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)


def within(address: str, networks: Iterable[Network]) -> bool:
    """Also an IPv4 address that is carried in IPv6."""
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in networks)


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Without a scope; None for what is no address."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed


def cutting(connection: socket.socket) -> Callable[[], None]:
    """Ends the connection whoever holds it now, in whatever phase it is: both sides see its end."""

    def cut() -> None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    return cut
