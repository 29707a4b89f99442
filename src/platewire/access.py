"""Values of the access decision: how a plate stands on lists, what a relay decided, when it opened.

No I/O: `AccessLists` is the contract that the lists room fulfills.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, NamedTuple, Protocol
from uuid import UUID

from msgspec import Meta, Struct

from platewire.model import BootTime, ListHit


class ListMatch(NamedTuple):
    """A list that knows the plate; `refusal` says why its entry does not hold here and now."""

    hit: ListHit
    refusal: str = ""


Outcome = Literal["opened", "not_opened", "unknown"]
"""`unknown`: it may have opened, and is not asked again."""
AS_OPENED: dict[Outcome | None, bool | None] = {"opened": True, "not_opened": False}
"""An outcome as yes or no; neither where it is not known."""


class Decision(Struct, frozen=True, kw_only=True):
    """What a relay did for one event, and why."""

    output: Annotated[str, Meta(description="Name of the output")]
    at: Annotated[datetime, Meta(description="Wall time of the decision, UTC")]
    seq: Annotated[int, Meta(description="The event, by seq")]
    passage: Annotated[UUID, Meta(description="UUIDv7 of the passage")]
    camera: Annotated[str, Meta(description="Configured name of the camera")]
    plate: Annotated[str, Meta(description="Number plate, A-Z and 0-9 only")]
    opened: Annotated[
        bool | None, Meta(description="Whether the relay opened; null where that is not known")
    ]
    outcome: Annotated[
        Outcome | None,
        Meta(
            description="What came of it; `unknown`: the device was told and did not answer well, "
            "so it may have opened. Null while it is being told"
        ),
    ] = None
    reason: Annotated[str, Meta(description="Why, as one word that programs may rely on")]
    detail: Annotated[str, Meta(description="Why, for people")]
    list: Annotated[str | None, Meta(description="The list that decided, or null")] = None
    test: Annotated[bool, Meta(description="A dry run: nothing was opened")] = False


class Opening(NamedTuple):
    """When something opened, or may have."""

    at: datetime
    """Wall time, UTC."""
    boot: BootTime | None
    """The same on the clock of the boot; None: not kept."""
    is_sure: bool = True
    """False: it may have."""


class AccessLists(Protocol):
    """What is asked of the lists and of the book of decisions that is kept beside them.

    All raise LogError where the file cannot be read or written.
    """

    async def look_up(
        self, plate: str, camera: str, at: datetime, *, partial: bool = False
    ) -> Sequence[ListMatch]:
        """One for each list that knows the plate (A-Z0-9), whether or not it holds then. A
        `partial` plate matches none exactly."""
        ...

    async def decide(self, decision: Decision, made: BootTime) -> int:
        """Writes a decision down, durable on return; its number in the book. `made` is when, as
        `decision.at` on the clock of the boot."""
        ...

    async def settle(self, number: int, *, outcome: Outcome, reason: str, detail: str) -> None:
        """What became of a decision whose `outcome` was null."""
        ...

    async def forget(self, number: int) -> None:
        """Takes a decision out of the book: it is not for us to say what came of it."""
        ...

    async def unsettled(self, output: str) -> Sequence[int]:
        """Decisions of earlier runs whose end is not known, as after a crash."""
        ...

    async def last_opened(
        self, output: str, *, passage: UUID | None = None, plate: str | None = None
    ) -> Opening | None:
        """When it last opened, or may have, for this passage or plate; None: not in the book."""
        ...
