"""An output, a source and an engine of other packages: everything works on them.

The source, the engine and one output are those of docs/write_an_output.md; the other output, which
stores what it gets, is here.
"""

import contextlib
import io
import json
import os
import socketserver
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from platewire.cli.main import main
from platewire.config.load import load
from platewire.config.tree import Config
from tests.acceptance.running import Running
from tests.plugs.packages import install, modules_of_the_page

REGISTER = '''
"""Writes one line of text for each event, and can erase a plate from them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from platewire.database.erasure import DatabaseErasure
from platewire.model import Entry
from platewire.outputs.output import OtherSettings, Output, OutputContext, OutputSettings


class RegisterSettings(OutputSettings, frozen=True, kw_only=True, tag="register"):
    """A text file with one line for each event."""

    path: Annotated[Path, Meta(description="The text file", examples=["register.txt"])]

    @property
    def receiver(self) -> str:
        return str(self.path)

    def inconsistencies(self, others: OtherSettings) -> Iterable[str]:
        if not others.cameras:
            yield f'output "{self.name}" needs a camera'

    async def erase(self, plate: str, name: str, now: datetime) -> DatabaseErasure:
        text = self.path.read_text()
        self.path.write_text(text.replace(plate, name))
        return DatabaseErasure(
            passages=1, events=text.count(plate), pictures=0, mentions=0, left=()
        )

    def build(self, context: OutputContext) -> "Register":
        return Register(self)


class Register(Output):
    def __init__(self, settings: RegisterSettings) -> None:
        self._settings = settings

    async def connect(self) -> None:
        self._settings.path.touch()

    async def send(self, entries: Sequence[Entry]) -> None:
        with self._settings.path.open("a") as file:
            for entry in entries:
                event = entry.event
                how = "test" if event.test else "again" if event.replayed else "live"
                print(how, event.kind, event.plate.text, file=file)

    async def close(self) -> None:
        pass
'''

CONFIG = """
[web]
listen = "127.0.0.1:0"
[recognition]
type = "marked"
[[camera]]
name = "gate"
source = {{ type = "array", path = "frames.npy" }}
passage = {{ lost_after_seconds = 0.5 }}
[[output]]
name = "led"
type = "display"
host = "127.0.0.1"
port = {port}
[[output]]
name = "book"
type = "register"
path = "register.txt"
"""
ALL = ["live new AB12CDE", "live lost AB12CDE"]


class Display(socketserver.ThreadingTCPServer):
    """Accepts every line."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Lines)
        self.shown: list[list[str]] = []
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class Lines(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, Display)
        for line in self.rfile:
            self.server.shown.append(line.decode().split()[1:])
            self.wfile.write(b"OK\n")


@pytest.fixture
def display() -> Iterator[Display]:
    with Display() as server:
        yield server
        server.shutdown()


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    folder = tmp_path / "site-packages"
    folder.mkdir()
    pages = modules_of_the_page()
    install(
        folder,
        "platewire-display",
        {name: pages[name] for name in ("platewire_display.py",)},
        {"platewire.outputs": {"display": "platewire_display:DisplaySettings"}},
    )
    install(
        folder,
        "acme-plugs",
        {
            "acme_register.py": REGISTER,
            **{name: pages[name] for name in ("platewire_array.py", "platewire_marked.py")},
        },
        {
            "platewire.outputs": {"register": "acme_register:RegisterSettings"},
            "platewire.sources": {"array": "platewire_array:ArraySettings"},
            "platewire.engines": {"marked": "platewire_marked:MarkedSettings"},
        },
    )
    return folder


class Site:
    """A configuration that names these plugs, and platewire as a process of its own."""

    def __init__(self, folder: Path, packages: Path, port: int) -> None:
        self.folder = folder
        self.environment = {"PYTHONPATH": str(packages)}
        self.config = folder / "platewire.toml"
        self.config.write_text(CONFIG.format(port=port))
        np.save(folder / "frames.npy", recording("AB12CDE"))

    def say(self, *arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "platewire.cli", *arguments],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout + done.stderr

    @property
    def register(self) -> list[str]:
        return (self.folder / "register.txt").read_text().splitlines()


def recording(text: str) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    """A vehicle for one second, then nothing for one."""
    frames = np.zeros((20, 120, 160, 3), np.uint8)
    frames[:10, 0, : len(text), 0] = list(text.encode())
    return frames


@pytest.fixture
def site(tmp_path: Path, packages: Path, display: Display) -> Site:
    return Site(tmp_path, packages, display.server_address[1])


def test_everything_works_on_them(site: Site, display: Display) -> None:
    code, checked = site.say("check")
    assert code == 0, checked
    assert "marked" in checked
    assert "received a 160x120 frame" in checked
    assert f"opened and closed a connection: 127.0.0.1:{display.server_address[1]}" in checked
    assert "register.txt" in checked
    assert display.shown == []

    server = Running(site.config, **site.environment)
    try:
        server.wait_until_caught_up()
        assert site.register == ALL
        assert [(kind, text) for kind, _, text in display.shown] == [
            ("new", "AB12CDE"),
            ("lost", "AB12CDE"),
        ]
        status = server.get("/api/v1/status")
        assert {each["name"]: each["state"] for each in status["outputs"]} == {
            "led": "running",
            "book": "running",
        }
        with urllib.request.urlopen(server.addresses["page"]) as answer:
            html = answer.read().decode()
        assert "led" in html
        assert "book" in html
        page = server.addresses["page"].removeprefix("http://").rstrip("/")
        site.config.write_text(site.config.read_text().replace("127.0.0.1:0", page))
        code, listed = site.say("outputs", "list")
        assert "led: running" in listed, listed
        assert "book: running" in listed
        code, tried = site.say("outputs", "test", "book", "--kind", "new")
        assert code == 0, tried
        assert site.register[-1].startswith("test new")
        code, sent = site.say("outputs", "replay", "led", "--from", "1")
        assert code == 0, sent
        assert len(display.shown) == 4
        assert server.stop() == 0
    finally:
        server.kill()

    code, sent = site.say("outputs", "replay", "book", "--from", "1", "--to", "1")
    assert (code, site.register[-1]) == (0, "again new AB12CDE")
    code, erased = site.say("database", "erase", "AB12CDE", "--json")
    assert code == 0, erased
    assert json.loads(erased)["outputs"] == {
        "book": {"passages": 1, "events": 3, "pictures": 0, "mentions": 0, "left": []}
    }
    assert not any("AB12CDE" in line for line in site.register)


# --- in this process, as if they were installed --------------------------------------------------


@pytest.fixture
def installed(
    site: Site, packages: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., str]]:
    """Runs a command, and says what it says."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(packages)
    monkeypatch.chdir(site.folder)
    yield said
    for module in set(sys.modules) - before:
        if module.startswith(("acme_", "platewire_")):
            del sys.modules[module]


