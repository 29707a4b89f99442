"""Mails against a real mail server (aiosmtpd), read by Python's own mail parser."""

import asyncio
import base64
import contextlib
import hashlib
import ssl
import threading
import time
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import structs

from platewire.errors import ConfigError, Refused, Rejected, Unavailable
from platewire.model import Box, Kind, Plate
from platewire.outputs import exchange
from platewire.outputs.messages.email import EmailSettings
from platewire.testing.check_output import check_output
from tests.outputs.http.http_sending import PICTURES, deliver, entries
from tests.outputs.messages.mail_server import MailServer, mail_server, rude
from tests.support.certificates import Authority

ENCRYPTIONS = pytest.mark.parametrize("encryption", ["starttls", "tls", "none"])
LOGIN = {"user": "gate", "password": "env:MAIL_PASSWORD"}


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "s3cr3t")


def settings(port: int, **more: object) -> EmailSettings:
    raw = {
        "type": "email",
        "name": "mail",
        "host": "127.0.0.1",
        "port": port,
        "encryption": "none",
        "sender": "anpr@site.example",
        "recipients": ["guard@site.example"],
        **more,
    }
    return msgspec.convert(raw, EmailSettings, dec_hook=lambda _, value: Path(value))


async def sent(count: int = 1, *, more: Mapping[str, object] | None = None, **change: Any) -> Any:
    async with mail_server() as server:
        await deliver(settings(server.port, **(more or {})), count, **change)
        return [each.mail for each in server.taken] if count > 1 else server.taken[0].mail


def plate(text: str, display: str) -> Plate:
    return Plate(
        text=text,
        display=display,
        raw=text,
        unicode=text,
        country=None,
        confidence=0.9,
        box=Box(0, 0, 1, 1),
    )


# --- what is sent --------------------------------------------------------------------------------


@ENCRYPTIONS
async def test_passes_the_check_of_all_outputs(encryption: str, authority: Authority) -> None:
    server = MailServer(certificate=authority.server, encryption=encryption, asks_for_login=True)
    tls = {} if encryption == "none" else {"ca_file": authority.ca}
    subject = "{{ event.kind }} {{ event.passage_number }}"
    config = settings(server.port, encryption=encryption, tls=tls, subject=subject, **LOGIN)
    try:
        await check_output(config.build, server, name=config.name)
    finally:
        await server.stop()
    assert {each.user for each in server.taken} == {b"gate"}
    assert {each.encrypted for each in server.taken} == {encryption != "none"}


async def test_a_mail_without_further_settings() -> None:
    mail = await sent()
    assert str(mail["Subject"]) == "BU 9042 new at gate"
    assert str(mail["From"]) == "check <anpr@site.example>"
    assert str(mail["To"]) == "guard@site.example"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert parsedate_to_datetime(mail["Date"]).tzinfo is not None
    assert text_of(mail).split("\n")[:3] == [
        "BU 9042 DE",
        "new, direction unknown, camera gate, check",
        "2026-01-02 03:04:06",
    ]


async def test_the_picture_is_shown_within_the_mail() -> None:
    mail = await sent()
    (picture,) = mail.iter_attachments()
    assert (picture.get_content_type(), picture.get_content_disposition()) == (
        "image/jpeg",
        "inline",
    )
    assert picture.get_filename() == "BU9042.jpg"
    assert picture.get_content() == PICTURES[1].jpeg
    without = await sent(more={"picture": "none"})
    assert not list(without.iter_attachments())


async def test_templates_give_subject_and_text() -> None:
    more = {
        "subject": "{{ event.plate.text }} at {{ site.name }}",
        "text": "{{ event.occurred_at | date('%H:%M', site.time_zone) }}\n.\nend",
    }
    mail = await sent(more=more)
    assert str(mail["Subject"]) == "BU9042 at check"
    assert text_of(mail) == "03:04\n.\nend\n"


async def test_a_repeat_has_the_same_id_and_a_passage_is_a_thread() -> None:
    async with mail_server() as server:
        config = settings(server.port, events="all")
        await deliver(config, 3)
        await deliver(config, 1)
    new, updated, lost, again = (each.mail for each in server.taken)
    ids = {str(each["Message-ID"]) for each in (new, updated, lost)}
    assert len(ids) == 3
    assert all(each.endswith("@site.example>") for each in ids)
    assert again["Message-ID"] == new["Message-ID"]
    assert len({str(each["References"]) for each in (new, updated, lost)}) == 1


async def test_no_value_becomes_a_header() -> None:
    evil = "X\r\nBcc: thief@example.org\r\n\r\nbody\x00\u2028\u202e"
    mail = await sent(
        plate=plate("../../X\r\nBcc: a@b", evil), camera="gate\nCc: thief@example.org"
    )
    assert set(mail.keys()) == {
        "From",
        "To",
        "Date",
        "Message-ID",
        "References",
        "Auto-Submitted",
        "Subject",
        "Content-Type",
        "MIME-Version",
    }
    assert "thief" in str(mail["Subject"])
    (picture,) = mail.iter_attachments()
    assert picture.get_filename() == "XBccab.jpg"
    assert not mail.defects


