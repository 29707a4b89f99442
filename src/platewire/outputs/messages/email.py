"""Email: one message per event, by SMTP. `smtp_session` speaks the protocol.

Each message uses its own session, because servers close idle ones.
"""

from collections.abc import Mapping, Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import partial
from typing import Annotated

from msgspec import Meta

from platewire.errors import ConfigError
from platewire.model import Entry, Event, Kind
from platewire.outputs import exchange
from platewire.outputs.http.tls import Tls
from platewire.outputs.messages import smtp_session
from platewire.outputs.messages.conversation import ConversationSettings, Trust
from platewire.outputs.messages.smtp_session import Encryption, Login, Server
from platewire.outputs.messages.text import DETAILS, TITLE, Texts, one_line
from platewire.outputs.output import (
    EventsPreset,
    Output,
    OutputContext,
    PictureChoice,
)
from platewire.runtime.secret import Secret, reveal

PORTS: Mapping[Encryption, int] = {"none": 25, "starttls": 587, "tls": 465}
LINE_CHARACTERS_MAX = 200
"""Characters of a subject or sender's name; mail programs show fewer."""

MailAddress = Annotated[
    str, Meta(max_length=254, pattern=r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+\Z")
]


class EmailSettings(ConversationSettings, frozen=True, kw_only=True, tag="email"):
    """Sends an email for each event."""

    port: Annotated[
        Annotated[int, Meta(ge=1, le=65535)] | None,
        Meta(description="Port; default: 587, 465 with `tls`, 25 with `none`"),
    ] = None
    encryption: Annotated[
        Encryption,
        Meta(
            description="`starttls`: upgrade after the greeting, required before a mail is sent; "
            "`tls`: from the first byte; `none`: only for a server on this computer"
        ),
    ] = "starttls"
    user: Annotated[str | None, Meta(description="User name for the mail server, if required")] = (
        None
    )
    password: Annotated[
        Secret | None, Meta(description="Password for the mail server, if required")
    ] = None
    sender: Annotated[
        MailAddress, Meta(description="Sender address", examples=["anpr@example.org"])
    ]
    recipients: Annotated[
        tuple[MailAddress, ...],
        Meta(
            min_length=1,
            max_length=100,
            description="Recipient addresses",
            examples=[["guard@example.org"]],
        ),
    ]
    subject: Annotated[
        str | None, Meta(description="Template; default: plate, kind and camera")
    ] = None
    text: Annotated[
        str | None,
        Meta(description="Template; default: plate, kind, direction, camera, site, time, lists"),
    ] = None
    events: Annotated[
        EventsPreset | tuple[Kind, ...], Meta(description="Kinds to send, one mail each")
    ] = (Kind.NEW,)
    picture: Annotated[PictureChoice, Meta(description="Picture to attach")] = "vehicle"

    @property
    def port_used(self) -> int:
        return self.port or PORTS[self.encryption]

    @property
    def receiver(self) -> str:
        return f"smtp{'s' if self.encryption == 'tls' else ''}://{self.host}:{self.port_used}"

    def build(self, context: OutputContext) -> "EmailOutput":
        """ConfigError for an invalid template, address, secret or file."""
        return EmailOutput(self, context)


class EmailOutput(Output):
    def __init__(self, settings: EmailSettings, context: OutputContext) -> None:
        self._settings = settings
        self._context = context
        self._who = f'output "{settings.name}": {settings.receiver}'
        self._server = _server(settings, self._who)
        templates = {"subject": settings.subject or TITLE, "text": settings.text or DETAILS}
        self._texts = Texts(f'output "{settings.name}"', templates, context.site)
        self._conversation = settings.conversation(self._who, settings.port_used)

    async def connect(self) -> None:
        """Logs in and quits, to report a wrong password or certificate before any event."""
        self._server = _server(self._settings, self._who)
        await self._conversation.hold(partial(smtp_session.check, server=self._server))

    async def send(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            exchange.tell_request("MAIL", self._settings.receiver, {})
            talk = partial(
                smtp_session.send,
                server=self._server,
                sender=self._settings.sender,
                recipients=self._settings.recipients,
                mail=await self._mail(entry),
            )
            self._note(await self._conversation.hold(talk))

    async def close(self) -> None:
        self._conversation.close()

    def _note(self, refused: Mapping[str, str]) -> None:
        if refused:
            said = ", ".join(f"{each} ({reason})" for each, reason in refused.items())
            text = f"{self._who} refused some recipients: {said}; delivered to the others"
            self._context.board.note("output", self._settings.name, text)

    # --- the mail --------------------------------------------------------------------------------

    async def _mail(self, entry: Entry) -> bytes:
        event, texts = entry.event, self._texts.of(entry)
        mail = EmailMessage(policy=SMTP)
        for name, value in self._headers(event).items():
            mail[name] = value
        mail["Subject"] = one_line(texts["subject"], LINE_CHARACTERS_MAX)
        mail.set_content(texts["text"], cte="quoted-printable")
        jpeg = await self._context.jpeg(self._settings.picture_of(event.images))
        if jpeg is not None:
            name = f"{_letters_and_digits(event.plate.text) or 'picture'}.jpg"
            mail.add_attachment(jpeg, "image", "jpeg", disposition="inline", filename=name)
        return mail.as_bytes()

    def _headers(self, event: Event) -> Mapping[str, object]:
        """The same `Message-ID` on each attempt; `References` is the same within a passage."""
        settings, domain = self._settings, self._settings.sender.rpartition("@")[2]
        return {
            "From": Address(
                one_line(self._context.site.name, LINE_CHARACTERS_MAX), addr_spec=settings.sender
            ),
            "To": [Address(addr_spec=each) for each in settings.recipients],
            "Date": format_datetime(self._context.clock.now()),
            "Message-ID": f"<{event.id}@{domain}>",
            "References": f"<{event.passage}@{domain}>",
            "Auto-Submitted": "auto-generated",  # suppresses automatic replies (RFC 3834)
        }


def _letters_and_digits(text: str) -> str:
    return "".join(each for each in text if each.isascii() and each.isalnum())


def _server(settings: EmailSettings, who: str) -> Server:
    """Reads secrets at startup and again on each connect, because they may change."""
    if (settings.user is None) != (settings.password is None):
        raise ConfigError(f"{who}: `user` and `password` belong together; set both or neither")
    if settings.encryption == "none" and settings.tls != Tls():
        raise ConfigError(f'{who}: `tls` has no effect with `encryption = "none"`; remove one')
    login = None
    if settings.user is not None and settings.password is not None:
        try:
            login = Login(settings.user, reveal(settings.password))
        except ConfigError as error:
            raise ConfigError(f"{who}: {error}") from error
    return Server(who, settings.host, settings.encryption, Trust(who, settings.tls), login)
