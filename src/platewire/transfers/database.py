"""Events into PostgreSQL, where third parties read them through the views of the SQL contract.

At least once on the way, exactly once in the tables: a batch is a transaction, an event is known
by its id. What the tables and views are is decided in `database.postgresql`; which picture goes
along and what the settings mean, here.
"""

import contextlib
import logging
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta

from platewire.errors import ConfigError, Unavailable
from platewire.model import Entry, Event, Image
from platewire.secret import Secret, reveal
from platewire.transfers.transfer import TransferContext, TransferSettings

if TYPE_CHECKING:
    from platewire.database.postgresql.connection import Address
    from platewire.database.postgresql.write import ShownImage

CLOSE_SECONDS = 2.0
TAKE_IN_EVERY_SECONDS = 10.0
TAKE_IN_STEPS = 20
KEPT = {"none": 0, "plate": 1, "vehicle": 2, "frame": 3}
"""How many of plate, vehicle and frame are kept as bytes; of the others a link is kept."""

diagnostics = logging.getLogger(__name__)


class PostgresqlTransfer(TransferSettings, frozen=True, kw_only=True, tag="postgresql"):
    """Writes events into a PostgreSQL database."""

    url: Annotated[
        str,
        Meta(
            description="postgresql://user@host:5432/database, without a password; several hosts "
            "with commas, the one that can be written to is used. Or env:NAME or file:PATH, where "
            "a URL lies that may hold the password"
        ),
    ]
    password: Annotated[Secret | None, Meta(description="Where the password lies")] = None
    schema: Annotated[
        str,
        Meta(
            pattern=r"^[a-z_][a-z0-9_]{0,40}$",
            description="Schema of platewire's own; made when it is not there",
        ),
    ] = "platewire"
    node: Annotated[
        Annotated[str, Meta(min_length=1)] | None,
        Meta(
            description="Name by which this platewire is told from others that write into the "
            "same database; not set: the name of the site",
        ),
    ] = None
    start: Annotated[
        Literal["now", "beginning"],
        Meta(description="Where a transfer begins that has never run: new events, or all kept"),
    ] = "beginning"
    batch: Annotated[
        int, Meta(ge=1, le=5000, description="Events written in one transaction at most")
    ] = 2000
    retention_months: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(
            description="Whole months that are kept besides the current one, of all nodes; older "
            "ones are dropped; not set: never"
        ),
    ] = None
    links: Annotated[
        str,
        Meta(
            description="Address of platewire's page, e.g. http://gate-pc:8480, with which links "
            "to pictures begin"
        ),
    ] = ""
    connect_seconds: Annotated[float, Meta(gt=0, description="Longest wait for a connection")] = 10
    statement_seconds: Annotated[
        float, Meta(ge=1, description="Longest wait for a statement or a lock")
    ] = 30

    def build(self, context: TransferContext) -> "PostgresqlSender":
        """ConfigError where the url or a secret cannot be used, or asyncpg is missing."""
        with configured(self):
            import_driver()
        return PostgresqlSender(self, context)


@contextlib.contextmanager
def configured(settings: PostgresqlTransfer) -> Any:
    """ConfigError names the transfer."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(f'transfer "{settings.name}": {error}') from error


def import_driver() -> None:
    try:
        import asyncpg  # noqa: F401
    except ModuleNotFoundError as error:
        raise ConfigError(
            "PostgreSQL needs a library that is not installed; "
            "install it with `pip install 'platewire[postgresql]'`"
        ) from error


def address(settings: PostgresqlTransfer) -> "Address":
    """Reads the secrets; ConfigError where they or the URL cannot be used."""
    from platewire.database.postgresql.connection import Address

    named = re.match(r"(env|file):", settings.url)
    url = reveal(settings.url) if named else settings.url
    check_url(url, named=settings.url if named else None)
    return Address(
        url=url,
        password=None if settings.password is None else reveal(settings.password),
        schema=settings.schema,
        application=f"platewire {settings.name}",
        connect_seconds=settings.connect_seconds,
        statement_seconds=settings.statement_seconds,
    )


HOST = re.compile(r"(?:\[[0-9A-Fa-f:.%]+\]|[^][:,]*)(?::(\d{0,5}))?")
PORT_MAX = 65535


def check_url(url: str, *, named: str | None) -> None:
    """`named` is where the URL lies, if not in the open; then it may hold a password."""
    match = re.fullmatch(r"postgres(?:ql)?://(?:([^/?]*)@)?([^/?@]*)/([^/?]+)(\?.*)?", url)
    if match is None or not all(_is_host(each) for each in match.group(2).split(",")):
        seen = named or re.sub(r"//.*@", "//...@", url.partition("?")[0])
        raise ConfigError(f"`url` is {seen}; it must be like postgresql://user@host:5432/database")
    user, _, _, options = match.groups()
    if named is None and (":" in (user or "") or "password=" in (options or "")):
        raise ConfigError(
            "`url` holds a password; put it into a file or the environment and name that in "
            "`password`"
        )


def _is_host(text: str) -> bool:
    match = HOST.fullmatch(text)
    return match is not None and int(match.group(1) or 1) <= PORT_MAX


class PostgresqlSender:
    """Implements `Transfer`."""

    def __init__(self, settings: PostgresqlTransfer, context: TransferContext) -> None:
        self._settings = settings
        self._context = context
        self._node = settings.node or context.site.name
        self._connection: Any = None
        self._take_in_at = 0.0
        self._prepare()

    @property
    def batch(self) -> int:
        return self._settings.batch

    def _prepare(self) -> None:
        """Reads secrets, at the start and again at each connect: they change."""
        with configured(self._settings):
            self._address = address(self._settings)
        self._who = f'transfer "{self._settings.name}": {self._address.shown}'

    async def connect(self) -> None:
        """Connects, brings the schema forward, tells of this node, drops months that are over."""
        from platewire.database.postgresql import connection, migrate, write

        await self.close()
        self._prepare()
        with connection.explained(self._who):
            self._connection = await connection.connect(self._address)
            await migrate.migrate(self._connection, self._settings.schema)
            now = self._context.clock.now()
            await write.describe(self._connection, self._node, self._context.site, now)
        await self._retain()

    async def send(self, entries: Sequence[Entry]) -> None:
        """One transaction."""
        from platewire.database.postgresql import connection, write

        if self._connection is None:
            raise Unavailable(f"{self._who} is not connected")
        once = {entry.event.id: entry for entry in entries}
        batch = write.Batch(list(once.values()), await self._images(once.values()))
        with connection.explained(self._who, storing=True):
            begun = await write.write(self._connection, self._node, batch)
        if begun:
            await self._retain()
        if len(entries) < self.batch:
            await self._take_in_plates()

    async def close(self) -> None:
        """Lets the server know, or breaks off where it does not answer."""
        held, self._connection = self._connection, None
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
        now = self._context.clock.now()
        oldest = partitions.oldest_kept(now, self._settings.retention_months)
        try:
            with connection.explained(self._who):
                dropped = await partitions.drop_before(self._connection, oldest, now)
                if dropped:
                    await forget(self._connection)
        except Unavailable as error:
            diagnostics.warning("a month that is over could not be dropped yet: %s", error)
            return
        for month in dropped:
            diagnostics.info("%s: dropped the month %s", self._who, month.suffix)

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
            diagnostics.warning("plates for searches could not be taken in yet: %s", error)

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
