"""Files on a real FTP server (vsftpd), and rude servers in its place."""

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec import structs

from platewire.errors import ConfigError, Refused, Rejected, Unavailable
from platewire.model import Images
from platewire.outputs import exchange
from platewire.outputs.messages.ftp import FtpSettings
from platewire.testing.check_output import SITE, check_output
from platewire.testing.sample_events import passage_events
from platewire.wire import ftp_name, native
from tests.outputs.http.http_sending import PICTURES, deliver, entries
from tests.outputs.messages.ftp_server import FtpServer, RudeFtp, ftp_server
from tests.support.certificates import Authority
from tests.support.counterparts import VSFTPD, need


def settings(port: int, **more: object) -> FtpSettings:
    raw = {
        "type": "ftp",
        "name": "files",
        "host": "127.0.0.1",
        "port": port,
        "encryption": "none",
        **more,
    }
    return msgspec.convert(raw, FtpSettings, dec_hook=lambda _, value: Path(value))


# --- what is put there ---------------------------------------------------------------------------


@pytest.mark.parametrize("encryption", ["tls", "none"])
async def test_passes_the_check_of_all_outputs(
    encryption: str, authority: Authority, tmp_path: Path
) -> None:
    need(VSFTPD)
    certificate = authority.server if encryption == "tls" else None
    tls = {"ca_file": authority.ca} if certificate else {}
    server = FtpServer(tmp_path, certificate)
    config = settings(
        server.port, encryption=encryption, tls=tls, json=True, path="#DEVICE_ID/#EVENT_ID"
    )
    try:
        await check_output(config.build, server, name=config.name)
    finally:
        await server.stop()
    assert not [name for name in server.files if name.endswith(".part")]


async def test_the_names_of_the_family(tmp_path: Path) -> None:
    need(VSFTPD)
    async with ftp_server(tmp_path) as server:
        await deliver(settings(server.port), 3, zone="exit")
        assert list(server.files) == [
            "gate/202601/02/20260102030406_678_2_UNK_1767323045000001_BU9042_DEU.jpg",
            "gate/202601/02/20260102030406_778_2_IN_1767323045000001_BU9042_DEU.jpg",
            "gate/202601/02/20260102030411_878_2_IN_1767323045000001_BU9042_DEU.jpg",
        ]
        assert set(server.files.values()) == {PICTURES[2].jpeg}


async def test_a_repeat_makes_no_second_file(tmp_path: Path) -> None:
    need(VSFTPD)
    async with ftp_server(tmp_path) as server:
        config = settings(server.port, json=True, path="up/#KIND_#PLATE", picture="plate")
        await deliver(config)
        await deliver(config)
        assert list(server.files) == ["up/new_BU9042.jpg", "up/new_BU9042.json"]
        assert native.decode(server.files["up/new_BU9042.json"]).plate.text == "BU9042"


async def test_an_event_without_a_picture(tmp_path: Path) -> None:
    need(VSFTPD)
    async with ftp_server(tmp_path) as server:
        with pytest.raises(Rejected, match=r"the event has no picture; set `json = true`"):
            await deliver(settings(server.port), images=Images())
        await deliver(settings(server.port, json=True, path="#KIND"), images=Images())
        assert list(server.files) == ["new.json"]


def test_values_cannot_change_the_path() -> None:
    event = passage_events()[0]
    for evil in (
        "../../etc/passwd",
        "a/b\\c",
        "x\r\nDELE y",
        "..",
        "",
        "Ж",
        "a_b",
        "CON",
        "y" * 999,
    ):
        changed = structs.replace(
            event, camera=evil, plate=structs.replace(event.plate, text=evil, country=evil)
        )
        for pattern in (ftp_name.FAMILY, "#PLATE", "#DEVICE_ID/#PLATE/x"):
            ftp_name.check(pattern)
            parts = ftp_name.name(pattern, changed, SITE)
            assert len(parts) == pattern.count("/") + 1
            for part in parts:
                assert part.strip(".")
                assert set(part) <= set(map(chr, range(33, 127))) - set('/\\:*?"<>|')
                assert len(part) <= 201
                assert part.upper() != "CON"
    family = ftp_name.name(ftp_name.FAMILY, structs.replace(event, camera="a_b"), SITE)
    assert family[0] == "a-b"
    assert family[-1].count("_") == ftp_name.FAMILY.count("_") - 2, "the parts can be told apart"


