"""One session with an FTP server (RFC 959, 4217) in blocking code, and the meaning of its replies.

4xx, or no reply             Unavailable
530                          Refused: missing or wrong password, or TLS is required
any other 5xx                Refused: no permission, no folder, no space, the same for all files

A file is uploaded under a temporary name and renamed when complete, so that programs watching the
folder never read a partial file. Data goes to the host of the control connection, whatever address
`PASV` returns.
"""

import contextlib
import ftplib
import socket
import ssl
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from platewire.errors import PROVING_SECONDS, PlatewireError, Refused, Unavailable
from platewire.outputs.messages.conversation import (
    ANSWER_BYTES_MAX,
    AnswerTooLong,
    Connections,
    Trust,
)
from platewire.runtime.secret import masked, remember

Encryption = Literal["tls", "none"]
PASSING = ".part"
TLS_END_SECONDS = 2.0
"""Longest wait for the server to confirm the TLS end of a file."""
SHOWN_CHARACTERS = 200
"""Characters of a server's reply that a message quotes: one line of a log."""


class Server(NamedTuple):
    who: str
    """Begins each message."""
    host: str
    encryption: Encryption
    trust: Trust
    user: str
    password: str
    answer_seconds: float


class File(NamedTuple):
    folders: Sequence[str]
    name: str
    content: bytes

    @property
    def path(self) -> str:
        return "/".join((*self.folders, self.name))


def check(line: Connections, server: Server) -> None:
    """Logs in and quits."""
    put(line, server, ())


def put(line: Connections, server: Server, files: Sequence[File]) -> None:
    """Uploads the files in order, and overwrites existing ones."""
    session, at = _Session(line, server), ""
    try:
        session.begin()
        for file in files:
            at = file.path
            session.put(file)
        session.putcmd("QUIT")  # The reply does not matter.
    except ftplib.Error as error:
        raise _meaning(server, error, at) from error
    except EOFError as error:
        raise ConnectionResetError("the connection was closed") from error
    finally:
        session.close()


class _NoFtpError(ftplib.Error):
    """A reply that is not valid FTP here."""


class _Session(ftplib.FTP_TLS):
    """On an open connection, with a limit on the size of replies."""

    def __init__(self, line: Connections, server: Server) -> None:
        # Latin-1 decodes any bytes.
        super().__init__(
            context=server.trust.context, timeout=server.answer_seconds, encoding="latin-1"
        )
        self._line = line
        self._server = server
        self._heard = 0
        self._peer = line.control.getpeername()
        self.host, self.sock, self.af = server.host, line.control, line.control.family
        self.file = line.control.makefile("r", encoding=self.encoding)

    def begin(self) -> None:
        self.welcome = self.getresp()
        if self._server.encryption == "tls":
            self.auth()
            self._server.trust.check(self.sock)
        self.login(self._server.user, _as_utf8(self._server.password), secure=False)
        if self._server.encryption == "tls":
            self.prot_p()

    def put(self, file: File) -> None:
        passing = file.path + PASSING
        try:
            self._store(passing, file.content)
        except ftplib.error_perm:
            self._make(file.folders)
            self._store(passing, file.content)
        try:
            self.rename(passing, file.path)
        except ftplib.error_perm:
            # Some servers do not overwrite on rename: the file is from an earlier attempt.
            self.delete(file.path)
            self.rename(passing, file.path)

    def _store(self, path: str, content: bytes) -> None:
        self.voidcmd("TYPE I")
        with self._data(f"STOR {path}") as data:
            data.sendall(content)
            _end(data)
        self.voidresp()

    @contextlib.contextmanager
    def _data(self, command: str) -> Iterator[socket.socket]:
        """A data connection for the command, to the host of the control connection. Resumes its TLS
        session, which servers require."""
        host, _, *scope = self._peer
        port = self._data_port()
        with contextlib.closing(socket.socket(self.af)) as plain, self._line.also(plain):
            plain.settimeout(self._server.answer_seconds)
            plain.connect((host, port, *scope))
            answer = self.sendcmd(command)
            if answer.startswith(
                "2"
            ):  # Some servers accept a command with 2xx before they start it.
                answer = self.getresp()
            if not answer.startswith("1"):
                raise _NoFtpError(answer)
            if self._server.encryption == "none":
                yield plain
                return
            with self.context.wrap_socket(
                plain,
                server_hostname=self.host,
                session=getattr(self.sock, "session", None),
            ) as data:
                self._server.trust.check(data)
                yield data

    def _data_port(self) -> int:
        try:
            _, port = self.makepasv()
        except ValueError as error:
            raise _NoFtpError(f"without a valid port: {error}") from error
        if not 0 < port < 1 << 16:
            raise _NoFtpError(f"with port {port}")
        return port

    def _make(self, folders: Sequence[str]) -> None:
        for depth in range(len(folders)):
            # It exists, or the next STOR reports why it cannot be created.
            with contextlib.suppress(ftplib.error_perm):
                self.mkd("/".join(folders[: depth + 1]))

    # --- what ftplib calls -----------------------------------------------------------------------

    def putcmd(self, line: str) -> None:
        self._heard = 0
        super().putcmd(line)

    def getline(self) -> str:
        line = super().getline()
        self._heard += len(line)
        if self._heard > ANSWER_BYTES_MAX:
            raise AnswerTooLong
        return line


def _as_utf8(password: str) -> str:
    """Encoded so that ftplib, which writes Latin-1, sends UTF-8 (RFC 2640)."""
    text = password.encode().decode("latin-1")
    remember(text)
    return text


def _end(data: socket.socket) -> None:
    """Sends TLS close_notify, so that a truncated file is not taken as complete. Not every server
    answers it; the result of the upload arrives on the control connection."""
    if isinstance(data, ssl.SSLSocket):
        data.settimeout(TLS_END_SECONDS)
        with contextlib.suppress(OSError):
            data.unwrap().close()


# --- meaning of replies ---------------------------------------------------------------------------


def _meaning(server: Server, error: ftplib.Error, path: str) -> PlatewireError:
    answer = " ".join(masked(str(error)).split())[:SHOWN_CHARACTERS]
    code = int(answer[:3]) if answer[:3].isdecimal() else None
    what = f" to {path}" if path else ""
    said = masked(f"{server.who} answered {answer}{what}")
    if isinstance(error, ftplib.error_temp):
        return Unavailable(f"{said}; platewire retries, check the server")
    if not isinstance(error, ftplib.error_perm):
        return Unavailable(f"{said}, which is not FTP; check `host` and `port`")
    if not path and code in (500, 502, 504, 534):
        return Unavailable(
            f'{said}: the server does not support TLS; to send without, set `encryption = "none"`'
        )
    if code == 530:
        remedy = "check `user`, `password` and `encryption`"
        return Refused(f"{said}; {remedy}", status=code, answer=answer, least_wait=PROVING_SECONDS)
    remedy = "check that the user may create folders and write, rename and delete files there"
    return Refused(f"{said}; {remedy}", status=code, answer=answer)
