"""Writer on one connection: its progress, and whether the events in the database are its own."""

from typing import Any

from platewire.database.postgresql.connection import unwaited
from platewire.database.postgresql.node import (
    Mark,
    Node,
    advance_mark,
    claim,
    mark_of,
    namesakes,
    raise_mark,
)
from platewire.database.postgresql.partitions import Month
from platewire.database.postgresql.write import Batch, write
from platewire.errors import Unavailable
from platewire.model import EventReader, Site, entry_at
from platewire.runtime.clock import Clock

OTHER_HISTORY = (
    'the database has other events of "{}" (node_id {}) than the log: its newest event is seq {}, '
    "id {}, but {}. Either a copy of this installation writes to the database, or the "
    "folder of the log was restored from an older copy. Nothing is written, so that the events are "
    "not mixed. "
    "Stop the copy; or set `node_id` of the output to a new UUID (from uuidgen), and all events of "
    "the log are sent under that identity"
)
NAMESAKE = (
    'another installation writes with the same name "{}", and only `node_id` distinguishes them; '
    "set a different `node` for each"
)


class Writer:
    """Create one for each connection."""

    def __init__(
        self,
        connection: Any,
        node_id: str,
        output: str,
        site: Site,
        log: EventReader,
        clock: Clock,
    ) -> None:
        """`site` has the name by which the node is shown."""
        self._connection = connection
        self._node_id = node_id
        self._output = output
        self._site = site
        self._log = log
        self._clock = clock
        self._node: Node | None = None
        self._compared = False
        """`held` has returned the mark at least once."""

    async def node(self) -> Node:
        """As in the tables; the first call creates it."""
        if self._node is None:
            self._node = await claim(
                self._connection,
                self._node_id,
                self._output,
                self._site,
                self._clock.now(),
                self._gave,
            )
        return self._node

    async def write(self, batch: Batch) -> list[Month]:
        """As `write.write`, as this node."""
        own = await self.node()
        begun = await write(self._connection, own, batch)
        self._node = own._replace(mark=advance_mark(own.mark, batch.entries))
        return begun

    async def held(self, floor: int) -> int:
        """See `Output.held`. The mark follows `floor`, so that it stays current if no event is
        selected for a long time."""
        own = await self.node()
        mark = await mark_of(self._connection, own.key, own.output)
        await self._check_history(mark)
        steady = self._compared and mark == own.mark
        self._node, self._compared = own._replace(mark=mark), True
        if steady and floor > mark.seq:
            await self._follow(self._node, floor)
        return self._node.mark.seq

    async def _follow(self, own: Node, floor: int) -> None:
        if (event_id := await self._id_at(floor)) is not None:
            mark = Mark(floor, event_id)
            await raise_mark(self._connection, own, mark)
            self._node = own._replace(mark=mark)

    async def warning(self) -> str:
        """Risks of losing or mixing events although the connection works; empty if none."""
        told = [await unwaited(self._connection)]
        if await namesakes(self._connection, (await self.node()).key):
            told.append(NAMESAKE.format(self._site.name))
        return "; ".join(each for each in told if each)

    async def _check_history(self, mark: Mark) -> None:
        """Unavailable where the mark was not written from this log."""
        if not mark.seq:
            return
        ours = await self._id_at(mark.seq)
        if mark.seq > self._log.last_seq:
            told = f"this log ends at seq {self._log.last_seq}"
        elif ours not in (None, mark.event_id):
            told = f"in this log that seq has the id {ours}"
        else:
            return
        raise Unavailable(OTHER_HISTORY.format(self._site.name, self._node_id, *mark, told))

    async def _gave(self, mark: Mark) -> bool:
        """Whether the log has this event at this sequence number."""
        return await self._id_at(mark.seq) == mark.event_id

    async def _id_at(self, seq: int) -> str | None:
        entry = await entry_at(self._log, seq)
        return None if entry is None else str(entry.event.id)
