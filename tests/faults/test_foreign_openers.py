"""Others open the log read-write and close it, all the time, while the server works, stops, dies.

Every event that was acknowledged is in the log, as it was, and no number was given out twice.
`PLATEWIRE_ROUNDS=200` makes it a long run.
"""

import random
import signal
import time
import urllib.request
from pathlib import Path

import apsw
import pytest

from platewire.database.connection import rows
from tests.acceptance.ports import free_port
from tests.acceptance.running import Running
from tests.faults.foreign_opener import KINDS, openers
from tests.faults.four_ways import LOADED, environment
from tests.support.counterparts import ODBC_SQLITE, SQLITE_SHELL, need

ROUNDS = environment("PLATEWIRE_ROUNDS", 6)
LOAD = environment("PLATEWIRE_LOAD", 200.0)
"""Events a second."""
CONFIG = """
[web]
listen = "127.0.0.1:{port}"
[log]
folder = "{folder}/log"
[[list]]
name = "staff"
kind = "allow"
"""


@pytest.mark.slow
@pytest.mark.timeout(120 + 30 * ROUNDS)
def test_others_open_and_close_the_log_read_write(tmp_path: Path) -> None:
    need(SQLITE_SHELL, ODBC_SQLITE)
    config = tmp_path / "platewire.toml"
    config.write_text(CONFIG.format(folder=tmp_path, port=free_port()), "utf-8")
    notes = tmp_path / "acknowledged"
    chance = random.Random(20_261_130)
    with openers(tmp_path / "log" / "platewire.db", tmp_path, KINDS):
        for _ in range(ROUNDS):
            one_round(config, notes, chance)
    counted = {kind: (tmp_path / kind).stat().st_size for kind in KINDS}
    print(f"opened and closed: {counted}")
    assert all(count >= ROUNDS for count in counted.values()), counted
    judge(tmp_path / "log" / "platewire.db", notes)


def one_round(config: Path, notes: Path, chance: random.Random) -> None:
    server = Running(config, LOADED, LOADED_RATE=str(LOAD), LOADED_NOTES=str(notes))
    try:
        time.sleep(chance.uniform(0.2, 1.2))  # the moment is what is being varied
        for path in ("api/v1/events?limit=5", "api/v1/passages?limit=5", "healthz"):
            with urllib.request.urlopen(server.addresses["page"] + path) as answer:
                answer.read()
        if chance.random() < 0.5:
            server.signal(signal.SIGTERM)
            assert server.wait() == 0
    finally:
        server.kill()


def judge(path: Path, notes: Path) -> None:
    connection = apsw.Connection(f"file:{path}?mode=ro", flags=apsw.SQLITE_OPEN_URI | 1)
    connection.set_busy_timeout(10_000)  # The last of the others may still be closing.
    try:
        logged = dict(rows(connection, "SELECT seq, id FROM event ORDER BY seq"))
    finally:
        connection.close()
    acknowledged = [line.split() for line in notes.read_text("utf-8").splitlines()]
    print(f"acknowledged: {len(acknowledged)}, in the log: {len(logged)}")
    assert len(acknowledged) > ROUNDS
    assert [each for each in acknowledged if logged.get(int(each[0])) != each[1]] == []
    assert len({seq for seq, _ in acknowledged}) == len(acknowledged)
    assert list(logged) == list(range(1, len(logged) + 1))
