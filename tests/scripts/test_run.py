"""run.py on Pythons that it does not know, and what it does with `.venv`."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import run
from scripts import commands, environment

ROOT = Path(__file__).resolve().parents[2]
RUN = ROOT / "run.py"


def started(version: tuple[int, int]) -> "subprocess.CompletedProcess[str]":
    """As that Python would start it."""
    code = (
        "import runpy, sys\n"
        f"sys.version_info = {(*version, 0, 'final', 0)}\n"
        f"sys.argv = ['run.py', '--help']\n"
        f"runpy.run_path({str(RUN)!r}, run_name='__main__')\n"
    )
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
    )


@pytest.mark.parametrize("version", [(2, 7), (3, 6), (3, 10), (3, run.NEWEST[1] + 1), (4, 0)])
def test_a_python_that_is_not_supported_is_told_so_in_a_sentence(version: tuple[int, int]) -> None:
    done = started(version)
    assert done.returncode == 2
    assert done.stdout == ""
    assert f"this is {version[0]}.{version[1]}" in done.stderr
    assert "Python 3.11 to 3." in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("version", [run.OLDEST, run.NEWEST])
def test_a_python_that_is_supported_goes_on(version: tuple[int, int]) -> None:
    done = started(version)
    assert done.returncode == 0
    assert done.stdout.startswith("Sets platewire up")


def test_an_old_python_can_read_run_py() -> None:
    """As far as the parser knows of the oldest; what is newer is a SyntaxError to it."""
    ast.parse(RUN.read_text("ascii"), feature_version=(3, 7))
    assert not [node for node in ast.walk(ast.parse(RUN.read_text())) if type(node) in NEWER]


NEWER = (ast.JoinedStr, ast.AnnAssign, ast.FunctionDef, ast.AsyncFunctionDef, ast.NamedExpr)
"""Functions among them: the house's rules would want annotations on them."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment that is whole."""
    monkeypatch.setattr(environment, "VENV", tmp_path)
    monkeypatch.setattr(environment, "PYTHON", tmp_path / "python")
    monkeypatch.setattr(environment, "MADE_WITH", tmp_path / ".made-with")
    (tmp_path / "python").symlink_to(sys.executable)
    (tmp_path / ".made-with").write_text(environment.this_python())
    for kind in environment.LOCKS:
        environment.stamp(kind).write_text(environment.fingerprint(kind))
    return tmp_path


@pytest.fixture
def steps(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What would be done, by title."""
    titles: list[str] = []
    monkeypatch.setattr(environment, "step", lambda title, _: titles.append(title))
    monkeypatch.setattr(environment, "fetch_pip", lambda: folder)
    return titles


MADE = ["making .venv", "adding pip"]
INSTALLED = ["installing what platewire needs", "installing platewire itself"]


def test_nothing_is_done_to_an_environment_that_is_whole(steps: list[str]) -> None:
    environment.prepare("run")
    environment.prepare("dev")
    assert steps == []


def test_tools_for_tests_hold_what_running_needs(folder: Path, steps: list[str]) -> None:
    (folder / ".installed-run").unlink()
    environment.prepare("run")
    assert steps == []


@pytest.mark.parametrize("lost", [".made-with", "python"])
def test_what_was_cut_off_or_points_to_a_python_that_is_gone_is_made_anew(
    lost: str, folder: Path, steps: list[str]
) -> None:
    (folder / lost).unlink()
    for kind in environment.LOCKS:
        environment.stamp(kind).unlink()
    environment.prepare("run")
    assert steps == [*MADE, *INSTALLED]


def test_another_python_makes_it_anew(folder: Path, steps: list[str]) -> None:
    (folder / ".made-with").write_text("3.11.1 in /usr")
    environment.prepare("run")
    assert steps[:2] == MADE
    assert environment.made_with_this_python()


def test_what_the_lock_names_anew_is_added(folder: Path, steps: list[str]) -> None:
    for kind in environment.LOCKS:
        environment.stamp(kind).write_text("of an older lock")
    environment.prepare("run")
    assert steps == INSTALLED


def test_output_in_a_file_is_a_line_for_each_step(capsys: pytest.CaptureFixture[str]) -> None:
    environment.step("one", [sys.executable, "-c", "print('Collecting x')"])
    with pytest.raises(environment.SetupError, match="two ended with 3"):
        environment.step("two", [sys.executable, "-c", "raise SystemExit(3)"])
    assert re.fullmatch(r"one \.\.\. \d+ s\ntwo \.\.\. \d+ s\n", capsys.readouterr().out)


# --- the commands --------------------------------------------------------------------------------


def test_the_help_names_every_command_and_its_options() -> None:
    text = str(run.__doc__)
    assert all(f"python3 run.py {name} " in text for name in commands.COMMANDS)
    for option in ("--dev", "--fix", "--coverage", "--check", "--upgrade", "--dry-run"):
        assert option in text


@pytest.mark.parametrize(
    ("command", "named"),
    [
        ("setup", ["--dev"]),
        ("test", ["--coverage", "tests/wire/test_native.py::test_", "-k relay"]),
        ("check", ["--fix", *commands.steps()]),
        ("lock", ["--upgrade", "--upgrade-package NAME", "requirements-dev.lock"]),
    ],
)
def test_each_command_explains_itself(
    command: str, named: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="0"):
        commands.main([command, "--help"], "")
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith(f"usage: run.py {command} [-h]")
    assert [each for each in named if each not in said] == []


@pytest.fixture
def started_programs(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The arguments of the programs that would be started, after the Python; each ends with 0."""
    found: list[list[str]] = []

    def start(command: list[str | Path]) -> int:
        found.append([str(each) for each in command[1:]])
        return 0

    monkeypatch.setattr(commands, "prepare", lambda _: None)
    monkeypatch.setattr(commands, "become", start)
    monkeypatch.setattr(commands, "run", start)
    return found


@pytest.mark.parametrize(
    ("arguments", "for_pytest"),
    [
        ([], []),
        (["-q", "-k", "a or b", "tests/wire"], ["-q", "-k", "a or b", "tests/wire"]),
        (["--ignore", "tests/faults", "-x"], ["--ignore", "tests/faults", "-x"]),
        (["tests/wire", "--", "--help"], ["tests/wire", "--help"]),
    ],
)
def test_arguments_of_tests_go_to_pytest(
    started_programs: list[list[str]], arguments: list[str], for_pytest: list[str]
) -> None:
    assert commands.main(["test", *arguments], "") == 0
    assert started_programs == [["-m", "pytest", *for_pytest]]


def test_coverage_is_measured_and_reported(started_programs: list[list[str]]) -> None:
    assert commands.main(["test", "tests/wire", "--coverage", "-x"], "") == 0
    assert [" ".join(each) for each in started_programs] == [
        "-m coverage erase",
        "-m coverage run -m pytest tests/wire -x",
        "-m coverage combine",
        "-m coverage report",
        "-m coverage html",
    ]


def test_steps_of_the_check_may_be_chosen(
    started_programs: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.main(["check", "--fix", "format", "lint"], "") == 0
    assert [" ".join(each) for each in started_programs] == [
        "-m ruff check --fix .",
        "-m ruff format .",
    ]
    with pytest.raises(SystemExit, match="2"):
        commands.main(["check", "formt"], "")
    assert "unknown step 'formt': use some of lint, format, types" in capsys.readouterr().err
