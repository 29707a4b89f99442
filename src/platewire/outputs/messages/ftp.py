"""FTP: uploads the picture of each event, as the cameras do; `ftp_session` speaks the protocol.

A retry uses the same name and overwrites the file. Each event uses its own session, because servers
close idle ones.
"""

from collections.abc import Sequence
from functools import partial
from typing import Annotated

from msgspec import Meta

from platewire.errors import ConfigError, Rejected
from platewire.model import Entry
from platewire.outputs import exchange
from platewire.outputs.http.tls import Tls
from platewire.outputs.messages import ftp_session
from platewire.outputs.messages.conversation import ConversationSettings, Trust
from platewire.outputs.messages.ftp_session import Encryption, File, Server
from platewire.outputs.output import Output, OutputContext, PictureChoice
from platewire.runtime.secret import Secret, reveal
from platewire.wire import ftp_name

Printable = Annotated[str, Meta(min_length=1, pattern=r"^[\x20-\x7e]+\Z")]


class FtpSettings(ConversationSettings, frozen=True, kw_only=True, tag="ftp"):
    """Uploads the picture of each event to an FTP server."""

    port: Annotated[int, Meta(ge=1, le=65535, description="Port")] = 21
    encryption: Annotated[
        Encryption,
        Meta(
            description="`tls`: explicit FTPS, required before the login; `none`: password and "
            "pictures are sent in clear text"
        ),
    ] = "tls"
    user: Annotated[Printable, Meta(description="User name")] = "anonymous"
    password: Annotated[Secret | None, Meta(description="Password, if required")] = None
    path: Annotated[
        str,
        Meta(description="Folders and file name without extension, with placeholders"),
    ] = ftp_name.FAMILY
    picture: Annotated[PictureChoice, Meta(description="Picture to upload")] = "frame"
    json: Annotated[bool, Meta(description="Also upload the event, as a .json file")] = False

    @property
    def receiver(self) -> str:
        return f"ftp{'es' if self.encryption == 'tls' else ''}://{self.host}:{self.port}"

    def build(self, context: OutputContext) -> "FtpOutput":
        """ConfigError for an invalid path, address, secret or file."""
        return FtpOutput(self, context)


class FtpOutput(Output):
    def __init__(self, settings: FtpSettings, context: OutputContext) -> None:
        self._settings = settings
        self._context = context
        self._who = f'output "{settings.name}": {settings.receiver}'
        self._server = _server(settings, self._who)
        try:
            ftp_name.check(settings.path)
        except ValueError as error:
            raise ConfigError(f'output "{settings.name}": `path` {error}') from error
        self._conversation = settings.conversation(self._who, settings.port)

    async def connect(self) -> None:
        """Logs in and quits, to report a wrong password or certificate before any event."""
        self._server = _server(self._settings, self._who)
        await self._conversation.hold(partial(ftp_session.check, server=self._server))

    async def send(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            files = await self._files(entry)
            exchange.tell_request("STOR", f"{self._settings.receiver}/{files[0].path}", {})
            put = partial(ftp_session.put, server=self._server, files=files)
            await self._conversation.hold(put)

    async def close(self) -> None:
        self._conversation.close()

    async def _files(self, entry: Entry) -> Sequence[File]:
        """The event last, so that its picture is already there."""
        *folders, name = ftp_name.name(self._settings.path, entry.event, self._context.site)
        files = []
        jpeg = await self._context.jpeg(self._settings.picture_of(entry.event.images))
        if jpeg is not None:
            files.append(File(folders, f"{name}.jpg", jpeg))
        if self._settings.json:
            files.append(File(folders, f"{name}.json", entry.body))
        if not files:
            raise Rejected(
                f"{self._who}: the event has no picture; set `json = true` to upload events "
                "without one"
            )
        return files


def _server(settings: FtpSettings, who: str) -> Server:
    """Reads secrets at startup and again on each connect, because they may change."""
    if settings.encryption == "none" and settings.tls != Tls():
        raise ConfigError(f'{who}: `tls` has no effect with `encryption = "none"`; remove one')
    try:
        password = "" if settings.password is None else reveal(settings.password)
    except ConfigError as error:
        raise ConfigError(f"{who}: {error}") from error
    if not password.isprintable():
        raise ConfigError(
            f"{who}: secret {settings.password} contains characters that FTP cannot send"
        )
    return Server(
        who,
        settings.host,
        settings.encryption,
        Trust(who, settings.tls),
        settings.user,
        password,
        settings.answer_seconds,
    )
