"""Log entries to an MQTT broker: their messages, and when they count as delivered.

    <prefix>/<site>/status                online or offline, retained; offline is the last will too
    <prefix>/<site>/<camera>/event        each event, as it is logged
    <prefix>/<site>/<camera>/last         the same, retained, for the passage that began last
    <prefix>/<site>/<camera>/image/plate  its picture, retained, before the two others
    <prefix>/<site>/<camera>/onvif-ej/... the event as ONVIF's JSON, if configured

An event is delivered when the broker has acknowledged all of its messages (QoS 1). Between events,
a lost connection is restored here, so that `status` is correct.
"""

import asyncio
import contextlib
import itertools
import secrets
import ssl
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import platewire
from platewire.errors import PROVING_SECONDS, ConfigError, Rejected, Unavailable
from platewire.errors import Refused as RefusesUs
from platewire.model import Entry, Event
from platewire.outputs.http import tls as http_tls
from platewire.outputs.mqtt.session import (
    Broker,
    Lost,
    Message,
    Received,
    Refused,
    Session,
    open_session,
)
from platewire.outputs.mqtt.settings import BrokerSettings
from platewire.outputs.output import Output, OutputContext
from platewire.runtime.backoff import Backoff
from platewire.runtime.secret import reveal
from platewire.runtime.status import State
from platewire.runtime.system_error import in_words
from platewire.wire.mqtt import home_assistant
from platewire.wire.mqtt.home_assistant import OFFLINE, ONLINE
from platewire.wire.mqtt.topic import SiteTopics
from platewire.wire.vms import onvif

RECONNECT_BACKOFF = Backoff(first_seconds=0.5, longest_seconds=60.0)
ROLE = "output"


class RetainedTopics(NamedTuple):
    """Contents of the retained topics of one camera."""

    began: datetime
    picture: str | None
    """SHA-256 of the JPEG that is there, or of one that cannot be."""


