"""Whether a gate opens for an event, and why. Pure.

In this order, each no ends it: replayed; too old or from the future; on a block list, however it
matched; a partial plate; wrong direction; wrong country; unsure; read too seldom; on no allow list
exactly; not now or not here. That it opens once only, and not twice for one plate in a short time,
the relay sees to.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from platewire.access import ListMatch
from platewire.model import Direction, Event, Kind
from platewire.runtime.freshness import Age


class Rules(NamedTuple):
    allow: tuple[str, ...]
    """Lists of the kind `allow`; empty: all of them."""
    directions: tuple[Direction, ...]
    """Empty: every direction."""
    countries: tuple[str, ...]
    """Empty: every country, and unknown ones."""
    min_confidence: float
    min_reads: int
    fresh_seconds: float


class Verdict(NamedTuple):
    opens: bool
    reason: str
    """One word, for programs."""
    detail: str
    """The same for people."""
    list: str | None = None


def judge(event: Event, listed: Sequence[ListMatch], rules: Rules, age: Age) -> Verdict:
    """`listed` is what the lists say at this moment; what the event says of blocks counts too.
    `age` is that of the last read."""
    return next(_refusals(event, listed, rules, age), None) or _allowed(listed, rules)


def _refusals(
    event: Event, listed: Sequence[ListMatch], rules: Rules, age: Age
) -> Iterator[Verdict]:
    if event.replayed:
        yield _no("replayed", "replayed event: never opens a gate")
    if event.kind is Kind.LOST:
        yield _no("lost", "the vehicle has left")
    if age.ahead:
        yield _no(
            "from_the_future",
            (f"it is {age.words}; check the clocks of the camera and of this computer"),
        )
    if age.seconds > rules.fresh_seconds:
        yield _no("too_old", f"it is {age.words}; the maximum is {rules.fresh_seconds:g} s")
    yield from _blocks(event, listed)
    if event.plate.partial:
        yield _no("partial", "a part of the plate is hidden or outside of the frame")
    if rules.directions and event.direction not in rules.directions:
        wanted = ", ".join(rules.directions)
        yield _no("direction", f"direction is {event.direction}, not {wanted}")
    if rules.countries and event.plate.country not in rules.countries:
        wanted = ", ".join(rules.countries)
        yield _no("country", f"country is {event.plate.country or 'unknown'}, not {wanted}")
    if not event.plate.confidence >= rules.min_confidence:
        sure = f"{event.plate.confidence:.2f}"
        yield _no("unsure", f"read with {sure}; at least {rules.min_confidence:g} required")
    if event.reads < rules.min_reads:
        reads = "once" if event.reads == 1 else f"{event.reads} times"
        yield _no("few_reads", f"read {reads}; at least {rules.min_reads} reads required")


def _blocks(event: Event, listed: Sequence[ListMatch]) -> Iterator[Verdict]:
    now = [each.hit for each in listed if not each.refusal]
    for hit in (*now, *event.lists):
        if hit.kind == "block":
            yield _no("blocked", f"on the block list {hit.name} ({hit.mode})", hit.name)


def _allowed(listed: Sequence[ListMatch], rules: Rules) -> Verdict:
    wanted = [
        each
        for each in listed
        if each.hit.kind == "allow" and (not rules.allow or each.hit.name in rules.allow)
    ]
    exact = [each for each in wanted if each.hit.mode == "exact"]
    for hit, refusal in exact:
        if not refusal:
            return Verdict(True, "allowed", f"on the list {hit.name}", hit.name)
    for hit, refusal in exact:
        return _no("not_now", f"on the list {hit.name}, {refusal}", hit.name)
    for hit, _ in wanted:
        how = f"the entry {hit.entry} of the list {hit.name} matches by {hit.mode} only"
        return _no("not_exact", how, hit.name)
    return _no("not_listed", "not on an allow list")


def _no(reason: str, detail: str, name: str | None = None) -> Verdict:
    return Verdict(False, reason, detail, name)
