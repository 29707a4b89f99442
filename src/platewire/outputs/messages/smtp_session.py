"""One session with a mail server (RFC 5321) in blocking code, and the meaning of its replies.

4xx                          Unavailable
5xx for the login            Refused: missing or wrong password
5xx for the sender           Refused, the same for all messages; 552 means the size: Rejected
5xx for all recipients       Rejected; Refused if the server does not relay (5.7)
5xx for the message          Rejected
some recipients are refused  delivered to the others
"""

import base64
import contextlib
import re
import smtplib
import socket
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any, Literal, NamedTuple

from platewire.errors import PROVING_SECONDS, PlatewireError, Refused, Rejected, Unavailable
from platewire.outputs.messages.conversation import (
    ANSWER_BYTES_MAX,
    AnswerTooLong,
    Connections,
    Trust,
)
from platewire.runtime.secret import masked, remember

Encryption = Literal["starttls", "tls", "none"]
SHOWN_CHARACTERS = 200
"""Characters of a server's reply that a message quotes: one line of a log."""
RIGHTS = re.compile(r"5\.7\.\d")
"""Enhanced status codes for security and policy (RFC 3463)."""


class Login(NamedTuple):
    user: str
    password: str


class Server(NamedTuple):
    who: str
    """Begins each message."""
    host: str
    encryption: Encryption
    trust: Trust
    login: Login | None


def check(line: Connections, server: Server) -> None:
    """Logs in and quits."""
    with _session(line, server):
        pass


def send(
    line: Connections, server: Server, sender: str, recipients: Sequence[str], mail: bytes
) -> Mapping[str, str]:
    """Sends a message; returns the refused recipients, each with the reason, if others accepted."""
    with _session(line, server) as session:
        try:
            refused = session.sendmail(sender, recipients, mail)
        except smtplib.SMTPSenderRefused as error:
            raise _of_sender(server, error) from error
        except smtplib.SMTPRecipientsRefused as error:
            raise _of_recipients(server, error.recipients) from error
        except smtplib.SMTPDataError as error:
            answer = _text(error.smtp_error)
            raise _rejected(server, error.smtp_code, answer, "the message") from error
    return {each: f"{code} {_text(answer)}" for each, (code, answer) in refused.items()}


@contextlib.contextmanager
def _session(line: Connections, server: Server) -> Iterator["_Session"]:
    """A session that is logged in."""
    try:
        if server.encryption == "tls":
            line.control = server.trust.secured(line.control, server.host)
        with contextlib.closing(_Session(line.control, server.host)) as session:
            session.ehlo()
            if server.encryption == "starttls":
                _start_tls(session, server)
            if server.login is not None:
                _log_in(session, server, server.login)
            yield session
            with contextlib.suppress(OSError):
                session.putcmd("QUIT")  # The reply does not matter.
    except smtplib.SMTPServerDisconnected as error:
        raise _cause(error) from error
    except smtplib.SMTPResponseException as error:
        said = f"{server.who} answered {error.smtp_code} {_text(error.smtp_error)}"
        raise Unavailable(masked(f"{said}; check `host` and `port`")) from error


class _Session(smtplib.SMTP):
    """On an open connection, with a limit on the size of replies."""

    def __init__(self, connection: socket.socket, host: str) -> None:
        self._connection = connection
        local = connection.getsockname()[0]
        own = f"[IPv6:{local}]" if ":" in local else f"[{local}]"
        super().__init__(host, 1, local_hostname=own)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._connection

    def getreply(self) -> tuple[int, bytes]:
        if self.sock is not None:
            file = (
                self.file.file if isinstance(self.file, _BoundedReply) else self.sock.makefile("rb")
            )
            self.file = _BoundedReply(file)
        return super().getreply()


class _BoundedReply:
    """A file from which one reply is read, with a size limit."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self._left = ANSWER_BYTES_MAX

    def readline(self, size: int) -> bytes:
        line = self.file.readline(size)
        self._left -= len(line)
        if self._left < 0:
            raise AnswerTooLong
        return line

    def close(self) -> None:
        self.file.close()


def _start_tls(session: _Session, server: Server) -> None:
    try:
        session.starttls(context=server.trust.context)
    except smtplib.SMTPNotSupportedError as error:
        raise Unavailable(
            f"{server.who} does not offer STARTTLS, and nothing is sent without it; if the port "
            'expects TLS from the first byte, set `encryption = "tls"`'
        ) from error
    server.trust.check(session.sock)
    session.ehlo()


def _log_in(session: _Session, server: Server, login: Login) -> None:
    """With one method only, because servers count each failure as a wrong password."""
    offered = session.esmtp_features.get("auth", "").upper().split()
    plain = _encoded(f"\0{login.user}\0{login.password}")
    if "PLAIN" in offered:
        code, said = session.docmd("AUTH", f"PLAIN {plain}")
    elif "LOGIN" in offered:
        code, said = session.docmd("AUTH", "LOGIN")
        for each in (login.user, login.password):
            if code == 334:
                code, said = session.docmd(_encoded(each))
    else:
        raise Unavailable(
            f"{server.who} offers neither PLAIN nor LOGIN ({' '.join(offered) or 'none'}); "
            "remove `user` and `password`, or check `encryption` and `port`"
        )
    if code != 235:
        raise _refused(server, code, _text(said), "the login", "check `user` and `password`")


def _encoded(secret: str) -> str:
    text = base64.b64encode(secret.encode()).decode()
    remember(text)
    return text


# --- meaning of replies ---------------------------------------------------------------------------


def _of_sender(server: Server, error: smtplib.SMTPSenderRefused) -> PlatewireError:
    code, answer = error.smtp_code, _text(error.smtp_error)
    if code == 552:
        return _rejected(server, code, answer, "the message size")
    return _refused(
        server, code, answer, f"the sender {error.sender}", "check `sender`, `user` and `password`"
    )


def _of_recipients(server: Server, refused: Mapping[str, tuple[int, bytes]]) -> PlatewireError:
    """Judges by the recipient with the most temporary reply."""
    recipient, (code, said) = min(refused.items(), key=lambda each: each[1][0])
    answer, what = _text(said), f"the recipient {recipient}"
    if code == 530 or RIGHTS.match(answer):
        remedy = "check `user` and `password`, and the relay rules of the server"
        return _refused(server, code, answer, what, remedy)
    return _rejected(server, code, answer, what)


def _refused(server: Server, code: int, answer: str, what: str, remedy: str) -> PlatewireError:
    """A refusal of all messages."""
    if code < 500:
        return _not_now(server, code, answer)
    said = masked(f"{server.who} refused {what}: {code} {answer}; {remedy}")
    wait = PROVING_SECONDS if server.login is not None else 0.0
    return Refused(said, status=code, answer=answer, least_wait=wait)


def _rejected(server: Server, code: int, answer: str, what: str) -> PlatewireError:
    if code < 500:
        return _not_now(server, code, answer)
    said = f"{server.who} refused {what}: {code} {answer}; check the limits of the server"
    return Rejected(masked(said), status=code, answer=answer)


def _not_now(server: Server, code: int, answer: str) -> Unavailable:
    said = f"{server.who} answered {code} {answer}; platewire retries, check the server"
    return Unavailable(masked(said))


def _cause(error: smtplib.SMTPServerDisconnected) -> OSError:
    """smtplib hides why a connection ended."""
    hidden = error.__context__
    if isinstance(hidden, OSError) and not isinstance(hidden, smtplib.SMTPException):
        return hidden
    return ConnectionResetError("the connection was closed")


def _text(answer: Any) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
    return " ".join(masked(text).split())[:SHOWN_CHARACTERS]
