"""The pages on training name modules, options and files that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TRAINING = ROOT / "training"
PAGES = [TRAINING / "README.md", TRAINING / "vehicle" / "README.md"]
COMMAND = re.compile(r"python -m (training[.\w]*)(.*)")
FILE = re.compile(r"`((?:\w+/)*\w+\.(?:py|md|jsonl|txt))`")


def commands() -> list[tuple[str, str]]:
    found = (COMMAND.finditer(page.read_text("utf-8")) for page in PAGES)
    return sorted({(one[1], one[2].partition("#")[0]) for some in found for one in some})


@pytest.mark.parametrize(("module", "rest"), commands())
def test_a_command_has_the_options_that_the_page_gives_it(module: str, rest: str) -> None:
    source = (ROOT / f"{module.replace('.', '/')}.py").read_text("utf-8")
    if module.endswith(".train"):
        source += (TRAINING / "options.py").read_text("utf-8")
    for option in re.findall(r"--[a-z-]+", rest):
        assert f'"{option}"' in source, f"{module} has no option {option}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_a_file_that_a_page_names_exists(page: Path) -> None:
    places = [TRAINING, page.parent, ROOT, ROOT / "src/platewire/country", *TRAINING.glob("*/")]
    missing = {
        name
        for name in FILE.findall(page.read_text("utf-8"))
        if not any((place / name).is_file() for place in places)
    }
    assert not missing
