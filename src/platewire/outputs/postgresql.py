"""Events into PostgreSQL, for other systems to read through the views of the SQL contract.

At least once on the way, exactly once in the tables: a batch is a transaction, an event is known
by its id. What the tables and views are is decided in `database.postgresql`; which picture goes
along and what the settings mean, here.
"""

import contextlib
import logging
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from msgspec import Meta, structs

from platewire.database.erasure import DatabaseErasure
from platewire.database.postgresql.address import (
    Address,
    WrittenDatabase,
    check_url,
    display_url,
    import_driver,
)
from platewire.errors import ConfigError, Unavailable
from platewire.model import Entry, Event, Image
from platewire.outputs.output import Output, OutputContext, OutputSettings
from platewire.runtime.secret import Secret, reveal

if TYPE_CHECKING:
    from platewire.database.postgresql.write import ShownImage
    from platewire.database.postgresql.writer import Writer

CLOSE_SECONDS = 2.0
"""Seconds for taking leave of the server; then the connection is dropped, which loses nothing."""
TAKE_IN_EVERY_SECONDS = 10.0
"""Seconds between two updates of the plate index; a longer pause only makes a search slower."""
MONTHS_EVERY_SECONDS = 3600.0
"""Besides at each new month: it may have been held, by a reader or a wrong clock."""
TAKE_IN_STEPS = 20
"""Steps of one update, so that events never wait long for it."""
UUID_PATTERN = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z"
KEPT = {"none": 0, "plate": 1, "vehicle": 2, "frame": 3}
"""How many of plate, vehicle and frame are kept as bytes; of the others a link is kept."""

diagnostics = logging.getLogger(__name__)


class PostgresqlSettings(OutputSettings, frozen=True, kw_only=True, tag="postgresql"):
    """Writes events into a PostgreSQL database."""

    connecting: ClassVar[str] = "logged in and checked the tables"
    has_database: ClassVar[bool] = True

    url: Annotated[
        str,
        Meta(
            description="postgresql://user@host:5432/database, without a password; several hosts "
            "separated by commas: the writable one is used. Or env:NAME or file:PATH "
            "of a URL, which may contain the password",
            examples=["postgresql://platewire@192.0.2.20/anpr"],
        ),
    ]
    password: Annotated[Secret | None, Meta(description="Where the password is stored")] = None
    schema: Annotated[
        str,
        Meta(
            pattern=r"^[a-z_][a-z0-9_]{0,40}\Z",
            description="Schema of platewire; created if it does not exist",
        ),
    ] = "platewire"
    node: Annotated[
        Annotated[str, Meta(min_length=1)] | None,
        Meta(
            description="Name of this installation among others that write to the same database; "
            "default: the name of the site",
        ),
    ] = None
    node_id: Annotated[
        Annotated[str, Meta(pattern=UUID_PATTERN)] | None,
        Meta(
            description="UUID of this installation in the database, whatever its name; default: "
            "that of its log. A copy of an installation that writes beside the "
            "original requires its own"
        ),
    ] = None
    start: Annotated[
        Literal["now", "beginning"],
        Meta(description="Start of a new output: new events only, or all stored events"),
    ] = "beginning"
    batch: Annotated[int, Meta(ge=1, le=5000, description="Maximum events per transaction")] = 2000
    retention_months: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(
            description="Retention in whole months besides the current one, of all nodes; older "
            "months are dropped; default: never"
        ),
    ] = None
    links: Annotated[
        str,
        Meta(
            description="URL of platewire's console, e.g. http://gate-pc:8480, for links to "
            "pictures"
        ),
    ] = ""
    connect_seconds: Annotated[float, Meta(gt=0, description="Timeout for connecting")] = 10
    statement_seconds: Annotated[
        float, Meta(ge=1, description="Timeout for a statement or a lock")
    ] = 30

    @property
    def receiver(self) -> str:
        return display_url(self.url)

    def build(self, context: OutputContext) -> "PostgresqlOutput":
        """ConfigError where the url or a secret cannot be used, or asyncpg is missing."""
        with configured(self):
            import_driver()
        return PostgresqlOutput(self, context)

    def database(self) -> WrittenDatabase:
        with configured(self):
            import_driver()
            return WrittenDatabase(self.address(), self.node_id, self.retention_months)

    def address(self) -> Address:
        """Reads the secrets; ConfigError where they or the URL cannot be used."""
        named = re.match(r"(env|file):", self.url)
        url = reveal(self.url) if named else self.url
        check_url(url, named=self.url if named else None)
        return Address(
            url=url,
            password=None if self.password is None else reveal(self.password),
            schema=self.schema,
            application=f"platewire {self.name}",
            connect_seconds=self.connect_seconds,
            statement_seconds=self.statement_seconds,
        )

    async def erase(self, plate: str, name: str, now: datetime) -> DatabaseErasure:
        address = self.database().address
        from platewire.database.postgresql import erase
        from platewire.database.postgresql.connection import connect, explained
        from platewire.database.postgresql.migrate import migrate

        with explained(f'output "{self.name}": {address.display}'):
            connection = await connect(address)
            try:
                await migrate(connection, self.schema)
                return await erase.erase(connection, self.schema, plate, name, now)
            finally:
                await connection.close()