@pytest.mark.parametrize("path", ["../x", "/x", "x//y", "x/", "", "#NOBODY", "a b", "%q", "x\ny"])
async def test_invalid_paths(path: str) -> None:
    context, _ = await entries()
    with pytest.raises(ConfigError, match='"files": `path`'):
        settings(21, path=path).build(context)


# --- TLS -----------------------------------------------------------------------------------------


async def test_trusted_certificates(
    authority: Authority, stranger: Authority, tmp_path: Path
) -> None:
    need(VSFTPD)
    async with ftp_server(tmp_path, stranger.server) as server:
        for tls, words in (
            ({"ca_file": authority.ca}, r"untrusted.*`tls\.ca_file`"),
            ({"certificate_sha256": "ab" * 32}, "not the one in"),
        ):
            with pytest.raises(Unavailable, match=words):
                await deliver(settings(server.port, encryption="tls", tls=tls))
        await deliver(settings(server.port, encryption="tls", tls={"verify": False}))
        assert len(server.files) == 1


async def test_nothing_is_sent_without_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTP_PASSWORD", "s3cr3t-of-files")
    async with RudeFtp({}).running() as server:
        config = settings(server.port, encryption="tls", user="me", password="env:FTP_PASSWORD")
        with pytest.raises(Unavailable, match=r"does not support TLS.*`encryption = \"none\"`"):
            await deliver(config)
    assert server.heard == ["AUTH TLS"]


async def test_server_that_requires_tls(authority: Authority, tmp_path: Path) -> None:
    need(VSFTPD)
    async with ftp_server(tmp_path, authority.server) as server:
        with pytest.raises(Refused, match=r"530.*`user`, `password` and `encryption`"):
            await deliver(settings(server.port))


# --- what the server answers ---------------------------------------------------------------------


async def test_unknown_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need(VSFTPD)
    monkeypatch.setenv("FTP_PASSWORD", "s3cr3t-of-files")
    async with ftp_server(tmp_path) as server:
        with pytest.raises(Refused, match=r'"files": ftp://127.*530') as caught:
            await deliver(settings(server.port, user="me", password="env:FTP_PASSWORD"))
    assert caught.value.least_wait == 60


async def test_folder_without_write_permission(tmp_path: Path) -> None:
    need(VSFTPD)
    async with ftp_server(tmp_path, anon_upload_enable="NO") as server:
        with pytest.raises(Refused, match=r"550 .*check that the user may create folders"):
            await deliver(settings(server.port))
        assert not server.files


