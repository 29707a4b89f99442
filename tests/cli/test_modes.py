"""What platewire writes tells who drove where and when: it is its user's, whatever the umask."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from tests.acceptance.running import Running

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows has no modes")
PLATEWIRE = [sys.executable, "-W", "error", "-m", "platewire.cli"]
CONFIG = """
[web]
listen = "127.0.0.1:0"
[log]
folder = "{folder}/log"
[[list]]
name = "staff"
kind = "allow"
[recognition]
type = "replay"
path = "{folder}/reads.jsonl"
"""
UMASKS = ("022", "002")


def under(umask: str) -> list[str]:
    """`platewire` as a shell with that umask starts it."""
    return ["sh", "-c", f'umask {umask}; exec "$0" "$@"', *PLATEWIRE]


def opened(folder: Path) -> list[str]:
    """What others than the owner may do something with."""
    found = [folder, *folder.rglob("*")]
    return [
        f"{path.relative_to(folder)} {stat.filemode(path.stat().st_mode)}"
        for path in found
        if path.stat().st_mode & 0o077
    ]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "platewire.toml"
    path.write_text(CONFIG.format(folder=tmp_path))
    (tmp_path / "reads.jsonl").touch()
    return path


def run(umask: str, config: Path, *arguments: str, code: int = 0) -> None:
    command = [*under(umask), *arguments, "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr


@pytest.mark.parametrize("umask", UMASKS)
def test_what_the_server_writes_is_its_own(umask: str, config: Path) -> None:
    server = Running(config, under(umask))
    try:
        written = config.parent / "log"
        assert {"platewire.db", "platewire.db-wal", "platewire.db-shm"} <= {
            each.name for each in written.iterdir()
        }
        assert opened(written) == []
        assert server.stop() == 0
        assert opened(written) == []
    finally:
        server.kill()


@pytest.mark.parametrize("umask", UMASKS)
def test_lists_backups_and_exports_are_their_owners(umask: str, config: Path) -> None:
    folder = config.parent
    server = Running(config, under(umask))
    assert server.stop() == 0
    server.kill()
    run(umask, config, "lists", "add", "staff", "B AB 1234")
    run(umask, config, "database", "backup", str(folder / "backup"))
    run(umask, config, "export", "passages", str(folder / "passages.csv"), code=1)  # none yet
    (folder / "log").rename(folder / "before")
    run(umask, config, "database", "restore", str(folder / "backup"))
    for each in ("before", "backup", "log", "passages.csv"):
        assert opened(folder / each) == []


def test_a_mode_that_somebody_chose_stays_and_sqlite_follows_it(config: Path) -> None:
    """So a group of readers goes on reading; new files beside the database are as it is."""
    log = config.parent / "log"
    run("022", config, "lists", "add", "staff", "B AB 1234")
    Running(config, under("022")).kill()
    database = log / "platewire.db"
    log.chmod(0o750)
    database.chmod(0o640)
    for each in log.glob("*.db-*"):
        each.unlink()
    server = Running(config, under("022"))
    try:
        for name in ("platewire.db", "platewire.db-wal", "platewire.db-shm"):
            assert stat.S_IMODE((log / name).stat().st_mode) == 0o640, name
        assert stat.S_IMODE(log.stat().st_mode) == 0o750
    finally:
        server.kill()


def test_a_configuration_is_for_whoever_runs_it(tmp_path: Path) -> None:
    file = tmp_path / "platewire.toml"
    subprocess.run([*under("022"), "init", str(file)], check=True, capture_output=True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_check_tells_of_files_that_all_can_read(config: Path) -> None:
    log = config.parent / "log"
    log.mkdir(mode=0o755)
    log.chmod(0o755)
    database = log / "platewire.db"
    apsw.Connection(str(database)).close()
    database.write_bytes(b"")
    database.chmod(0o644)
    said = subprocess.run(
        [*under("022"), "check", "--config", str(config)],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    assert "every user of this machine can read platewire.db" in said
    assert stat.S_IMODE(database.stat().st_mode) == 0o644
