"""What the tests talk to and pip does not bring: whether it is here, and how to get it.

A test calls `need`. Where the counterpart is missing, the test is skipped with the remedy as its
reason; on CI (`CI` is set) it fails instead, since CI installs all of `.ci/apt-packages`. The end
of a run lists what was not tried (`tests/conftest.py`).
"""

import functools
import importlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

import pytest

JARS = Path("/usr/share/java")
JDK_OLDEST = 17
"""The program that reads through JDBC is written for it."""
SYSTEM_PYTHON = "/usr/bin/python3"
"""Debian's own, as GStreamer's bindings are for no other."""
RTSP_SERVER_IS_HERE = """
import gi
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst
Gst.init(None)
assert all(map(Gst.ElementFactory.find, ("qtdemux", "rtph264pay")))
"""


class Counterpart(NamedTuple):
    name: str
    packages: Sequence[str]
    """Debian's, which bring it."""
    is_here: Callable[[], bool]

    @property
    def reason(self) -> str:
        return f"{self.name} is not installed: apt-get install {' '.join(self.packages)}"


def need(*counterparts: Counterpart) -> None:
    """Skips the test, or fails it on CI, unless all of them are here."""
    for each in counterparts:
        if not each.is_here():
            _without(each.reason)


def _without(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(f"{reason} (on CI nothing may be missing, see .ci/apt-packages)")
    pytest.skip(reason)


def untried(reasons: Iterable[str]) -> tuple[Mapping[str, int], Sequence[str]]:
    """How often each reason came, most often first, and the packages that would help."""
    counts: dict[str, int] = {}
    for reason in reasons:
        counts[reason] = counts.get(reason, 0) + 1
    packages = {package for each in ALL if each.reason in counts for package in each.packages}
    return dict(sorted(counts.items(), key=lambda item: -item[1])), sorted(packages)


# --- is it here? ---------------------------------------------------------------------------------


def program(name: str) -> str | None:
    """Its path; Debian keeps servers in a folder that is not on everybody's PATH."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def postgresql_programs() -> Path | None:
    """The folder of initdb and pg_ctl, which Debian keeps off the PATH."""
    if found := shutil.which("pg_ctl"):
        return Path(found).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    return installed[-1].parent if installed else None


def faketime_library() -> Path | None:
    """Preloaded, it makes up what date it is."""
    return next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))), None)


def _programs(*names: str) -> Callable[[], bool]:
    return lambda: all(program(name) for name in names)


@functools.cache
def _odbc_drivers() -> Sequence[str]:
    """Names of installed drivers. Without unixODBC's own library, `pyodbc` cannot be imported."""
    try:
        return list(importlib.import_module("pyodbc").drivers())
    except ImportError:
        return []


@functools.cache
def _has_rtsp_server() -> bool:
    if not Path(SYSTEM_PYTHON).exists():
        return False
    command = [SYSTEM_PYTHON, "-c", RTSP_SERVER_IS_HERE]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@functools.cache
def _has_qt() -> bool:
    if not Path(SYSTEM_PYTHON).exists():
        return False
    command = [SYSTEM_PYTHON, "-c", "from PySide2.QtCore import QUrlQuery"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@functools.cache
def _has_jdk() -> bool:
    """The compiler counts, as the program is there as source."""
    if not _programs("java", "javac")():
        return False
    told = subprocess.run(["javac", "-version"], capture_output=True, text=True, check=False)
    version = re.match(r"javac (\d+)", told.stdout)
    return version is not None and int(version[1]) >= JDK_OLDEST


# --- all of them ---------------------------------------------------------------------------------

POSTGRESQL = Counterpart(
    "a PostgreSQL server", ["postgresql"], lambda: postgresql_programs() is not None
)
PSQL = Counterpart("psql", ["postgresql-client"], _programs("psql"))
ISQL = Counterpart("isql", ["unixodbc"], _programs("isql"))
ODBC_POSTGRESQL = Counterpart(
    "the ODBC driver of PostgreSQL",
    ["unixodbc", "odbc-postgresql"],
    lambda: "PostgreSQL Unicode" in _odbc_drivers(),
)
ODBC_SQLITE = Counterpart(
    "the ODBC driver of SQLite",
    ["unixodbc", "libsqliteodbc"],
    lambda: "SQLite3" in _odbc_drivers(),
)
JDK = Counterpart(f"a JDK from version {JDK_OLDEST}", ["openjdk-17-jdk-headless"], _has_jdk)
JDBC_POSTGRESQL = Counterpart(
    "the JDBC driver of PostgreSQL",
    ["libpostgresql-jdbc-java"],
    (JARS / "postgresql.jar").exists,
)
JDBC_SQLITE = Counterpart(
    "the JDBC driver of SQLite", ["libxerial-sqlite-jdbc-java"], (JARS / "sqlite-jdbc.jar").exists
)
SQLITE_SHELL = Counterpart("sqlite3", ["sqlite3"], _programs("sqlite3"))
MOSQUITTO = Counterpart(
    "the MQTT broker Mosquitto",
    ["mosquitto", "mosquitto-clients"],
    _programs("mosquitto", "mosquitto_sub", "mosquitto_pub", "mosquitto_passwd"),
)
RTSP_SERVER = Counterpart(
    "GStreamer's RTSP server",
    [
        "gir1.2-gst-rtsp-server-1.0",
        "gstreamer1.0-plugins-base",
        "gstreamer1.0-plugins-good",
        "python3-gi",
    ],
    _has_rtsp_server,
)
BROWSER = Counterpart(
    "Chromium", ["chromium", "chromium-driver"], _programs("chromium", "chromedriver")
)
OPENSSL = Counterpart("openssl", ["openssl"], _programs("openssl"))
NETCAT = Counterpart("OpenBSD's nc", ["netcat-openbsd"], _programs("nc"))
CURL = Counterpart("curl", ["curl"], _programs("curl"))
NPM = Counterpart("npm, which brings Node-RED", ["npm"], _programs("node", "npm"))
PHP = Counterpart("PHP", ["php-cli"], _programs("php"))
QT = Counterpart("Qt for Debian's own Python", ["python3-pyside2.qtcore"], _has_qt)
TINYPROXY = Counterpart("tinyproxy", ["tinyproxy"], _programs("tinyproxy"))
VSFTPD = Counterpart("the FTP server vsftpd", ["vsftpd"], _programs("vsftpd"))
XMLLINT = Counterpart("xmllint", ["libxml2-utils"], _programs("xmllint"))
FAKETIME = Counterpart("libfaketime", ["libfaketime"], lambda: faketime_library() is not None)
TYPEFACES = Counterpart(
    "Liberation, the typefaces for rendered plates",
    ["fonts-liberation"],
    lambda: any(Path("/usr/share/fonts").rglob("LiberationSans-Bold.ttf")),
)

ALL: Sequence[Counterpart] = [each for each in globals().values() if isinstance(each, Counterpart)]
