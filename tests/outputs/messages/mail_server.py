"""Real mail servers: aiosmtpd, which keeps what it takes, and rude ones of a few lines."""

import asyncio
import contextlib
import ssl
import threading
import warnings
from collections.abc import AsyncIterator, Callable, Sequence
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as READING
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from platewire.model import Kind
from platewire.testing.counterpart import Arrival, Conduct, Counterpart
from tests.acceptance.ports import free_port

LOGIN = LoginPassword(b"gate", b"s3cr3t")


class Taken(NamedTuple):
    sender: str
    recipients: Sequence[str]
    mail: EmailMessage
    encrypted: bool
    user: bytes | None


class MailServer(Counterpart):
    """Runs on a thread of its own, on the same port each time. A `Counterpart` too, for mails
    whose subject is the kind and the passage's number."""

    def __init__(
        self,
        *,
        certificate: Path | None = None,
        encryption: str = "none",
        asks_for_login: bool = False,
    ) -> None:
        self.port = free_port()
        self.can = frozenset(Conduct) - {Conduct.ACCEPT}
        self.pictures = True
        self._conduct = Conduct.ACCEPT
        self.taken: list[Taken] = []
        self.answers: dict[str, str] = {}
        """To MAIL, to the mail (DATA), and to each recipient."""
        context = None
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
        self._how: dict[str, Any] = {"auth_required": asks_for_login, "authenticator": _right}
        if encryption == "starttls":
            self._how |= {"tls_context": context, "require_starttls": True}
        else:
            self._how |= {"auth_require_tls": False}  # It knows of STARTTLS only.
        self._implicit = context if encryption == "tls" else None
        self._thread: threading.Thread | None = None
        self._end: Callable[[], object] = lambda: None

    async def start(self) -> None:
        listening = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(listening)))
        self._thread.start()
        await asyncio.to_thread(listening.wait)

    async def stop(self) -> None:
        if self._thread is not None:
            self._end()
            await asyncio.to_thread(self._thread.join)
            self._thread = None

    async def _serve(self, listening: threading.Event) -> None:
        loop, ending, talking = asyncio.get_running_loop(), asyncio.Event(), []
        self._end = partial(loop.call_soon_threadsafe, ending.set)

        def talk() -> SMTP:
            with warnings.catch_warnings():  # It warns of logins without STARTTLS.
                warnings.simplefilter("ignore")
                talking.append(SMTP(self, loop=loop, **self._how))
            return talking[-1]

        server = await loop.create_server(talk, "127.0.0.1", self.port, ssl=self._implicit)
        listening.set()
        await ending.wait()
        server.close()
        for each in talking:
            if each.transport is not None:
                each.transport.close()
        await asyncio.sleep(0)

    async def arrived(self, count: int) -> Sequence[Arrival]:
        while len(self.taken) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        return [_arrival(each.mail) for each in self.taken]

    async def behave(self, conduct: Conduct) -> None:
        self._conduct = conduct

    # --- what aiosmtpd calls ---------------------------------------------------------------------

    async def handle_MAIL(  # noqa: N802
        self, _: SMTP, __: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "MAIL" not in self.answers:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, _: SMTP, __: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def _misbehave(self, smtp: SMTP) -> str:
        conduct = self._conduct
        while self._conduct is Conduct.STALL:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        self._conduct = Conduct.ACCEPT
        if conduct is Conduct.DIE and isinstance(smtp.transport, asyncio.WriteTransport):
            smtp.transport.abort()
        return {
            Conduct.REJECT: "554 5.6.0 this mail is invalid",
            Conduct.NONSENSE: "* OK IMAP4rev1 ready",
        }.get(conduct, "451 4.3.0 busy")

    async def handle_DATA(  # noqa: N802
        self, smtp: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self._conduct is not Conduct.ACCEPT:
            return await self._misbehave(smtp)
        answer = self.answers.get("DATA", "250 2.0.0 queued")
        if answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            mail = message_from_bytes(envelope.content, policy=READING)
            assert isinstance(mail, EmailMessage)
            user = getattr(session.auth_data, "login", None)
            encrypted = session.ssl is not None or self._implicit is not None
            sender, recipients = envelope.mail_from or "", list(envelope.rcpt_tos)
            self.taken.append(Taken(sender, recipients, mail, encrypted, user))
        return answer


def _arrival(mail: EmailMessage) -> Arrival:
    kind, number = str(mail["Subject"]).split()[-2:]
    pictures = [
        each.get_content() for each in mail.walk() if each.get_content_maintype() == "image"
    ]
    return Arrival(int(number), Kind(kind), next(iter(pictures), None))


def _right(_: SMTP, __: Session, ___: Envelope, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=data == LOGIN, handled=False, auth_data=data)


@contextlib.asynccontextmanager
async def mail_server(**how: Any) -> AsyncIterator[MailServer]:
    server = MailServer(**how)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@contextlib.asynccontextmanager
async def rude(answer: Callable[[bytes], bytes], greeting: bytes) -> AsyncIterator[int]:
    """Greets, then answers each line by `answer`, as often as that gives something. Its port."""
    talking: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.CancelledError):
            writer.write(greeting)
            while line := await reader.readline():
                writer.write(answer(line))
                await writer.drain()
        writer.close()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talking.add(asyncio.create_task(talk(reader, writer)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in talking:
            task.cancel()
        await asyncio.gather(*talking)