@pytest.mark.parametrize(
    ("answers", "kind", "words"),
    [
        ({"STOR": "452 no space"}, Unavailable, "452 no space.*platewire retries"),
        ({"STOR": "150 go\r\n426 broken"}, Unavailable, "426"),
        ({"USER": "421 too many"}, Unavailable, "421"),
        ({"STOR": "552 quota"}, Refused, "552 quota to .*BU9042"),
        ({"PASS": "530 wrong {line}"}, Refused, r"530 wrong PASS \*\*\*"),
        ({"PASV": "227 nonsense"}, Unavailable, "not FTP"),
        ({"PASV": "227 (127,0,0,1,999,999)"}, Unavailable, "port 256743.*not FTP"),
        ({"PASV": "227 (127,0,0,1,0,0)"}, Unavailable, "port 0.*not FTP"),
        ({"PASS": "530 " + "x" * 185 + "{line}"}, Refused, r"530 x+"),
        ({"USER": "\xff\xfe"}, Unavailable, "not FTP"),
    ],
    ids=str,
)
async def test_meaning_of_replies(
    answers: dict[str, str], kind: type[Exception], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FTP_PASSWORD", "s3cr3t-of-files")
    kept = exchange.into(exchange.Exchange())
    async with RudeFtp(answers).running() as server:
        config = settings(server.port, user="me", password="env:FTP_PASSWORD")
        with pytest.raises(kind, match=words) as caught:
            await deliver(config)
    assert type(caught.value) is kind
    said = f"{caught.value} {getattr(caught.value, 'answer', '')} {kept.request}"
    assert "s3cr3t" not in said


async def test_server_that_does_not_overwrite_on_rename() -> None:
    async with RudeFtp({"RNTO": "550 it exists", "DELE": "250 gone"}).running() as server:
        with pytest.raises(Refused, match="550 it exists"):
            await deliver(settings(server.port, path="x"))
    asked = [each for each in server.heard if each.startswith(("RN", "DELE"))]
    rename = ["RNFR x.jpg.part", "RNTO x.jpg"]
    assert asked == [*rename, "DELE x.jpg", *rename]


async def test_server_that_accepts_a_command_before_opening_the_connection() -> None:
    """ftplib knows of some."""
    async with RudeFtp({"STOR": "200 ok\r\n150 go\r\n226 done"}).running() as server:
        await deliver(settings(server.port))
    assert b"".join(server.data) == PICTURES[2].jpeg


async def test_data_goes_to_the_host_of_the_control_connection() -> None:
    """Whatever address it gives, a cloud's metadata among them."""
    async with RudeFtp({"PASV": "227 there (169,254,169,254,{port})"}).running() as server:
        await deliver(settings(server.port))
    assert b"".join(server.data) == PICTURES[2].jpeg


@pytest.mark.parametrize("greeting", ["220-" + "y" * 60 + "\r\n", "y"])
async def test_a_server_that_greets_without_end(greeting: str) -> None:
    async with RudeFtp({}, greeting * 20_000).running() as server:
        with pytest.raises(Unavailable, match=r"more than 16384 bytes|not FTP"):
            await deliver(settings(server.port))


async def test_silent_server() -> None:
    async with RudeFtp({}, "").running() as server:
        began = time.monotonic()
        with pytest.raises(Unavailable, match=r"did not answer within 0\.3 s"):
            await deliver(settings(server.port, answer_seconds=5, total_seconds=0.3))
        assert time.monotonic() - began < 3


async def test_stopping_does_not_wait_for_an_unanswered_data_connection() -> None:
    with full_port() as port:
        async with RudeFtp({"PASV": f"227 (127,0,0,1,{port >> 8},{port & 255})"}).running() as ftp:
            began = time.monotonic()
            with pytest.raises(Unavailable, match=r"did not answer within 0\.3 s"):
                await deliver(settings(ftp.port, answer_seconds=6, total_seconds=0.3))
    assert time.monotonic() - began < 3


@contextlib.contextmanager
def full_port() -> Iterator[int]:
    """Where connections are neither taken nor refused."""
    with contextlib.ExitStack() as open_:
        listening = open_.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        address = listening.getsockname()
        for _ in range(4):
            waiting = open_.enter_context(socket.socket())
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(address)
        yield address[1]


async def test_password_in_utf_8(monkeypatch: pytest.MonkeyPatch) -> None:
    """As UTF-8 (RFC 2640)."""
    monkeypatch.setenv("FTP_PASSWORD", "пароль-ß")
    async with RudeFtp({}).running() as server:
        await deliver(settings(server.port, user="me", password="env:FTP_PASSWORD"))
    assert "PASS пароль-ß" in [each.encode("latin-1").decode() for each in server.heard]


async def test_unreachable_server() -> None:
    async with RudeFtp({}).running() as server:
        pass
    with pytest.raises(Unavailable, match=r'"files": ftp://127.*cannot be reached'):
        await deliver(settings(server.port))


@pytest.mark.parametrize(
    "more", [{"host": "169.254.169.254"}, {"tls": {"verify": False}}, {"password": "env:NOT_HERE"}]
)
async def test_invalid_settings_are_reported_at_startup(more: dict[str, object]) -> None:
    context, _ = await entries()
    with pytest.raises(ConfigError, match='"files"'):
        settings(21, **more).build(context)


@pytest.mark.parametrize("more", [{"user": "a\n"}, {"user": ""}, {"port": 0}], ids=str)
def test_invalid_settings(more: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        settings(**{"port": 21, **more})  # type: ignore[arg-type]
