"""One connection to an MQTT broker, from connecting to its end; not reusable.

paho-mqtt runs the protocol on its own thread; its callbacks are passed to the event loop before any
state changes. Retries and the messages to publish are decided elsewhere.
"""

import asyncio
import contextlib
import errno
import logging
import socket
import ssl
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from msgspec import Struct
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

IN_FLIGHT_MAX = 20
"""Messages on their way to the broker and not acknowledged; it may ask for fewer."""
PACKET_BYTES_MAX = 268_435_455
"""The protocol's own limit."""
RECEIVED_BYTES_MAX = 64 * 1024
"""Of a packet from the broker: what is subscribed to are words, answers are shorter."""
RECEIVED_AHEAD_MAX = 1000
"""Packets that were read and not looked at; a broker that floods us is left."""
RECEIVED_PER_SECOND_MAX = 1000
"""Messages; a broker has some retained ones for us, and then one when something starts."""
CLOSE_SECONDS = 2.0
"""How long a parting message may take; then the connection is cut."""
PUBLISH_OVERHEAD = 5 + 2 + 2 + 5
"""Fixed header, length of the topic, packet id, length of the properties: at most so many bytes."""

silent = logging.getLogger(f"{__name__}.paho")
silent.addHandler(logging.NullHandler())
silent.propagate = False


class Broker(Struct, frozen=True, kw_only=True):
    """Broker address, credentials, and the last will."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    username: str | None
    password: str | None
    client_id: str
    version: int
    keepalive_seconds: int
    connect_seconds: float
    will_topic: str
    will: bytes


class Message(NamedTuple):
    topic: str
    payload: bytes
    retain: bool
    event_id: str | None = None
    """Travels as the user property `id` (MQTT 5)."""
    again: bool = False
    """Travels as the user property `redelivery`: it may have been sent before."""


class Received(NamedTuple):
    topic: str
    payload: bytes
    retained: bool


FOR_EVER = frozenset({0x90, 0x95, 0x99})
"""Topic name invalid, packet too large, payload format invalid (MQTT 5, 2.4)."""
NOT_US = frozenset({0x86, 0x87, 0x8A, 0x8C})
"""Bad user name or password, not authorized, banned, bad authentication method; those of version
3.1.1 come under the same numbers."""


class Refused(Exception):
    """The broker rejected a message or the login.

    `for_ever` if the same message would be rejected again, `of_us` if the reason is the login or
    its permissions.
    """

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.for_ever = code in FOR_EVER
        self.of_us = code in NOT_US


class Lost(Exception):
    """The connection is lost."""


class Limits(NamedTuple):
    """Limits announced by the broker."""

    packet_bytes: int = PACKET_BYTES_MAX
    in_flight: int = IN_FLIGHT_MAX


class _Paho(paho.Client):
    """paho's client, with a limit on the size of packets."""

    def _sock_recv(self, bufsize: int) -> bytes:
        """Of a packet's body all that is missing is asked for."""
        if bufsize > RECEIVED_BYTES_MAX or len(self._in_messages) > IN_FLIGHT_MAX:
            raise OSError(errno.EMSGSIZE, f"the broker sent a packet of {bufsize} bytes")
        return super()._sock_recv(bufsize)


