"""Whether a gate opens for an event, and why. Pure: everything it looks at is given.

In this order, each no ends it: replayed; too old or from the future; on a block list, however it
matched; wrong direction; unsure; read too seldom; on no allow list exactly; not now or not here.
That it opens once only, and not twice for one plate in a short time, the relay sees to.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from platewire.model import Direction, Event, Kind, Listed


class Rules(NamedTuple):
    allow: tuple[str, ...]
    """Lists of the kind `allow`; empty: all of them."""
    directions: tuple[Direction, ...]
    """Empty: every direction."""
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


def age_seconds(event: Event, now: datetime) -> float:
    """Since the vehicle was last seen. Below 0 where a clock is wrong."""
    return (now - event.last_seen_at).total_seconds()


def judge(event: Event, listed: Sequence[Listed], rules: Rules, now: datetime) -> Verdict:
    """`listed` is what the lists say at this moment; what the event says of blocks counts too."""
    return next(_refusals(event, listed, rules, now), None) or _allowed(listed, rules)


def _refusals(
    event: Event, listed: Sequence[Listed], rules: Rules, now: datetime
) -> Iterator[Verdict]:
    age = age_seconds(event, now)
    if event.replayed:
        yield _no("replayed", "it is sent again, and no gate opens on that")
    if event.kind is Kind.LOST:
        yield _no("lost", "the vehicle has gone")
    if age > rules.fresh_seconds:
        yield _no("too_old", f"it was seen {age:.1f} s ago, and {rules.fresh_seconds:g} s is all")
    if age < -rules.fresh_seconds:
        yield _no("from_the_future", f"its time is {-age:.1f} s ahead; set the camera's clock")
    yield from _blocks(event, listed)
    if rules.directions and event.direction not in rules.directions:
        wanted = ", ".join(rules.directions)
        yield _no("direction", f"its direction is {event.direction}, not {wanted}")
    if not event.plate.confidence >= rules.min_confidence:
        sure = f"{event.plate.confidence:.2f}"
        yield _no("unsure", f"it was read with {sure}, and {rules.min_confidence:g} is the least")
    if event.reads < rules.min_reads:
        yield _no("few_reads", f"it was read {event.reads} times, and {rules.min_reads} is least")


def _blocks(event: Event, listed: Sequence[Listed]) -> Iterator[Verdict]:
    now = [each.hit for each in listed if not each.refusal]
    for hit in (*now, *event.lists):
        if hit.kind == "block":
            yield _no("blocked", f"it is on the block list {hit.name} ({hit.mode})", hit.name)


def _allowed(listed: Sequence[Listed], rules: Rules) -> Verdict:
    wanted = [
        each
        for each in listed
        if each.hit.kind == "allow" and (not rules.allow or each.hit.name in rules.allow)
    ]
    exact = [each for each in wanted if each.hit.mode == "exact"]
    for hit, refusal in exact:
        if not refusal:
            return Verdict(True, "allowed", f"it is on the list {hit.name}", hit.name)
    for hit, refusal in exact:
        return _no("not_now", f"on the list {hit.name}, {refusal}", hit.name)
    for hit, _ in wanted:
        how = f"the entry {hit.entry} of the list {hit.name} only matches by {hit.mode}"
        return _no("not_exact", how, hit.name)
    return _no("not_listed", "it is on no allow list")


def _no(reason: str, detail: str, name: str | None = None) -> Verdict:
    return Verdict(False, reason, detail, name)
