"""The walk through docs/write_an_output.md, as a newcomer makes it."""

import re
import tomllib
from pathlib import Path

import pytest

from platewire.config.load import load
from tests.plugs.packages import PAGE, install, modules_of_the_page

FILES = ("platewire_display.py", "test_display.py", "platewire_array.py", "platewire_marked.py")


def test_the_page_gives_each_file_whole() -> None:
    assert tuple(modules_of_the_page()) == FILES


def test_its_package_its_test_and_its_configuration_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules = modules_of_the_page()
    tables = re.findall(r"```toml no-run\n(.*?)```", PAGE.read_text(), re.S)
    project = tomllib.loads(tables[0])["project"]
    install(tmp_path, project["name"], modules, project["entry-points"])
    monkeypatch.syspath_prepend(tmp_path)
    config = tmp_path / "platewire.toml"
    config.write_text(tables[1])
    assert load(config).output[0].receiver == "192.0.2.50:5005"
    scope: dict[str, object] = {"__name__": "test_display"}
    exec(compile(modules["test_display.py"], "test_display.py", "exec"), scope)
    check = scope["test_it_keeps_the_contract"]
    assert callable(check)
    check()


def test_the_tables_of_the_page_are_a_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules = modules_of_the_page()
    points = {
        "platewire.sources": {"array": "platewire_array:ArraySettings"},
        "platewire.engines": {"marked": "platewire_marked:MarkedSettings"},
    }
    for group, named in points.items():
        ((name, value),) = named.items()
        assert f'`{name} = "{value}"` in the group `{group}`' in PAGE.read_text()
    install(tmp_path, "example", modules, points)
    monkeypatch.syspath_prepend(tmp_path)
    tables = re.findall(r"```toml no-run\n(.*?)```", PAGE.read_text(), re.S)
    config = tmp_path / "platewire.toml"
    config.write_text(tables[2] + tables[3])
    assert load(config).recognition.kind == "marked"
