"""Socket options of all TCP connections, and the state that the operating system reports."""

import asyncio
import socket
import sys

if sys.platform == "linux":
    import fcntl
    import termios

KEEPALIVE = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))
"""Keep-alive: an idle peer is probed after 30 s and dropped 30 s later, if the system can."""
STALL_SECONDS = 120.0
"""A peer that acknowledges no data for this time is dropped (Linux)."""


def tune(transport: asyncio.Transport) -> None:
    """Disables Nagle's algorithm, and detects a peer that is dead or stalled."""
    connection = _socket(transport)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (*KEEPALIVE, ("TCP_USER_TIMEOUT", int(STALL_SECONDS * 1000))):
        if (option := getattr(socket, name, None)) is not None:
            connection.setsockopt(socket.IPPROTO_TCP, option, value)


def pause_beyond(transport: asyncio.WriteTransport, waiting_bytes: int = 0) -> None:
    """`pause_writing` is called when more than `waiting_bytes` wait in this process. With 0,
    `resume_writing`, or the end of `drain`, means that the system has accepted all bytes."""
    if encrypted(transport) and not waiting_bytes:
        # With 0, a TLS transport pauses even without waiting bytes, and never resumes.
        transport.set_write_buffer_limits(high=1, low=0)
    else:
        transport.set_write_buffer_limits(high=waiting_bytes)


def encrypted(transport: asyncio.BaseTransport) -> bool:
    return transport.get_extra_info("ssl_object") is not None


def unconfirmed_bytes(transport: asyncio.BaseTransport) -> int:
    """Bytes that the system has accepted and the peer has not acknowledged; 0 if the system does
    not report it (only Linux does)."""
    if sys.platform != "linux":
        return 0
    told = fcntl.ioctl(_socket(transport).fileno(), termios.TIOCOUTQ, b"\0" * 4)
    return int.from_bytes(told, sys.byteorder)


class HalfClosed:
    """A half-closed connection, whose peer may have closed for good: the answers of the peer's
    system show it. A transport that has read the FIN does not check for that."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._answers = True

    @property
    def unsure(self) -> bool:
        """Whether an acknowledgement of the peer is pending and expected."""
        return self._answers and unconfirmed_bytes(self._transport) > 0

    def look(self) -> None:
        """Aborts the connection if the peer has reset it, or keep-alive has failed. The system
        reports this once."""
        if _socket(self._transport).getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._transport.abort()
        elif not self._answers:
            self._answers = unconfirmed_bytes(self._transport) == 0

    def give_up_waiting(self) -> None:
        """Stops waiting for acknowledgements until all data is acknowledged."""
        self._answers = unconfirmed_bytes(self._transport) == 0


def _socket(transport: asyncio.BaseTransport) -> socket.socket:
    connection: socket.socket = transport.get_extra_info("socket")
    return connection