async def test_letters_of_other_alphabets() -> None:
    mail = await sent(plate=plate("AB1234", "Ж 123 ЩЮ, “ü”"), camera="Süd-Tor")
    assert str(mail["Subject"]) == "Ж 123 ЩЮ, “ü” new at Süd-Tor"
    assert text_of(mail).startswith("Ж 123 ЩЮ, “ü”")


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


# --- what the server answers ---------------------------------------------------------------------

ONE, TWO = "one@site.example", "two@site.example"


@pytest.mark.parametrize(
    ("answers", "kind", "words"),
    [
        ({"DATA": "452 4.3.1 no space"}, Unavailable, "answered 452"),
        ({"DATA": "554 5.7.1 spam"}, Rejected, "refused the message: 554 5.7.1 spam"),
        ({"MAIL": "451 later"}, Unavailable, "answered 451"),
        ({"MAIL": "553 5.7.1 not yours"}, Refused, "refused the sender .*check `sender`"),
        ({"MAIL": "552 5.3.4 too big"}, Rejected, "refused the message size"),
        ({ONE: "550 5.1.1 unknown", TWO: "550 no"}, Rejected, "refused the recipient one@"),
        ({ONE: "550 5.1.1 unknown", TWO: "450 4.2.0 gray"}, Unavailable, "answered 450"),
        ({ONE: "554 5.7.1 relay", TWO: "554 5.7.1 relay"}, Refused, "relay rules of the server"),
    ],
    ids=str,
)
async def test_meaning_of_replies(
    answers: dict[str, str], kind: type[Exception], words: str
) -> None:
    async with mail_server() as server:
        server.answers = answers
        with pytest.raises(kind, match=rf'"mail": smtp://.*{words}') as caught:
            await deliver(settings(server.port, recipients=[ONE, TWO]))
    assert type(caught.value) is kind
    assert not server.taken


async def test_one_refused_recipient_does_not_keep_the_mail_from_the_others() -> None:
    async with mail_server() as server:
        server.answers = {ONE: "550 5.1.1 unknown"}
        context = await deliver(settings(server.port, recipients=[ONE, TWO]))
    assert [list(each.recipients) for each in server.taken] == [[TWO]]
    told = context.board.line("output", "mail").last_error
    assert "refused some recipients: one@site.example (550 5.1.1 unknown)" in told


async def test_a_wrong_password_is_tried_once_a_minute_at_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "wrong-password")
    async with mail_server(asks_for_login=True) as server:
        with pytest.raises(Refused, match=r"refused the login: 535.*`user` and `password`") as told:
            await deliver(settings(server.port, **LOGIN))
    assert told.value.least_wait == 60
    assert told.value.status == 535


async def test_missing_login_is_reported() -> None:
    async with mail_server(asks_for_login=True) as server:
        with pytest.raises(Refused, match=r"530.*check `sender`, `user` and `password`"):
            await deliver(settings(server.port))


async def test_nothing_is_sent_without_tls() -> None:
    async with mail_server() as server:
        with pytest.raises(Unavailable, match=r"does not offer STARTTLS.*`encryption = \"tls\"`"):
            await deliver(settings(server.port, encryption="starttls", **LOGIN))
    assert not server.taken


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
async def test_trusted_certificates(
    encryption: str, authority: Authority, stranger: Authority
) -> None:
    pem = ssl.PEM_cert_to_DER_cert(certificate_in(stranger.server))
    pin = hashlib.sha256(pem).hexdigest()
    async with mail_server(certificate=stranger.server, encryption=encryption) as server:
        where = {"port": server.port, "encryption": encryption}
        with pytest.raises(Unavailable, match=r"untrusted.*`tls\.ca_file`"):
            await deliver(settings(**where, tls={"ca_file": authority.ca}))  # type: ignore[arg-type]
        with pytest.raises(Unavailable, match=r"untrusted.*set `host`"):
            await deliver(settings(**where, tls={"ca_file": stranger.ca}))  # type: ignore[arg-type]
        with pytest.raises(Unavailable, match=f"SHA-256 {pin}, not the one"):
            await deliver(settings(**where, tls={"certificate_sha256": "ab" * 32}))  # type: ignore[arg-type]
        await deliver(settings(**where, tls={"certificate_sha256": pin}))  # type: ignore[arg-type]
    assert len(server.taken) == 1


def certificate_in(pem: Path) -> str:
    text = pem.read_text("utf-8")
    start, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----\n"
    return start + text.partition(start)[2].partition(end)[0] + end


# --- rude servers --------------------------------------------------------------------------------


