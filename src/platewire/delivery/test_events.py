"""Test events: one of each kind that an output sends, through its real path, with the results.

They are generated here, marked `test`, with a drawn picture of a plate, and go to one output only:
they are not in the log, belong to no passage and no counter, and only the `events` filter applies.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta

from platewire.errors import ConfigError, NoClient, Paused, PlatewireError, Refused, Rejected
from platewire.eventlog.deliveries.records import EventTestResult, TestOutcome
from platewire.model import Box, Direction, Entry, Event, Images, Kind, Plate, Site, Vehicle
from platewire.outputs import exchange as exchanges
from platewire.outputs.exchange import Exchange
from platewire.outputs.output import Output, OutputSettings
from platewire.runtime.clock import Clock
from platewire.runtime.identity import Identities
from platewire.runtime.supervise import describe, log_errors, raise_if_all_concerned
from platewire.runtime.test_plate import HEIGHT, TEST_PICTURE, WIDTH
from platewire.wire import native

TEST_PLATE = "TEST123"
TEST_CAMERA = "test"

diagnostics = logging.getLogger(__name__)


def kinds_to_try(settings: OutputSettings, requested: Sequence[Kind]) -> Sequence[Kind]:
    """Those requested, or by default all that the output sends. ConfigError for other kinds: a
    receiver that never gets them may not support them. ConfigError too if the format cannot mark
    tests."""
    if reason := settings.why_no_tests:
        raise ConfigError(
            f'output "{settings.name}" does not send test events: {reason}, so '
            f"receivers would treat {TEST_PLATE} as a real vehicle; test with a real vehicle"
        )
    sent = [kind for kind in Kind if kind in settings.kinds]
    if others := [kind.value for kind in requested if kind not in sent]:
        raise ConfigError(
            f'output "{settings.name}" does not send {" or ".join(others)}: its `events` select '
            f"{', '.join(sent)}; test one of these, or change `events`"
        )
    return list(requested) or sent


async def try_out(
    settings: OutputSettings, output: Output, kinds: Sequence[Kind], site: Site, clock: Clock
) -> Sequence[EventTestResult]:
    """Connects, sends one after the other, and closes. Raises nothing: failures are in the result.

    `kinds` as `kinds_to_try` has them.
    """
    results: list[EventTestResult] = []
    try:
        for entry in entries_to_try(settings, kinds, site, clock):
            results.append(await _try(output, entry, clock, first=not results))
    finally:
        with log_errors(diagnostics, "output %s failed to close after a test", settings.name):
            await output.close()
    return results


async def _try(output: Output, entry: Entry, clock: Clock, *, first: bool) -> EventTestResult:
    exchange = exchanges.into(Exchange())
    started = clock.monotonic()
    outcome: TestOutcome = "delivered"
    error = ""
    try:
        if first:
            await output.connect()
        await output.send([entry])
    except (Rejected, Refused) as refusal:
        outcome, error = "rejected", str(refusal)
    except Paused as refusal:
        outcome, error = "paused", str(refusal)
    except NoClient as nobody:
        outcome, error = "no_client", str(nobody)
    except PlatewireError as trouble:
        outcome, error = "unavailable", str(trouble)
    except BaseException as trouble:
        raise_if_all_concerned(trouble)
        outcome, error = "failed", f"internal error of the output: {describe(trouble)}"
    return EventTestResult(
        kind=entry.event.kind,
        outcome=outcome,
        seconds=round(clock.monotonic() - started, 4),
        status=exchange.status,
        request=exchange.request,
        answer=exchange.answer,
        error=error,
    )


def entries_to_try(
    settings: OutputSettings, kinds: Sequence[Kind], site: Site, clock: Clock
) -> Sequence[Entry]:
    """One passage, its events in order, of a camera that the output is about."""
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
            direction=Direction.UNKNOWN if kind is Kind.NEW else Direction.IN,
            plate=_plate(country),
            vehicle=Vehicle(),
            images=Images(plate=TEST_PICTURE.image),
            reads=1,
            test=True,
        )
        for revision, kind in enumerate(kind for kind in Kind if kind in kinds)
    ]
    arrived = clock.boot()
    return [Entry(event, native.encode(event), arrived) for event in events]


def _plate(country: str | None) -> Plate:
    return Plate(
        text=TEST_PLATE,
        display=TEST_PLATE,
        raw=TEST_PLATE,
        unicode=TEST_PLATE,
        country=country,
        confidence=1.0,
        characters=(1.0,) * len(TEST_PLATE),
        box=Box(0, 0, WIDTH, HEIGHT),
    )