class Session:
    """Created by `open_session` only."""

    def __init__(self, broker: Broker, received: Callable[[Received], None]) -> None:
        self._broker = broker
        self._received = received
        self._loop = asyncio.get_running_loop()
        self._unanswered: dict[int | None, asyncio.Future[None]] = {}
        self._accepted: asyncio.Future[Limits] = self._loop.create_future()
        self.lost: asyncio.Future[str] = self._loop.create_future()
        """Done once the connection has ended; the reason."""
        self._limits = Limits()
        self._turn = asyncio.Lock()
        self._second, self._messages = 0, 0
        """Messages received in that second."""
        self._told = self._heard = 0
        """What paho's thread has said, and what the loop has dealt with of it."""
        self._paho = self._client(broker)

    def _client(self, broker: Broker) -> paho.Client:
        client = _Paho(
            CallbackAPIVersion.VERSION2,
            client_id=broker.client_id,
            protocol=MQTTProtocolVersion(broker.version),
            reconnect_on_failure=False,
        )
        client.connect_timeout = broker.connect_seconds
        client.max_inflight_messages_set(IN_FLIGHT_MAX)
        client.enable_logger(silent)
        if broker.username is not None:
            client.username_pw_set(broker.username, broker.password)
        if broker.tls is not None:
            client.tls_set_context(broker.tls)
        client.will_set(broker.will_topic, broker.will, qos=1, retain=True)
        client.on_socket_open = _tune
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    @property
    def alive(self) -> bool:
        return self._accepted.done() and not self.lost.done()

    def fits(self, message: Message) -> bool:
        """Whether the broker takes packets of that size at all."""
        size = PUBLISH_OVERHEAD + len(message.topic.encode()) + len(message.payload)
        if message.event_id is not None:
            size += 64
        return size <= self._limits.packet_bytes

    async def publish(self, messages: Sequence[Message]) -> list[BaseException | None]:
        """What came of each, once the broker has answered for all: None, Refused or Lost.

        In order, and never more on their way than the broker wants.
        """
        outcomes: list[BaseException | None] = []
        async with self._turn:
            for start in range(0, len(messages), self._limits.in_flight):
                window = messages[start : start + self._limits.in_flight]
                answers = [self._publish(message) for message in window]
                outcomes += await asyncio.gather(*answers, return_exceptions=True)
        return outcomes

    def _publish(self, message: Message) -> "asyncio.Future[None]":
        answer: asyncio.Future[None] = self._loop.create_future()
        if self.lost.done():
            answer.set_exception(Lost(self.lost.result()))
            return answer
        info = self._paho.publish(
            message.topic,
            message.payload,
            qos=1,
            retain=message.retain,
            properties=self._properties(message),
        )
        self._unanswered[info.mid] = answer
        return answer

    async def subscribe(self, topics: Sequence[str]) -> None:
        """Refused, Lost or TimeoutError."""
        answer: asyncio.Future[None] = self._loop.create_future()
        _, mid = self._paho.subscribe([(topic, 1) for topic in topics])
        self._unanswered[mid] = answer
        if self.lost.done():
            self._fail_all(self.lost.result())
        async with asyncio.timeout(self._broker.connect_seconds):
            await answer

    async def close(self, parting: Message | None = None) -> None:
        """Says `parting` and goodbye, where the broker still listens."""
        if parting is not None and self.alive:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self.publish([parting])
        await self._end()

    # --- on the event loop ----------------------------------------------------------------------

    async def _open(self) -> None:
        """ssl.SSLError, OSError, TimeoutError, Refused or Lost."""
        async with asyncio.timeout(self._broker.connect_seconds):
            if self._broker.tls is not None:
                await self._knock(self._broker.tls)
            await self._dial()
            self._paho.loop_start()
            self._limits = await self._accepted

    async def _knock(self, tls: ssl.SSLContext) -> None:
        """A wrong certificate is met here, as paho lets go of its socket too late."""
        broker = self._broker
        _, writer = await asyncio.open_connection(broker.host, broker.port, ssl=tls)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def _dial(self) -> None:
        """A thread cannot be interrupted: one that is given up closes what it opened."""
        broker = self._broker
        dialing = self._loop.run_in_executor(
            None,
            lambda: self._paho.connect(
                broker.host,
                broker.port,
                broker.keepalive_seconds,
                properties=_packets_up_to(RECEIVED_BYTES_MAX, broker.version),
            ),
        )
        try:
            await asyncio.shield(dialing)
        except (asyncio.CancelledError, TimeoutError):
            dialing.add_done_callback(self._hang_up)
            raise

    def _hang_up(self, dialed: "asyncio.Future[Any]") -> None:
        if not dialed.cancelled():
            dialed.exception()
        self._cut()

    async def _end(self) -> None:
        if self._paho.disconnect() == paho.MQTT_ERR_SUCCESS:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await asyncio.shield(self.lost)
        self._cut()
        await asyncio.to_thread(self._paho.loop_stop)
        self._gone("it was closed")

    def _cut(self) -> None:
        if isinstance(connection := self._paho.socket(), socket.socket):
            with contextlib.suppress(OSError):
                # Not that of SSLSocket: it would take TLS away from under paho's thread.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def _answer(self, mid: int, refusal: Refused | None) -> None:
        answer = self._unanswered.pop(mid, None)
        if answer is None or answer.done():
            return
        if refusal is None:
            answer.set_result(None)
        else:
            answer.set_exception(refusal)

    def _connected(self, refusal: Refused | None, limits: "Limits") -> None:
        if self._accepted.done():
            return
        if refusal is None:
            self._accepted.set_result(limits)
        else:
            self._accepted.set_exception(refusal)

    def _gone(self, reason: str) -> None:
        if not self.lost.done():
            self.lost.set_result(reason)
        if not self._accepted.done():
            self._accepted.set_exception(Lost(reason))
        if self._accepted.done() and not self._accepted.cancelled():
            self._accepted.exception()  # whoever waited for it may have gone
        self._fail_all(reason)

    def _fail_all(self, reason: str) -> None:
        for answer in self._unanswered.values():
            if not answer.done():
                answer.set_exception(Lost(reason))
        self._unanswered.clear()

    def _properties(self, message: Message) -> Properties | None:
        if message.event_id is None or self._broker.version != paho.MQTTv5:
            return None
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ContentType = "application/json"
        mark = [("redelivery", "true")] if message.again else []
        properties.UserProperty = [("id", message.event_id), *mark]
        return properties

    def _hear(self, what: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        self._heard += 1
        what(*arguments)

    # --- on paho's thread -----------------------------------------------------------------------

    def _tell(self, what: Callable[..., None], *arguments: Any) -> None:
        if self._told - self._heard > RECEIVED_AHEAD_MAX:
            self._cut()
            return
        self._told += 1
        self._call(self._hear, what, arguments)

    def _call(self, what: Callable[..., None], *arguments: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody wants to know
            self._loop.call_soon_threadsafe(what, *arguments)

    def _on_connect(self, *said: Any) -> None:
        _, _, _, reason, properties = said
        self._tell(self._connected, _refusal(reason), _limits(properties))

    def _on_disconnect(self, *said: Any) -> None:
        self._call(self._gone, str(said[3]))

    def _on_publish(self, *said: Any) -> None:
        client, _, mid, reason, _ = said
        _hurry(client.socket())
        self._tell(self._answer, mid, _refusal(reason))

    def _on_subscribe(self, *said: Any) -> None:
        _, _, mid, reasons, _ = said
        refusals = [refusal for refusal in map(_refusal, reasons) if refusal]
        self._tell(self._answer, mid, refusals[0] if refusals else None)

    def _on_message(self, *said: Any) -> None:
        second = int(self._loop.time())
        self._messages = self._messages + 1 if second == self._second else 1
        self._second = second
        if self._messages > RECEIVED_PER_SECOND_MAX:
            self._cut()
            return
        message = said[2]
        received = Received(message.topic, bytes(message.payload), bool(message.retain))
        self._tell(self._received, received)


async def open_session(broker: Broker, received: Callable[[Received], None]) -> Session:
    """A connection that stands.

    ssl.SSLError, OSError and TimeoutError as the network gives them; Refused where the broker does
    not want us; Lost where it breaks off.
    """
    session = Session(broker, received)
    try:
        await session._open()
    except BaseException:
        await session.close()
        raise
    return session


def _tune(*said: Any) -> None:
    """Without it a small message waits for the system's acknowledgement of the one before."""
    if isinstance(connection := said[2], socket.socket):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _hurry(connection: object) -> None:
    """A broker that lacks TCP_NODELAY, as Mosquitto does unless it is told, keeps its next
    acknowledgement until our system has confirmed the last: up to 40 ms, if it is not asked to
    do so at once (Linux; it forgets, so each time)."""
    option = getattr(socket, "TCP_QUICKACK", None)
    if option is not None and isinstance(connection, socket.socket):
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, option, 1)


def _limits(properties: Properties | None) -> Limits:
    """MQTT 5 has them in its CONNACK; what is not there is not limited."""
    return Limits(
        getattr(properties, "MaximumPacketSize", PACKET_BYTES_MAX),
        min(getattr(properties, "ReceiveMaximum", IN_FLIGHT_MAX), IN_FLIGHT_MAX),
    )


def _packets_up_to(size: int, version: int) -> Properties | None:
    """What an honest broker of MQTT 5 is asked for, and keeps to."""
    if version != paho.MQTTv5:
        return None
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.MaximumPacketSize = size
    return properties


def _refusal(reason: ReasonCode) -> Refused | None:
    return Refused(reason.value, str(reason)) if reason.is_failure else None
