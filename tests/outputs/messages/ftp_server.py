"""A real FTP server (vsftpd) that takes files from anybody, and one of a few lines that is rude."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path

from platewire.testing.counterpart import Arrival, Conduct, Counterpart
from platewire.wire import native
from tests.acceptance.ports import free_port
from tests.support.counterparts import program

YES = "YES"
OPTIONS: Mapping[str, object] = {
    "listen": YES,
    "listen_address": "127.0.0.1",
    "background": "NO",
    "run_as_launching_user": YES,
    "seccomp_sandbox": "NO",
    "anonymous_enable": YES,
    "no_anon_password": YES,
    "local_enable": "NO",
    "write_enable": YES,
    "anon_upload_enable": YES,
    "anon_mkdir_write_enable": YES,
    "anon_other_write_enable": YES,
    "allow_writeable_chroot": YES,
    "anon_umask": "022",
    "pasv_address": "10.1.2.3",  # where nobody is: data goes to the host that was spoken to
}
ENCRYPTED: Mapping[str, object] = {
    "ssl_enable": YES,
    "allow_anon_ssl": YES,
    "force_anon_data_ssl": YES,
    "force_anon_logins_ssl": YES,
    "require_ssl_reuse": YES,
}


class FtpServer(Counterpart):
    """On the same port each time. A `Counterpart` for JSON files of events, each named as its
    picture."""

    pictures = True
    can = frozenset({Conduct.STALL})

    def __init__(self, folder: Path, certificate: Path | None = None, **more: object) -> None:
        self.port = free_port()
        self.root = folder / "files"
        self.root.mkdir()
        (folder / "empty").mkdir()
        options = {
            **OPTIONS,
            "listen_port": self.port,
            "anon_root": self.root,
            "secure_chroot_dir": folder / "empty",
            **more,
        }
        if certificate is not None:
            options.update(ENCRYPTED)
            options.update(rsa_cert_file=certificate, rsa_private_key_file=certificate)
        self._configuration = folder / "vsftpd.conf"
        self._configuration.write_text("".join(f"{key}={options[key]}\n" for key in options))
        self._running: asyncio.subprocess.Process | None = None

    @property
    def files(self) -> dict[str, bytes]:
        """In the order in which they were written."""
        found = [each for each in self.root.rglob("*") if each.is_file()]
        found.sort(key=lambda each: each.stat().st_mtime_ns)
        return {str(each.relative_to(self.root)): each.read_bytes() for each in found}

    async def start(self) -> None:
        command = [program("vsftpd") or "vsftpd", str(self._configuration)]
        self._running = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, start_new_session=True
        )
        async with asyncio.timeout(10):
            while not await _listens(self.port):  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def stop(self) -> None:
        if self._running is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._running.pid, signal.SIGKILL)
            await self._running.wait()
            self._running = None

    async def arrived(self, count: int) -> Sequence[Arrival]:
        while len(self._arrivals()) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        return self._arrivals()

    def _arrivals(self) -> Sequence[Arrival]:
        files = self.files
        events = {name: native.decode(files[name]) for name in files if name.endswith(".json")}
        return [
            Arrival(event.passage_number, event.kind, files.get(name.replace(".json", ".jpg")))
            for name, event in events.items()
        ]

    async def behave(self, conduct: Conduct) -> None:
        assert self._running is not None
        stalls = conduct is Conduct.STALL
        os.killpg(self._running.pid, signal.SIGSTOP if stalls else signal.SIGCONT)


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


@contextlib.asynccontextmanager
async def ftp_server(
    folder: Path, certificate: Path | None = None, **more: object
) -> AsyncIterator[FtpServer]:
    server = FtpServer(folder, certificate, **more)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


class RudeFtp:
    """Answers by `answers`, which has the first letters of commands; `{port}` is where it listens
    for data. Keeps what it heard."""

    def __init__(self, answers: Mapping[str, str], greeting: str = "220 hello\r\n") -> None:
        self.answers = {
            "USER": "331 and?",
            "PASS": "230 in",
            "TYPE": "200 ok",
            "PASV": "227 here (127,0,0,1,{port})",
            "STOR": "150 go\r\n226 done",
            "RNFR": "350 and?",
            "RNTO": "250 done",
            **answers,
        }
        self.heard: list[str] = []
        self.data: list[bytes] = []
        self.port = 0
        self._greeting = greeting
        self._place = ""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["RudeFtp"]:
        tasks: set[asyncio.Task[None]] = set()

        def serve(talk: Callable[..., object]) -> Callable[..., None]:
            def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                tasks.add(asyncio.create_task(talk(reader, writer)))  # type: ignore[arg-type]

            return begin

        control = await asyncio.start_server(serve(self._talk), "127.0.0.1", 0)
        data = await asyncio.start_server(serve(self._take), "127.0.0.1", 0)
        self.port = control.sockets[0].getsockname()[1]
        number = data.sockets[0].getsockname()[1]
        self._place = f"{number >> 8},{number & 255}"
        try:
            yield self
        finally:
            control.close()
            data.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.sleep(0)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            self.data.append(await reader.read())

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError), contextlib.closing(writer):
            writer.write(self._greeting.encode("latin-1"))
            while line := (await reader.readline()).decode("latin-1").strip():
                self.heard.append(line)
                answer = self.answers.get(line[:4].strip(), "500 what?")
                filled = answer.replace("{port}", self._place).replace("{line}", line)
                writer.write(f"{filled}\r\n".encode("latin-1"))
                await writer.drain()