async def test_silent_server() -> None:
    async with rude(lambda _: b"", b"") as port:
        config = settings(port, answer_seconds=0.2)
        with pytest.raises(Unavailable, match=r"did not answer within 0\.2 s"):
            await deliver(config)


async def test_stopping_does_not_wait_for_a_silent_server() -> None:
    async with rude(lambda _: b"", b"220 hello\r\n") as port:
        context, _ = await entries()
        sender = settings(port).build(context)
        connecting = asyncio.create_task(sender.connect())
        await asyncio.sleep(0.3)
        began = time.monotonic()
        connecting.cancel()
        await asyncio.wait([connecting])
        await sender.close()
        assert time.monotonic() - began < 2
    async with asyncio.timeout(5):
        while any(  # noqa: ASYNC110
            each.name.startswith("platewire-to-") for each in threading.enumerate()
        ):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("greeting", [b"220-" + b"y" * 60 + b"\r\n", b"y"])
async def test_a_server_that_greets_without_end(greeting: bytes) -> None:
    async with rude(lambda _: b"", greeting * 20_000) as port:
        with pytest.raises(Unavailable, match=r"more than 16384 bytes|500 Line too long"):
            await deliver(settings(port))


async def test_a_server_that_answers_a_byte_at_a_time() -> None:
    """Each byte breaks the silence, so only the whole has an end."""

    gone = asyncio.Event()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while not reader.at_eof():
                writer.write(b"2")
                await writer.drain()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await reader.read(1)
        writer.close()
        gone.set()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        began = time.monotonic()
        with pytest.raises(Unavailable, match=r"did not answer within 0\.5 s"):
            await deliver(settings(port, answer_seconds=0.4, total_seconds=0.5))
        assert time.monotonic() - began < 2
        await gone.wait()


async def test_server_that_is_not_a_mail_server() -> None:
    async with rude(lambda _: b"", b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        with pytest.raises(Unavailable, match=r"check `host` and `port`"):
            await deliver(settings(port))


@pytest.mark.parametrize("before", ["wrong: ", "x" * 158 + " "], ids=["whole", "at the end"])
async def test_secret_echoed_by_the_server_is_masked(before: str) -> None:
    secrets = ["s3cr3t-of-the-gate", base64.b64encode(b"\0gate\0s3cr3t-of-the-gate").decode()]

    def repeat(line: bytes) -> bytes:
        if line.startswith(b"ehlo"):
            return b"250-rude\r\n250 AUTH PLAIN\r\n"
        return f"535 5.7.8 {before}".encode() + line

    async with rude(repeat, b"220 hello\r\n") as port:
        kept = exchange.into(exchange.Exchange())
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MAIL_PASSWORD", secrets[0])
            with pytest.raises(Refused) as caught:
                await deliver(settings(port, **LOGIN))
    said = f"{caught.value} {caught.value.answer} {kept.request} {kept.answer}"
    assert "535" in said
    assert not [each for each in secrets if each[:8] in said]


async def test_unreachable_server() -> None:
    async with mail_server() as server:
        pass
    with pytest.raises(Unavailable, match=r'"mail": smtp://127.*cannot be reached'):
        await deliver(settings(server.port))


async def test_metadata_addresses_are_not_sent_to() -> None:
    with pytest.raises(ConfigError, match=r'"mail".*is blocked: 169\.254\.169\.254'):
        await deliver(settings(25, host="169.254.169.254"))


# --- settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"user": "gate"}, "belong together"),
        ({"user": "gate", "password": "env:NOT_THERE"}, "NOT_THERE is not set"),
        ({"tls": {"verify": False}}, "`tls` has no effect"),
        ({"subject": "{{ nonsense }}"}, "`subject`: .*unknown name `nonsense`"),
        ({"text": "{{ event.plate.country.x }}"}, "`text`: "),
        ({"egress": {"redirect_hosts": ["x"]}}, "only `allow_addresses` of `egress` is supported"),
    ],
    ids=str,
)
async def test_invalid_settings_are_reported_at_startup(
    more: dict[str, object], words: str
) -> None:
    context, _ = await entries()
    with pytest.raises(ConfigError, match=rf'"mail".*{words}'):
        settings(25, **more).build(context)


@pytest.mark.parametrize(
    "more",
    [
        {"recipients": []},
        {"recipients": ["a@b", "c@d\r\nBcc: e@f"]},
        {"sender": "no address"},
        {"sender": "a@b\n"},
        {"sender": "Gate <a@b>"},
    ],
    ids=str,
)
def test_invalid_addresses(more: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        settings(25, **more)


async def test_kinds_and_ports_by_default() -> None:
    plain = msgspec.convert(
        {"type": "email", "name": "m", "host": "h", "sender": "a@b", "recipients": ["c@d"]},
        EmailSettings,
    )
    assert plain.kinds == {Kind.NEW}
    assert plain.receiver == "smtp://h:587"
    assert structs.replace(plain, encryption="tls").receiver == "smtps://h:465"
