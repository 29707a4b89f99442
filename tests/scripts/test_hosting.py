"""Addresses, hosted CI, forms and hooks: they name what is there."""

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from scripts import commands
from scripts.environment import ROOT

URLS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["urls"]
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
PAGES = [
    *(
        ROOT / name
        for name in ("CONTRIBUTING.md", "SECURITY.md", "README.md", "docs/quickstart.md")
    ),
    ROOT / ".github" / "PULL_REQUEST_TEMPLATE.md",
    *FORMS,
]


def loaded(file: Path) -> Any:
    return yaml.safe_load(file.read_text("utf-8"))


# --- the project's address -----------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_the_address_of_the_project(page: Path) -> None:
    """pyproject.toml has it; the pages repeat it."""
    text = page.read_text("utf-8")
    home = URLS["Homepage"]
    ours = re.findall(r"https://[\w./-]*/platewire\b[\w./-]*", text)
    assert [each for each in ours if not re.match(rf"{re.escape(home)}(/|\.git$|$)", each)] == []
    assert all(each == URLS["Source"] for each in re.findall(r"git clone (\S+)", text))


def test_the_quickstart_clones_it() -> None:
    assert f"git clone {URLS['Source']} " in (ROOT / "docs" / "quickstart.md").read_text("utf-8")


def test_each_address_begins_with_the_home_page() -> None:
    assert {*URLS} == {"Homepage", "Documentation", "Source", "Issues", "Changelog"}
    assert all(each.startswith(URLS["Homepage"]) for each in URLS.values())
    for name in ("Documentation", "Changelog"):
        assert (ROOT / URLS[name].rpartition("/main/")[2]).exists()


# --- hosted CI -----------------------------------------------------------------------------------

CI = loaded(ROOT / ".github" / "workflows" / "ci.yml")


def steps(what: str) -> list[str]:
    """Of all jobs: those that `run` a command, or those that use (`uses`) an action."""
    return [step[what] for job in CI["jobs"].values() for step in job["steps"] if what in step]


def test_ci_runs_the_script_of_this_repository() -> None:
    assert steps("run")[-1] == ".ci/run"
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_ci_may_read_and_nothing_else() -> None:
    assert CI["permissions"] == {"contents": "read"}
    assert not any("permissions" in job for job in CI["jobs"].values())


def test_every_job_of_ci_ends() -> None:
    assert all(job["timeout-minutes"] <= 120 for job in CI["jobs"].values())


def test_ci_uses_no_code_of_others_but_the_checkout() -> None:
    assert steps("uses") == ["actions/checkout@v4"]


# --- hooks ---------------------------------------------------------------------------------------

HOOKS = [
    hook for repo in loaded(ROOT / ".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]
]


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: str(hook["id"]))
def test_a_hook_is_a_command_of_run_py(hook: dict[str, Any]) -> None:
    python, run, command, *arguments = shlex.split(hook["entry"])
    assert (python, run) == ("python3", "run.py")
    words = [each for each in arguments if not each.startswith("--")]
    if command == "check":
        assert words
        assert set(words) <= set(commands.steps())
    else:
        assert [command, *arguments] == ["docs", "--check"]
    assert hook["language"] == "system", "nothing is downloaded"


# --- forms ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [each for each in FORMS if each.stem != "config"], ids=str)
def test_a_form_has_what_the_host_wants(form: Path) -> None:
    text = loaded(form)
    assert {"name", "description", "body"} <= text.keys()
    fields = [each for each in text["body"] if each["type"] != "markdown"]
    assert all(each["attributes"]["label"] for each in fields)
    names = [each["id"] for each in fields]
    assert len(names) == len(set(names))
    assert any(each.get("validations", {}).get("required") for each in fields)


def test_vulnerabilities_are_not_reported_in_public() -> None:
    (link, *_) = loaded(ROOT / ".github" / "ISSUE_TEMPLATE" / "config.yml")["contact_links"]
    assert link["url"] == f"{URLS['Homepage']}/security/advisories/new"
    assert link["url"] in (ROOT / "SECURITY.md").read_text("utf-8")