def said(*arguments: str) -> str:
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        main(list(arguments))
    return told.getvalue()


def test_their_settings_are_documented_on_request(installed: Callable[..., str]) -> None:
    page = installed("init", "--reference", "--type", "display")
    assert '`[[output]]` with `type = "display"`' in page
    assert "| `answer_seconds` | number above 0 | `5` |" in page
    assert '`type = "array"`' in installed("init", "--reference", "--type", "array")
    assert '`type = "marked"`' in installed("init", "--reference", "--type", "marked")
    assert '`type = "display"`' not in installed("init", "--reference")
    nobody = installed("init", "--reference", "--type", "dispaly")
    assert "'dispaly' is not one of the choices; did you mean 'display'?" in nobody


def test_what_they_need_of_the_configuration_is_checked(
    installed: Callable[..., str], site: Site
) -> None:
    text = site.config.read_text()
    camera = text.index("[[camera]]"), text.index("[[output]]")
    site.config.write_text(text[: camera[0]] + text[camera[1] :])
    assert 'output "book" needs a camera' in installed("check")
    site.config.write_text(text.replace("port =", "prot ="))
    assert "unknown setting `prot`" in installed("check")


PLUG = """
from platewire.outputs.output import OutputSettings
class Settings(OutputSettings, frozen=True, kw_only=True, tag="{tag}"):
    pass
"""


def install_siren(folder: Path, text: str, point: str) -> None:
    points = {"platewire.outputs": {point: "acme_siren:Settings"}}
    install(folder, "acme-siren", {"acme_siren.py": text}, points)


@pytest.mark.parametrize(
    ("text", "point", "told"),
    [
        (
            "import absent_library",
            "siren",
            "the output type 'siren' of the package acme-siren 1.0 cannot be loaded: "
            "ModuleNotFoundError: No module named 'absent_library'",
        ),
        ("Settings = 5", "siren", "must be a class derived from platewire.outputs.output.Output"),
        (PLUG.format(tag="horn"), "siren", "is named 'siren' and the tag of acme_siren:Settings"),
        (
            PLUG.format(tag="http"),
            "http",
            "the output type 'http' is in several packages: platewire, acme-siren 1.0",
        ),
        (PLUG.format(tag="display"), "display", "the output type 'display' is in several"),
    ],
)
def test_what_is_wrong_with_a_package_names_it(
    installed: Callable[..., str], site: Site, packages: Path, text: str, point: str, told: str
) -> None:
    install_siren(packages, text, point)
    extra = f'[[output]]\nname = "x"\ntype = "{point}"\n'
    site.config.write_text(site.config.read_text() + extra)
    answer = installed("check")
    assert told in answer
    assert "acme-siren 1.0" in answer


def test_a_broken_package_that_no_configuration_names_is_not_loaded(
    installed: Callable[..., str], site: Site, packages: Path
) -> None:
    install_siren(packages, "import absent_library", "siren")
    assert [each.name for each in load(site.config).output] == ["led", "book"]


def test_an_unknown_type_is_told_with_the_nearest(
    installed: Callable[..., str], site: Site
) -> None:
    site.config.write_text(site.config.read_text().replace('"display"', '"dispaly"'))
    assert "(output \"led\"): 'dispaly' is not one of the choices; did you mean 'display'?" in (
        installed("check")
    )


def test_without_them_nothing_is_imported_and_the_type_stays(site: Site) -> None:
    site.config.write_text("")
    assert type(load(site.config)) is Config
