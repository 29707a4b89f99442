"""Test events: one of each kind through a transfer's real path, and what came of each.

They are made here, marked `test`, and go to one transfer only: the log never has them, so they
are no passage, count nowhere, and no filter is asked.
"""

from collections.abc import Sequence
from datetime import timedelta

from platewire.clock import Clock
from platewire.errors import Paused, PlatewireError, Rejected
from platewire.eventlog.letters import Trial
from platewire.identity import Identities
from platewire.model import Box, Direction, Entry, Event, Kind, Plate, Site, Vehicle
from platewire.transfers import exchange as exchanges
from platewire.transfers.exchange import Exchange
from platewire.transfers.transfer import Transfer, TransferSettings
from platewire.wire import native

TEST_PLATE = "TEST123"
TEST_CAMERA = "test"


async def try_out(
    settings: TransferSettings, transfer: Transfer, kinds: Sequence[Kind], site: Site, clock: Clock
) -> Sequence[Trial]:
    """Connects, sends one after the other, and closes. Raises nothing: what goes wrong is told."""
    trials: list[Trial] = []
    try:
        for entry in entries_to_try(settings, kinds, site, clock):
            trials.append(await _try(transfer, entry, clock, first=not trials))
    finally:
        await transfer.close()
    return trials


async def _try(transfer: Transfer, entry: Entry, clock: Clock, *, first: bool) -> Trial:
    exchange = exchanges.into(Exchange())
    started = clock.monotonic()
    outcome, error = "delivered", ""
    try:
        if first:
            await transfer.connect()
        await transfer.send([entry])
    except Rejected as refusal:
        outcome, error = "rejected", str(refusal)
    except Paused as refusal:
        outcome, error = "paused", str(refusal)
    except PlatewireError as trouble:
        outcome, error = "unavailable", str(trouble)
    except Exception as trouble:
        outcome, error = "failed", f"an error in the transfer's own code: {trouble!r}"
    return Trial(
        kind=entry.event.kind,
        outcome=outcome,  # type: ignore[arg-type]
        seconds=round(clock.monotonic() - started, 4),
        status=exchange.status,
        request=exchange.request,
        answer=exchange.answer,
        error=error,
    )


def entries_to_try(
    settings: TransferSettings, kinds: Sequence[Kind], site: Site, clock: Clock
) -> Sequence[Entry]:
    """One passage, its events in order, of a camera that the transfer is about."""
    identities = Identities(clock)
    passage, number = identities.passage()
    now = clock.now()
    camera = next(iter(settings.cameras or tuple(site.channels)), TEST_CAMERA)
    country = next(iter(settings.countries), None)
    events = [
        Event(
            id=identities.event(),
            kind=kind,
            passage=passage,
            passage_number=number,
            revision=revision,
            changed=("direction",) if kind is Kind.UPDATED else (),
            occurred_at=now,
            first_seen_at=now - timedelta(seconds=revision),
            last_seen_at=now,
            recorded_at=now,
            camera=camera,
            direction=Direction.IN,
            plate=_plate(country),
            vehicle=Vehicle(),
            reads=1,
            test=True,
        )
        for revision, kind in enumerate(kind for kind in Kind if kind in kinds)
    ]
    return [Entry(event, native.encode(event)) for event in events]


def _plate(country: str | None) -> Plate:
    return Plate(
        text=TEST_PLATE,
        display=TEST_PLATE,
        raw=TEST_PLATE,
        unicode=TEST_PLATE,
        country=country,
        confidence=1.0,
        characters=(1.0,) * len(TEST_PLATE),
        box=Box(0, 0, 100, 25),
    )
