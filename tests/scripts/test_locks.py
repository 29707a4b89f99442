"""The lock files: complete, and one version of each package for every supported Python."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import run
from scripts.environment import LOCKS, ROOT
from scripts.locks import PER_PYTHON, Pin, differences, pins, read, supported

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
HASH = "--hash=sha256:" + "0" * 64


@pytest.fixture(params=LOCKS)
def lock(request: pytest.FixtureRequest) -> list[Pin]:
    return read(LOCKS[request.param])


def requirements() -> Iterator[Requirement]:
    """What the product itself needs, its extras included."""
    project = PYPROJECT["project"]
    extras = project["optional-dependencies"].values()
    for each in (*project["dependencies"], *(one for extra in extras for one in extra)):
        yield Requirement(each)


def test_each_package_has_a_hash(lock: list[Pin]) -> None:
    assert len(lock) > 30
    assert all(pin.hashes for pin in lock)


def test_each_package_has_one_version_for_every_python(lock: list[Pin]) -> None:
    assert list(differences(lock)) == []


def test_the_lock_for_running_is_part_of_the_other() -> None:
    run_lock, both = (read(LOCKS[kind]) for kind in ("run", "dev"))
    names = {pin.name for pin in run_lock}
    assert {(pin.name, pin.version) for pin in run_lock} == {
        (pin.name, pin.version) for pin in both if pin.name in names
    }


def test_the_locks_fit_what_the_project_asks_for() -> None:
    versions = {pin.name: pin.version for pin in read(LOCKS["dev"])}
    for each in requirements():
        assert versions[canonicalize_name(each.name)] in each.specifier, each


def test_the_next_major_version_is_kept_out_until_it_has_been_tried() -> None:
    """Who installs the wheel has no lock. tzdata is data, and its versions are years."""
    unbound = [each.name for each in requirements() if "<" not in str(each.specifier)]
    assert unbound == ["tzdata"]


def test_time_zones_are_there_on_a_system_that_has_none() -> None:
    """Windows, and small containers."""
    assert "tzdata" in {pin.name for pin in read(LOCKS["run"])}
    code = "import zoneinfo; print(zoneinfo.ZoneInfo('Europe/Berlin'), zoneinfo.TZPATH)"
    environment = {**os.environ, "PYTHONTZPATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "Europe/Berlin ()\n"


def test_one_range_of_pythons_is_told_everywhere() -> None:
    oldest, newest = run.OLDEST, run.NEWEST
    pythons = [f"3.{minor}" for minor in range(oldest[1], newest[1] + 1)]
    assert supported() == pythons
    bound = SpecifierSet(PYPROJECT["project"]["requires-python"])
    (marker,) = PYPROJECT["tool"]["uv"]["environments"]
    for minor in range(30):
        version = f"3.{minor}"
        assert (version in bound) == (version in pythons)
        assert Marker(marker).evaluate({"python_version": version}) == (version in pythons)
    assert PYPROJECT["tool"]["mypy"]["python_version"] == pythons[0]


# --- what finds it -------------------------------------------------------------------------------


def test_a_lock_is_read_with_markers_and_other_spellings() -> None:
    first = f"Gate_Way==1.0 \\\n    {HASH} \\\n    {HASH}\n"
    rest = f"b[x]==2 ; os_name == 'nt' \\\n    {HASH}\nc==3\n"
    assert list(pins(first + rest)) == [
        Pin("gate-way", "1.0", "", 2),
        Pin("b", "2", "os_name == 'nt'", 1),
        Pin("c", "3", "", 0),
    ]


OLD, NEW = "python_full_version < '3.12'", "python_full_version >= '3.12'"


@pytest.mark.parametrize(
    ("lock", "said"),
    [
        ([("av", "18.1.0", OLD), ("av", "19.0.2", NEW)], "another major version"),
        ([("numpy", "2.4.6", OLD), ("numpy", "2.5.5", NEW)], "not the same for every Python"),
        ([("tomli", "2.0", OLD)], "none on 3.12"),
        ([("a", "1.0", "sys_platform == 'linux'"), ("a", "2.0", "sys_platform != 'linux'")], "m"),
        ([("colorama", "0.4.6", "sys_platform == 'win32'")], ""),
        ([("numpy", "2.4.6", "python_full_version < '3.15'")], ""),
    ],
)
def test_what_differs_is_told(lock: list[tuple[str, str, str]], said: str) -> None:
    told = list(
        differences([Pin(name, version, marker, 1) for name, version, marker in lock], allowed={})
    )
    assert len(told) == bool(said)
    assert all(said in each for each in told)


def test_an_exception_does_not_excuse_another_major_version() -> None:
    minor = [Pin("numpy", "2.4.6", OLD, 1), Pin("numpy", "2.5.5", NEW, 1)]
    major = [Pin("numpy", "1.9", OLD, 1), Pin("numpy", "2.5.5", NEW, 1)]
    assert not list(differences(minor, allowed={"numpy": "tried"}))
    assert list(differences(major, allowed={"numpy": "tried"}))


def test_every_exception_is_still_needed_and_has_a_reason() -> None:
    found = {each.partition(" ")[0] for each in differences(read(LOCKS["dev"]), {})}
    assert found == set(PER_PYTHON)
    assert all(PER_PYTHON.values())
