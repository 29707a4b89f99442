"""The contract of outputs: events from the log to one receiver.

An output is one file with a frozen settings class (`OutputSettings`, tagged by its `type` in the
configuration) whose `build` returns an `Output`. It is registered in `outputs.builtin.BUILTIN`, or
by another package as an entry point of the group `platewire.outputs`.

Everything the rest of platewire may ask of an output is declared in these two classes, with
defaults: nothing outside this room asks for a concrete class or for an attribute by its name.

An output does not retry, count, filter or record deliveries: the delivery loop does that for all.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from platewire.access import AccessLists
from platewire.database.erasure import DatabaseErasure
from platewire.database.postgresql.address import WrittenDatabase
from platewire.errors import ConfigError
from platewire.limits.slots import Slots
from platewire.model import Direction, Entry, Event, EventReader, Image, Images, Kind, Site
from platewire.runtime.clock import Clock
from platewire.runtime.freshness import AHEAD_SECONDS_MAX
from platewire.runtime.status import Board

EventsPreset = Literal["parking", "traffic", "all", "lost_only"]
PictureChoice = Literal["none", "plate", "vehicle", "frame"]
OrderedBy = Literal["passage", "camera", "site"]
Changed = Literal["plate", "vehicle", "zone", "direction", "lists", "images"]
"""Fields of the event: the first part of the paths in `changed`."""
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}\Z"
Name = Annotated[str, Meta(pattern=NAME_PATTERN)]

PRESETS: dict[str, frozenset[Kind]] = {
    "parking": frozenset({Kind.NEW, Kind.UPDATED}),
    "traffic": frozenset({Kind.NEW, Kind.LOST}),
    "all": frozenset(Kind),
    "lost_only": frozenset({Kind.LOST}),
}
PROBE_SECONDS = 60.0
"""Seconds between two probes of a receiver that failed, at most: spares it, but delays recovery as
much."""
PROBE_SECONDS_SOON = 5.0
"""The same where a vehicle may wait at a gate: recovery within a few seconds matters more."""


class OutputSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of every output, whatever its protocol."""

    name: Annotated[Name, Meta(description="Name of the output, unique in the file")]
    events: Annotated[
        EventsPreset | tuple[Kind, ...],
        Meta(
            description="Kinds to send: `parking` (new and updated), `traffic` (new and lost), "
            "`all`, `lost_only`, or a list of `new`, `updated`, `lost`"
        ),
    ] = "all"
    cameras: Annotated[tuple[str, ...], Meta(description="Only these cameras; empty: all")] = ()
    countries: Annotated[
        tuple[str, ...],
        Meta(description="Only plates of these countries (ISO alpha-2); empty: all"),
    ] = ()
    min_confidence: Annotated[
        float, Meta(ge=0, le=1, description="Minimum confidence of the plate")
    ] = 0.0
    lists: Annotated[
        tuple[str, ...],
        Meta(description="Only plates on one of these lists; empty: all"),
    ] = ()
    directions: Annotated[
        tuple[Direction, ...],
        Meta(description="Only these directions (`in`, `out`, `unknown`); empty: all"),
    ] = ()
    zones: Annotated[
        tuple[str, ...], Meta(description="Only vehicles in these zones; empty: all")
    ] = ()
    changes: Annotated[
        tuple[Changed, ...],
        Meta(
            description="Only `updated` events in which one of these changed: `plate`, "
            "`vehicle`, `zone`, `direction`, `lists`, `images`; empty: all"
        ),
    ] = ()
    max_age_seconds: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="Older events are recorded as expired instead of sent"),
    ] = None
    ahead_seconds_max: Annotated[
        float,
        Meta(
            ge=0,
            description="Tolerance for event times in the future of the clock of this computer, "
            "where age matters; events further ahead are not fresh",
        ),
    ] = AHEAD_SECONDS_MAX
    probe_seconds_max: Annotated[
        Annotated[float, Meta(ge=0.5, le=3600)] | None,
        Meta(
            description="Maximum wait between two attempts while the receiver is down; default: "
            "60, or 5 for outputs that open a gate or if `events` is `parking`"
        ),
    ] = None
    order: Annotated[
        OrderedBy,
        Meta(
            description="Scope in which events are sent in log order: each `passage`, each "
            "`camera`, or the whole `site`"
        ),
    ] = "passage"
    order_wait_seconds: Annotated[
        float,
        Meta(
            gt=0,
            description="With `order` set to `camera` or `site`: how long a failing event delays "
            "the others; then it is dead-lettered as soon as another event is accepted",
        ),
    ] = 60.0
    picture: Annotated[PictureChoice, Meta(description="Picture to send")] = "plate"
    start: Annotated[
        Literal["now", "beginning"],
        Meta(description="Start of a new output: new events only, or all stored events"),
    ] = "now"

    # --- what the rest of platewire asks; a plug overrides what differs for it --------------------

    opens_something: ClassVar[bool] = False
    """It opens a gate: events are selected one by one, decisions are recorded, and
    `OutputContext.lists` is given to it while the server runs."""
    connecting: ClassVar[str] = "opened and closed a connection"
    """What `connect` has verified when it returns; `check` shows it."""
    has_database: ClassVar[bool] = False
    """`database` returns the PostgreSQL database that it writes."""

    def build(self, context: "OutputContext") -> "Output":
        """Makes the output; connects to nothing yet. Called again for a replay, a test event and
        `check`, and after a restart of the output.

        ConfigError, which names the output, for a setting, a secret or a file that cannot be used,
        and for an optional library that is not installed.
        """
        raise NotImplementedError

    @property
    def kind(self) -> str:
        """Its `type` in the configuration."""
        return str(self.__struct_config__.tag)

    @property
    def listens(self) -> str:
        """Address on which it accepts connections, as configured (`host:port`); empty if it
        connects to its receiver. One that listens is built once per server: replays and test
        events go through the running one."""
        return ""

    @property
    def receiver(self) -> str:
        """Address of the receiver, for display: without passwords and tokens. Empty if there is
        none to show."""
        return ""

    @property
    def why_no_tests(self) -> str:
        """Why its format cannot mark test events, for display; empty if it can."""
        return ""

    @property
    def why_no_replay(self) -> str:
        """Why nobody else replays old events to its receivers, for display; empty if platewire
        does."""
        return ""

    def inconsistencies(self, others: "OtherSettings") -> Iterable[str]:
        """What contradicts other parts of the configuration: an error message each, which names
        the output. That cameras, zones and lists exist is checked for all outputs."""
        return ()

    def remarks(self, site: Site) -> Iterable[str]:
        """What `check` adds to its finding: how a setting applies to the cameras of this site, a
        clause each."""
        return ()

    def database(self) -> WrittenDatabase:
        """The database that it writes, for commands that query it. ConfigError where a secret or
        the URL cannot be used, or the driver is not installed."""
        raise ConfigError(
            f'output "{self.name}" does not write to a database that platewire can query'
        )

    async def erase(self, plate: str, name: str, now: datetime) -> DatabaseErasure | None:
        """Erases a plate (`A-Z0-9`) from what it has stored; passages remain, under `name`.
        `now` in UTC. None if it stores nothing that platewire can reach. Unavailable if the store
        cannot be reached."""
        return None

    # --- which events it sends --------------------------------------------------------------------

    @property
    def kinds(self) -> frozenset[Kind]:
        return PRESETS[self.events] if isinstance(self.events, str) else frozenset(self.events)

    @property
    def probe_seconds(self) -> float:
        """The setting or its default, which is short if a vehicle waits at a gate."""
        if self.probe_seconds_max is not None:
            return self.probe_seconds_max
        soon = self.opens_something or self.events == "parking"
        return PROBE_SECONDS_SOON if soon else PROBE_SECONDS

    @property
    def has_filters(self) -> bool:
        """Whether events may be excluded by more than their kind."""
        chosen = (self.countries, self.lists, self.directions, self.zones, self.changes)
        return any(chosen) or self.min_confidence > 0

    def matches(self, event: Event) -> bool:
        """Whether the filters match; `selector` decides which events that selects."""
        return (
            (not self.cameras or event.camera in self.cameras)
            and (not self.countries or event.plate.country in self.countries)
            and event.plate.confidence >= self.min_confidence
            and (not self.lists or any(hit.name in self.lists for hit in event.lists))
            and (not self.directions or event.direction in self.directions)
            and (not self.zones or event.zone in self.zones)
        )

    def wants(self, event: Event, *, first: bool) -> bool:
        """Whether its kind and its changes are selected. `first`: no event of the passage was sent
        before, so everything is new to the receiver."""
        return event.kind in self.kinds and (
            first
            or not self.changes
            or event.kind is not Kind.UPDATED
            or any(path.partition(".")[0] in self.changes for path in event.changed)
        )

    def selects(self, event: Event) -> bool:
        """Whether the event by itself is selected, for outputs that open something."""
        return self.wants(event, first=False) and self.matches(event)

    def picture_of(self, images: Images) -> Image | None:
        """The chosen picture, or the next smaller one that exists."""
        order = {
            "none": (),
            "plate": (images.plate,),
            "vehicle": (images.vehicle, images.plate),
            "frame": (images.frame, images.vehicle, images.plate),
        }[self.picture]
        return next((image for image in order if image is not None), None)