class MqttOutput(Output):
    batch = 16

    def __init__(self, settings: BrokerSettings, context: OutputContext) -> None:
        self._settings = settings
        self._context = context
        self._who = f'output "{settings.name}": broker {settings.host}:{settings.port_used}'
        self._lost = f"{self._who} closed the connection; check the broker"
        self._topics = SiteTopics(settings.prefix, context.site.name)
        beginning = settings.client_id or f"platewire-{settings.name}"
        self._client_id = f"{beginning}-{secrets.token_hex(4)}"
        self._session: Session | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._stirred = asyncio.Event()
        """Set when the connection is lost, or all is to be said again."""
        self._retained_topics: dict[str, RetainedTopics] = {}
        self._broker()

    async def connect(self) -> None:
        """Unavailable where the broker cannot be reached or does not want us."""
        await self._let_go()
        await self._open()
        self._keeper = asyncio.create_task(
            self._keep_connected(), name=f"output {self._settings.name}"
        )

    async def send(self, entries: Sequence[Entry]) -> None:
        session = self._connected()
        for entry in entries:
            self._check_size(session, entry)
        messages = [(entry, each) for entry in entries for each in await self._messages(entry)]
        try:
            async with asyncio.timeout(self._settings.answer_seconds):
                outcomes = await session.publish([message for _, message in messages])
        except TimeoutError as error:
            await self._let_go()
            raise Unavailable(
                f"{self._who} did not acknowledge within {self._settings.answer_seconds:g} s; "
                "check the broker, or raise `answer_seconds`"
            ) from error
        for (entry, message), outcome in zip(messages, outcomes, strict=True):
            self._judge(entry, message, outcome)

    async def close(self) -> None:
        await self._let_go()

    # --- the connection -------------------------------------------------------------------------

    def _connected(self) -> Session:
        if self._keeper is not None and self._keeper.done():
            self._keeper.result()  # it ends by an error of its own only
        if self._session is None:
            raise Unavailable(f"{self._who} is not connected")
        if not self._session.alive:
            raise Unavailable(self._lost)
        return self._session

    async def _open(self) -> None:
        # It may be another broker, or the same with an empty memory: pictures are sent again.
        self._retained_topics = {
            name: each._replace(picture=None) for name, each in self._retained_topics.items()
        }
        self._stirred.clear()
        try:
            self._session = await open_session(self._broker(), self._hear)
            await self._announce(self._session)
        except (OSError, TimeoutError, Refused, Lost) as error:
            await self._drop_session()
            why = f"{self._who} {_why(error, self._settings)}"
            if isinstance(error, Refused) and error.of_us:
                raise RefusesUs(why, least_wait=PROVING_SECONDS) from error
            raise Unavailable(why) from error

    async def _announce(self, session: Session) -> None:
        """Says that we are there, listens for who says otherwise, and shows the cameras."""
        settings = self._settings
        listen = [self._topics.status]
        if settings.home_assistant:
            listen.append(home_assistant.status_topic(settings.home_assistant_prefix))
        await session.subscribe(listen)
        session.lost.add_done_callback(lambda _: self._stirred.set())
        await self._say_hello(session)

    async def _say_hello(self, session: Session) -> None:
        hello = self._hello()
        async with asyncio.timeout(self._settings.answer_seconds):
            outcomes = await session.publish(hello)
        for message, outcome in zip(hello, outcomes, strict=True):
            if isinstance(outcome, Refused):
                raise RefusesUs(
                    f'{self._who} rejected the message on "{message.topic}": {outcome}; allow '
                    "this user to publish there, or change `prefix` or `home_assistant`"
                )
            if outcome is not None:
                raise outcome

    def _hello(self) -> list[Message]:
        messages = [Message(self._topics.status, ONLINE, retain=True)]
        return messages + (self._discovery() if self._settings.home_assistant else [])

    def _discovery(self) -> list[Message]:
        settings = self._settings
        cameras = settings.cameras or tuple(self._context.site.channels)
        return [
            Message(topic, payload, retain=True)
            for camera in cameras
            for topic, payload in home_assistant.discovery(
                camera,
                self._topics,
                prefix=settings.home_assistant_prefix,
                picture=None if settings.picture == "none" else settings.picture,
                version=platewire.__version__,
            )
        ]

    def _hear(self, received: Received) -> None:
        """Another connection of ours has ended, or Home Assistant has started: say it all again."""
        ours = received.topic == self._topics.status
        if received.payload == (OFFLINE if ours else ONLINE) and not received.retained:
            self._stirred.set()

    async def _keep_connected(self) -> None:
        """Until canceled."""
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            if not await self._greeted_again():
                await self._reconnect()

    async def _greeted_again(self) -> bool:
        session = self._session
        if session is not None and session.alive:
            with contextlib.suppress(Unavailable, Lost, TimeoutError):
                await self._say_hello(session)
                return True
        return False

    async def _reconnect(self) -> None:
        """Tries for ever. The next `send` tells the delivery, which then connects by itself."""
        self._show(self._lost)
        least = 0.0
        for attempt in itertools.count(1):
            await self._context.clock.sleep(max(least, RECONNECT_BACKOFF.delay(attempt)))
            await self._drop_session()
            try:
                await self._open()
            except (Unavailable, ConfigError) as error:
                least = error.least_wait if isinstance(error, RefusesUs) else 0.0
                self._show(str(error))
            else:
                self._show("")
                return

    def _show(self, trouble: str) -> None:
        """An output that was paused meanwhile stays so."""
        name, board = self._settings.name, self._context.board
        if board.line(ROLE, name).state not in (State.RUNNING, State.WAITING):
            return
        if trouble:
            board.fail(ROLE, name, State.WAITING, trouble)
        else:
            board.say(ROLE, name, State.RUNNING)

    async def _let_go(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
            self._keeper = None
        await self._drop_session()

    async def _drop_session(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close(Message(self._topics.status, OFFLINE, retain=True))

    def _broker(self) -> Broker:
        """Reads secrets and certificates, at the start and again at each connect: they change."""
        settings = self._settings
        try:
            if settings.password is not None and settings.username is None:
                raise ConfigError("`password` requires `username`; set both")
            return Broker(
                host=settings.host,
                port=settings.port_used,
                tls=None if settings.tls is None else http_tls.context(settings.tls),
                username=settings.username,
                password=None if settings.password is None else reveal(settings.password),
                client_id=self._client_id,
                version=5 if settings.protocol == "5" else 4,
                keepalive_seconds=settings.keepalive_seconds,
                connect_seconds=settings.connect_seconds,
                will_topic=self._topics.status,
                will=OFFLINE,
            )
        except ConfigError as error:
            raise ConfigError(f'output "{settings.name}": {error}') from error

    # --- what is published ----------------------------------------------------------------------

    async def _messages(self, entry: Entry) -> list[Message]:
        """In the order in which a receiver wants them: the event comes when the rest is there."""
        event = entry.event
        messages = []
        if self._is_last(event):
            messages += await self._picture(event)
            messages.append(Message(self._topics.last(event.camera), entry.body, retain=True))
        if self._settings.onvif:
            messages.append(self._onvif_message(event))
        return [*messages, self._event_message(entry)]

    def _onvif_message(self, event: Event) -> Message:
        site = self._context.site
        topic = onvif.topic(self._topics.camera(event.camera), event, site)
        return Message(topic, onvif.encode(event, site), retain=False, event_id=str(event.id))

    def _event_message(self, entry: Entry) -> Message:
        event = entry.event
        topic = self._topics.event(event.camera)
        return Message(topic, entry.body, retain=False, event_id=str(event.id), again=entry.again)

    def _is_last(self, event: Event) -> bool:
        """An earlier passage that ends later does not come back, nor does anything replayed."""
        if event.replayed or event.test:
            return False
        topics = self._retained_topics.get(event.camera)
        if topics is None or topics.began < event.first_seen_at:
            self._retained_topics[event.camera] = RetainedTopics(
                event.first_seen_at, topics and topics.picture
            )
            return True
        return topics.began == event.first_seen_at

    async def _picture(self, event: Event) -> list[Message]:
        """Nothing where none is wanted, none exists, retention has taken it, or it stands there."""
        image = self._settings.picture_of(event.images)
        if image is None or self._retained_topics[event.camera].picture == image.sha256:
            return []
        self._retained_topics[event.camera] = self._retained_topics[event.camera]._replace(
            picture=image.sha256
        )
        jpeg = await self._context.log.picture(image.sha256)
        if jpeg is None:
            return []
        topic = self._topics.image(event.camera, self._settings.picture)
        message = Message(topic, jpeg, retain=True)
        if self._session is not None and not self._session.fits(message):
            self._leave_out(
                f"exceeds the packet size limit of the broker ({len(jpeg)} bytes)", event
            )
            return []
        return [message]

    def _check_size(self, session: Session, entry: Entry) -> None:
        if not session.fits(self._event_message(entry)):
            raise Rejected(
                f"{self._who} does not accept packets of the size of event {entry.event.id} "
                f"({len(entry.body)} "
                "bytes); raise its limit"
            )

    # --- what came of it ------------------------------------------------------------------------

    def _judge(self, entry: Entry, message: Message, outcome: BaseException | None) -> None:
        match outcome:
            case None:
                return
            case Refused() if message.topic.endswith(f"/image/{self._settings.picture}"):
                self._leave_out(f"was rejected: {outcome}", entry.event)
            case Refused(of_us=True):
                raise RefusesUs(
                    f'{self._who} rejected event {entry.event.id} on "{message.topic}": '
                    f"{outcome}; check the publish permissions of this user",
                    answer=str(outcome),
                ) from outcome
            case Refused(for_ever=True):
                raise Rejected(
                    f'{self._who} rejected event {entry.event.id} on "{message.topic}": '
                    f"{outcome}; check its size limits",
                    answer=str(outcome),
                )
            case _:
                raise Unavailable(
                    f"{self._who} did not accept event {entry.event.id} of {len(message.payload)} "
                    f"bytes ({outcome}); {_look(str(outcome))}"
                ) from outcome

    def _leave_out(self, why: str, event: Event) -> None:
        """A picture that cannot go along holds no event up."""
        name, board = self._settings.name, self._context.board
        board.count(ROLE, name, pictures_left_out=1)
        board.note(ROLE, name, f"{self._who}: the picture of event {event.id} {why}")


def _why(error: Exception, settings: BrokerSettings) -> str:
    match error:
        case Refused():
            return f"rejected the login: {error}; {_remedy(str(error))}"
        case Lost():
            return f"closed the connection at once ({error}); check `port`, `tls` and `protocol`"
        case ssl.SSLCertVerificationError():
            return (
                f"has an untrusted certificate: {error.verify_message}; set `tls.ca_file` to its "
                "CA, and `host` to a name in the certificate"
            )
        case ssl.SSLError():
            return f"failed the TLS handshake ({error.reason}); check `port` and `tls`"
        case TimeoutError():
            return f"did not answer within {settings.connect_seconds:g} s; check `host` and `port`"
        case _:
            reason = in_words(error)
            return (
                f"cannot be reached: {reason}; check `host` and `port`, and that the broker "
                "is running"
            )


def _look(reason: str) -> str:
    """Mosquitto's older limit of size is answered with a reason that the protocol does not have."""
    if "protocol" in reason.lower():
        return "check whether the broker has size limits besides `max_packet_size`"
    return "check the broker"


def _remedy(refusal: str) -> str:
    if "protocol version" in refusal.lower():
        return 'set `protocol` to "3.1.1"'
    return "check `username`, `password` and the permissions of this user"
