"""Third parties and cameras that misbehave: plain sockets, each wrong in one way."""

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType

Answer = Callable[[socket.socket], None]


class BadServer:
    """Takes connections on a free port; what it does with each is `answer`. A context manager."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> "BadServer":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)
        for connection in self._open:
            connection.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                threading.Thread(target=self._misbehave, args=(connection,), daemon=True).start()

    def _misbehave(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            self._answer(connection)


def silence(connection: socket.socket) -> None:
    """Takes the request, never answers."""
    while connection.recv(65536):
        pass


def nonsense(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"\x00\xff NOT HTTP AT ALL \r\n\r\n" * 20)
    connection.close()


def noise_for_ever(connection: socket.socket) -> None:
    """What a broken camera sends in place of MJPEG."""
    connection.recv(65536)
    connection.sendall(
        b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n"
    )
    while True:
        connection.sendall(bytes(range(256)) * 256)


def web_page(connection: socket.socket) -> None:
    """What a router's login page says in place of a snapshot."""
    connection.recv(65536)
    body = b"<html><body>Please log in</body></html>"
    connection.sendall(
        b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s"
        % (len(body), body)
    )
    connection.close()