@dataclass(frozen=True, slots=True)
class OtherSettings:
    """Other parts of the configuration to which the settings of an output can refer."""

    cameras: Sequence[str] = ()
    """Names."""
    lists: Mapping[str, str] = field(default_factory=dict)
    """Kind of each list by its name: `allow`, `block` or `watch`."""


@dataclass(frozen=True, slots=True)
class OutputContext:
    """What an output may use. `site` and `clock` are the only sources of facts and time."""

    clock: Clock
    log: EventReader
    site: Site
    board: Board
    lists: AccessLists | None = None
    """None where an output is only tried or replayed to, beside a server or without one."""
    slots: Slots = field(default_factory=Slots)
    """For those who connect to it: the server's, as its descriptors are for all."""

    async def jpeg(self, image: Image | None) -> bytes | None:
        """None where there is none, or retention has taken it."""
        return None if image is None else await self.log.picture(image.sha256)


class Output(ABC):
    """The connection to one receiver, as the delivery loop uses it.

    Calls, all from one event loop: `recover` once, then `connect`, then any number of `send`, then
    `close`. After Unavailable, or an error that is none of ours, `connect` is called again before
    the next `send`, with jittered exponential backoff. An output never blocks the event loop.

    These exceptions may leave `connect` and `send` (`platewire.errors`):

        Unavailable    not now, and nothing is known to have arrived; the same events come again
        Refused        an Unavailable: the receiver refuses, but maybe not because of this event
        NoClient       an Unavailable: the output listens, and no client is connected
        Rejected       from `send` only: the receiver will never accept this event. Of several
                       events in one `send`, the loop then sends each alone
        Paused         the receiver wants no more events until a person resumes the output
        ConfigError    a secret or a file cannot be used any more; tried again like Unavailable
        LogError       what `context.log` raises passes through

    Their text names the output and the receiver, what was seen, and what to do. Any other
    exception is a bug: the output stops with the state `failed` until a person resumes it.

    Cancellation: `connect` and `send` are canceled when platewire stops or the output is
    restarted. CancelledError passes through; whether the events arrived is then unknown, and they
    come again. `close` follows.

    The same event can come again (at-least-once delivery), and a receiver drops repeats by
    `event.id`, which is the same on every attempt and replay. Over HTTP, `wire.attempt.headers`
    gives the headers that describe an attempt, and `webhook-id` carries the id. Test events
    (`event.test`) and replayed ones (`event.replayed`) are sent like others, and marked so.
    """

    batch: int = 1
    """Events in one `send` at most; above 1 only if sending many at once is cheaper."""
    lanes: int = 1
    """Calls of `send` side by side at most, each with events of other passages. 1 means that `send`
    is never called while another one runs; with more, `send` must be re-entrant."""
    failure: str = ""
    """What a person has to look at although deliveries go on, such as a gate that did not open.
    The output is shown as failed until this is empty again or a person resumes it."""
    warning: str = ""
    """What could lose events at the receiver although all goes well, for display."""

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port on which it listens; None for one that connects to its receiver. Raises
        Unavailable while it does not listen yet."""
        return None

    @abstractmethod
    async def connect(self) -> None:
        """Connects, or verifies that the receiver can be reached. `check` calls it too, so it
        sends no event."""

    @abstractmethod
    async def send(self, entries: Sequence[Entry]) -> None:
        """Sends 1 to `batch` events, in order. Returning means that the receiver has accepted all
        of them; an answer that does not say so raises."""

    @abstractmethod
    async def close(self) -> None:
        """Closes connections, sockets and files; ends its tasks. Called also if `connect` never
        succeeded. A second call does nothing."""

    async def recover(self) -> None:  # noqa: B027
        """Ends what an earlier run left half done, such as a relay that is still on. Called once
        at the start, also while the output is paused; called again after Unavailable or
        LogError."""

    async def held(self, floor: int) -> int | None:
        """Up to which seq the receiver stores everything that it was given; None if it cannot be
        queried for that. What it has lost is sent again.

        Called after each `connect`, before the first `send`, and every minute while no send runs.
        All events up to `floor` have been delivered, as far as earlier answers show: if the
        receiver has no more than at the last answer, but has lost nothing, it may be told that it
        has all up to `floor`. Raises Unavailable if it stores events that this log has never sent:
        then nothing is sent.
        """
        return None
