"""The MQTT output and a broker that is choosy: passwords, certificates, rights and limits."""

import subprocess
from pathlib import Path

import pytest

from platewire.errors import Refused, Rejected, Unavailable
from platewire.runtime.status import Board
from platewire.testing.check_output import check_output
from tests.outputs.mqtt.mosquitto import Counterpart, Mosquitto, broker, listening
from tests.outputs.mqtt.mqtt_sending import BASE, connected, deliver, entries, settings
from tests.support.certificates import Authority
from tests.support.counterparts import MOSQUITTO, need


@pytest.fixture
def guarded(tmp_path: Path) -> tuple[str, ...]:
    """A broker's lines by which only `me` with the password `open sesame` comes in."""
    command = ["mosquitto_passwd", "-b", "-c", str(tmp_path / "passwords"), "me", "open sesame"]
    need(MOSQUITTO)
    subprocess.run(command, check=True, capture_output=True)
    return ("allow_anonymous false", f"password_file {tmp_path / 'passwords'}")


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_the_right_password_opens(
    guarded: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    monkeypatch.setenv("BROKER_PASSWORD", "open sesame")
    async with broker(tmp_path, *guarded) as running:
        login = {"username": "me", "password": "env:BROKER_PASSWORD", "protocol": protocol}
        await deliver(settings(running, **login))


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
@pytest.mark.parametrize("login", [{}, {"username": "me", "password": "env:BROKER_PASSWORD"}])
async def test_a_wrong_password_is_told_and_not_repeated(
    guarded: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    login: dict[str, object],
    protocol: str,
) -> None:
    monkeypatch.setenv("BROKER_PASSWORD", "hidden")
    async with broker(tmp_path, *guarded) as running:
        with pytest.raises(Unavailable, match=r'"home".*rejected the login.*`password`') as caught:
            await deliver(settings(running, **login, protocol=protocol))
    assert "hidden" not in str(caught.value)


# --- TLS -----------------------------------------------------------------------------------------


def _tls_lines(authority: Authority, *more: str) -> tuple[str, ...]:
    return (f"certfile {authority.server}", f"keyfile {authority.server}", *more)


async def test_passes_the_check_of_all_outputs_over_tls(
    authority: Authority, tmp_path: Path
) -> None:
    need(MOSQUITTO)
    running = Mosquitto(tmp_path, tls=_tls_lines(authority))
    counterpart = Counterpart(running, arguments=("--cafile", str(authority.ca)))
    await check_output(
        settings(running, tls={"ca_file": authority.ca}).build, counterpart, name="home"
    )


async def test_an_unknown_ca_is_not_trusted(authority: Authority, tmp_path: Path) -> None:
    async with broker(tmp_path, tls=_tls_lines(authority)) as running:
        with pytest.raises(Unavailable, match=r'"home".*untrusted certificate.*`tls\.ca_file`'):
            await deliver(settings(running, tls={}))


async def test_a_certificate_for_another_name_is_not_trusted(
    stranger: Authority, tmp_path: Path
) -> None:
    async with broker(tmp_path, tls=_tls_lines(stranger)) as running:
        with pytest.raises(Unavailable, match=r"untrusted certificate: .*127\.0\.0\.1"):
            await deliver(settings(running, tls={"ca_file": stranger.ca}))


async def test_without_verification_anyone_is_trusted(stranger: Authority, tmp_path: Path) -> None:
    async with broker(tmp_path, tls=_tls_lines(stranger)) as running:
        await deliver(settings(running, tls={"verify": False}))


@pytest.mark.parametrize("shown", [False, True])
async def test_a_client_certificate_is_shown_where_it_is_asked_for(
    authority: Authority, tmp_path: Path, shown: bool
) -> None:
    lines = _tls_lines(authority, f"cafile {authority.ca}", "require_certificate true")
    tls = {"ca_file": authority.ca} | ({"client_cert": authority.client} if shown else {})
    async with broker(tmp_path, tls=lines) as running:
        if shown:
            await deliver(settings(running, tls=tls))
        else:
            with pytest.raises(Unavailable, match=r'"home".*127\.0\.0\.1'):
                await deliver(settings(running, tls=tls))


async def test_tls_where_the_broker_has_none(authority: Authority, tmp_path: Path) -> None:
    async with broker(tmp_path) as running:
        with pytest.raises(Unavailable, match=r'"home".*check'):
            await deliver(settings(running, tls={"ca_file": authority.ca}))


async def test_no_tls_where_the_broker_has_it(authority: Authority, tmp_path: Path) -> None:
    async with broker(tmp_path, tls=_tls_lines(authority)) as running:
        with pytest.raises(Unavailable, match=r'"home".*check.*`tls`'):
            await deliver(settings(running))


# --- rights and limits ---------------------------------------------------------------------------


def _rights(tmp_path: Path, *lines: str) -> tuple[str, ...]:
    (tmp_path / "rights").write_text(
        "\n".join(("topic read #", "topic write ready/+", *lines)) + "\n"
    )
    (tmp_path / "rights").chmod(0o600)
    return ("allow_anonymous true", f"acl_file {tmp_path / 'rights'}")


async def test_a_topic_that_we_may_not_write_holds_all(tmp_path: Path) -> None:
    rights = _rights(tmp_path, f"topic write {BASE}/status", "topic write +/+/+/image/#")
    async with broker(tmp_path, *rights) as running:
        with pytest.raises(
            Refused,
            match=r'"home".*rejected event.*last".*Not authorized; check the publish permissions',
        ):
            await deliver(settings(running))


async def test_a_status_that_we_may_not_write_is_told_at_once(tmp_path: Path) -> None:
    async with broker(tmp_path, *_rights(tmp_path)) as running:
        with pytest.raises(Unavailable, match=rf'"home".*"{BASE}/status": Not authorized; allow'):
            await deliver(settings(running))


async def test_a_picture_that_we_may_not_write_is_left_out(tmp_path: Path) -> None:
    rights = _rights(
        tmp_path,
        f"topic write {BASE}/status",
        *(f"topic write +/+/+/{kind}" for kind in ("event", "last")),
    )
    async with broker(tmp_path, *rights) as running:
        board = await _delivered_all_the_same(running)
    assert "Not authorized" in board.line("output", "home").last_error


async def test_a_picture_larger_than_the_broker_takes_is_left_out(tmp_path: Path) -> None:
    async with broker(tmp_path, "allow_anonymous true", "max_packet_size 2200") as running:
        board = await _delivered_all_the_same(running, jpeg=b"\xff\xd8" + bytes(4000))
    assert "exceeds the packet size limit" in board.line("output", "home").last_error


async def _delivered_all_the_same(running: Mosquitto, jpeg: bytes | None = None) -> Board:
    context, logged = await entries()
    if jpeg is not None:
        plate = logged[0].event.images.plate
        assert plate is not None
        context.log._pictures[plate.sha256] = jpeg  # type: ignore[attr-defined]
    async with (
        listening(running.port, "+/+/+/event") as listener,
        connected(settings(running), context) as sender,
    ):
        await sender.send(logged)
        assert [each.payload for each in await listener.take(3)] == [one.body for one in logged]
    assert context.board.line("output", "home").counters["pictures_left_out"] == 1
    return context.board


async def test_an_event_larger_than_the_broker_takes_is_rejected(tmp_path: Path) -> None:
    async with broker(tmp_path, "allow_anonymous true", "max_packet_size 600") as running:
        with pytest.raises(Rejected, match=r'"home".*size of event .* bytes.*raise its limit'):
            await deliver(settings(running, picture="none"))


async def test_a_limit_that_is_answered_against_the_protocol_is_guessed(tmp_path: Path) -> None:
    """Mosquitto's older limit: its answer has a reason that no acknowledgement may have."""
    async with broker(tmp_path, "allow_anonymous true", "message_size_limit 600") as running:
        with pytest.raises(Unavailable, match=r'"home".*event .* bytes.*has size limits'):
            await deliver(settings(running, picture="none"))