@contextlib.contextmanager
def configured(settings: PostgresqlSettings) -> Any:
    """ConfigError names the output."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(f'output "{settings.name}": {error}') from error


class PostgresqlOutput(Output):
    def __init__(self, settings: PostgresqlSettings, context: OutputContext) -> None:
        self._settings = settings
        self._context = context
        self.batch = settings.batch
        self._site = structs.replace(context.site, name=settings.node or context.site.name)
        self._node_id = settings.node_id or str(context.log.numbering.log_id)
        self._writer: Writer | None = None
        self._connection: Any = None
        self._take_in_at = 0.0
        self._months_at = 0.0
        self._prepare()

    def _prepare(self) -> None:
        """Reads secrets, at the start and again at each connect: they change."""
        with configured(self._settings):
            self._address = self._settings.address()
        self._who = f'output "{self._settings.name}": {self._address.display}'

    async def connect(self) -> None:
        """Connects, brings the schema forward, drops months that are over."""
        from platewire.database.postgresql import connection, migrate, writer

        await self.close()
        self._prepare()
        with connection.explained(self._who):
            self._connection = await connection.connect(self._address)
            await migrate.migrate(self._connection, self._settings.schema)
        self._writer = writer.Writer(
            self._connection,
            self._node_id,
            self._settings.name,
            self._site,
            self._context.log,
            self._context.clock,
        )
        await self._retain()

    async def held(self, floor: int) -> int:
        """As the mark of this output there says."""
        from platewire.database.postgresql import connection

        with connection.explained(self._who):
            writer = self._connected()
            held = await writer.held(floor)
            self.warning = await writer.warning()
        return held

    def _connected(self) -> "Writer":
        if self._writer is None:
            raise Unavailable("not connected")
        return self._writer

    async def send(self, entries: Sequence[Entry]) -> None:
        """One transaction."""
        from platewire.database.postgresql import connection, write

        if self._writer is None:
            raise Unavailable(f"{self._who} is not connected")
        once = {entry.event.id: entry for entry in entries}
        batch = write.Batch(list(once.values()), await self._images(once.values()))
        with connection.explained(self._who, storing=True):
            begun = await self._writer.write(batch)
        if begun or self._context.clock.monotonic() >= self._months_at:
            await self._retain()
        if len(entries) < self.batch:
            await self._take_in_plates()

    async def close(self) -> None:
        """Lets the server know, or breaks off where it does not answer."""
        held, self._connection = self._connection, None
        self._writer = None
        if held is None:
            return
        try:
            await held.close(timeout=CLOSE_SECONDS)
        except Exception:
            # A connection that cannot be closed in good order is none any more.
            held.terminate()

    async def _retain(self) -> None:
        """What a reader holds is dropped another time: that is no reason to send nothing."""
        from platewire.database.postgresql import connection, partitions
        from platewire.database.postgresql.search import forget

        if self._settings.retention_months is None:
            return
        self._months_at = self._context.clock.monotonic() + MONTHS_EVERY_SECONDS
        now = self._context.log.retention_time
        if now is None:
            self._note(
                "retention of old months is suspended, because the clock of this computer "
                "is not trusted"
            )
            return
        oldest = partitions.oldest_kept(now, self._settings.retention_months)
        try:
            with connection.explained(self._who):
                dropped = await partitions.drop_before(self._connection, oldest, now)
                if dropped:
                    await forget(self._connection)
        except Unavailable as error:
            diagnostics.warning("retention: a month could not be dropped, retrying: %s", error)
            return
        for month in dropped:
            diagnostics.info("%s: retention dropped the month %s", self._who, month.suffix)

    def _note(self, message: str) -> None:
        name = self._settings.name
        self._context.board.note("output", name, f'output "{name}": {message}')

    async def _take_in_plates(self) -> None:
        """Prepares searches, now and then, once there is nothing more urgent."""
        from platewire.database.postgresql import connection, search

        now = self._context.clock.monotonic()
        if now < self._take_in_at:
            return
        self._take_in_at = now + TAKE_IN_EVERY_SECONDS
        try:
            with connection.explained(self._who):
                for _ in range(TAKE_IN_STEPS):
                    if not await search.take_in(self._connection):
                        break
        except Unavailable as error:
            diagnostics.warning(
                "the plate index for searches could not be updated, retrying: %s", error
            )

    # --- pictures -------------------------------------------------------------------------------

    async def _images(self, entries: Iterable[Entry]) -> "list[ShownImage]":
        """Each picture once; its bytes where they are to be kept and retention has left them."""
        from platewire.database.postgresql.write import ShownImage

        wanted: dict[str, tuple[Image, bool]] = {}
        for entry in entries:
            for image, kept in self._pictures(entry.event):
                _, before = wanted.get(image.sha256, (image, False))
                wanted[image.sha256] = (image, kept or before)
        return [
            ShownImage(
                image,
                self._link(image),
                await self._context.log.picture(image.sha256) if kept else None,
            )
            for image, kept in wanted.values()
        ]

    def _pictures(self, event: Event) -> Iterable[tuple[Image, bool]]:
        kept = KEPT[self._settings.picture]
        roles = (event.images.plate, event.images.vehicle, event.images.frame)
        return ((image, index < kept) for index, image in enumerate(roles) if image is not None)

    def _link(self, image: Image) -> str:
        return self._settings.links.rstrip("/") + image.url
