"""A release, made in a temporary clone: what comes out, what is refused, what a failure leaves."""

import hashlib
import json
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from scripts import release
from scripts.environment import ROOT
from tests.support.counterparts import Counterpart, need

GIT = Counterpart("git", ["git"], lambda: shutil.which("git") is not None)
COPIED = ("LICENSE", "NOTICE", "README.md", "pyproject.toml", "requirements-dev.lock", ".gitignore")
CHANGELOG = f"# Changes\n\n{release.MARK}\n## 0.0.9 - 2026-01-31\n\n### Fixed\n\n- Old.\n"
FRAGMENT = "changelog.d/relay-timeout.fixed.md"
NEXT = "99.1.0"


def git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(root: Path) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", "A change")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository with platewire's code, without the networks, and with one fragment."""
    need(GIT)
    root = tmp_path / "clone"
    ignored = shutil.ignore_patterns("*.onnx", "__pycache__", "*.pyc")
    shutil.copytree(ROOT / "src", root / "src", ignore=ignored)
    for name in COPIED:
        shutil.copy(ROOT / name, root)
    (root / "changelog.d").mkdir()
    for name in ("README.md", "template.md"):
        shutil.copy(ROOT / "changelog.d" / name, root / "changelog.d")
    (root / FRAGMENT).write_text("Relay: `timeout_seconds` holds for all.\n")
    (root / "CHANGELOG.md").write_text(CHANGELOG)
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "config", "user.name", "A maintainer")
    git(root, "config", "user.email", "maintainer@example.org")
    commit(root)
    return root


def state(root: Path) -> list[str]:
    """Everything of a repository that a release may change."""
    asked = (["rev-parse", "HEAD"], ["tag"], ["status", "--porcelain"], ["worktree", "list"])
    return [git(root, *each) for each in asked]


# --- what comes out ------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_release_is_a_commit_a_tag_and_files(
    clone: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The same time of the commit, so that the dry run and the release are the same commit.
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-01-31T12:00:00Z")
    dry_run_changes_nothing(clone, capsys)
    assert release.main([NEXT], clone) == 0
    assert "git push origin main v99.1.0" in capsys.readouterr().out
    folder = clone / "dist" / NEXT
    check_repository(clone)
    check_changelog(clone)
    check_packages(folder)
    check_checksums(folder)
    check_sbom(folder / f"platewire-{NEXT}.cdx.json")


def dry_run_changes_nothing(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = state(root)
    assert release.main([NEXT, "--dry-run"], root) == 0
    assert state(root) == before
    said = capsys.readouterr().out
    assert "- Relay: `timeout_seconds` holds for all." in said
    assert "nothing was committed, nothing was tagged" in said


def check_repository(root: Path) -> None:
    assert git(root, "log", "--format=%s") == f"Release {NEXT}\nA change"
    assert git(root, "status", "--porcelain") == ""
    assert git(root, "cat-file", "-t", f"v{NEXT}") == "tag"
    assert git(root, "rev-parse", f"v{NEXT}^{{}}") == git(root, "rev-parse", "HEAD")
    assert "Fixed:\n\n- Relay: `timeout" in git(root, "tag", "--format=%(contents)", "--list")
    assert release.current_version(root) == NEXT


def check_changelog(root: Path) -> None:
    assert not (root / FRAGMENT).exists()
    before, _, after = (root / "CHANGELOG.md").read_text().partition(release.MARK)
    assert before == "# Changes\n\n"
    new, _, old = after.partition("## 0.0.9 ")
    assert new.startswith(f"\n## {NEXT} - 20")
    assert new.endswith("\n\n### Fixed\n\n- Relay: `timeout_seconds` holds for all.\n\n")
    assert old == CHANGELOG.partition("## 0.0.9 ")[2]


def check_packages(folder: Path) -> None:
    with zipfile.ZipFile(folder / f"platewire-{NEXT}-py3-none-any.whl") as wheel:
        metadata = wheel.read(f"platewire-{NEXT}.dist-info/METADATA").decode()
        assert f'__version__ = "{NEXT}"'.encode() in wheel.read("platewire/__init__.py")
    assert f"\nVersion: {NEXT}\n" in metadata
    assert "\nProject-URL: Changelog, https://" in metadata
    with tarfile.open(folder / f"platewire-{NEXT}.tar.gz") as sdist:
        inside = {name.partition("/")[2] for name in sdist.getnames()}
    assert {"PKG-INFO", "CHANGELOG.md", "NOTICE", "src/platewire/py.typed"} <= inside
    assert not [name for name in inside if name.startswith((".git/", "dist/"))]
    with pytest.raises(release.ReleaseError, match=f"says it is 'platewire {NEXT}', not 1"):
        release.try_wheel(folder / f"platewire-{NEXT}-py3-none-any.whl", "1")


def check_checksums(folder: Path) -> None:
    lines = (folder / "SHA256SUMS").read_text().splitlines()
    sums = {line.partition("  ")[2]: line.partition("  ")[0] for line in lines}
    files = {each.name for each in folder.iterdir()} - {"SHA256SUMS"}
    assert len(files) == 3
    assert sums == {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in files
    }
    tried = folder.with_name(f"{NEXT}-dry-run")
    assert (tried / "SHA256SUMS").read_text().splitlines() == lines, "the same commit, other files"


def check_sbom(file: Path) -> None:
    text = file.read_text("utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bom = json.loads(text)
    assert bom["metadata"]["component"]["purl"] == f"pkg:pypi/platewire@{NEXT}"
    parts = {each["name"]: each for each in bom["components"]}
    assert parts["aiohttp"]["scope"] == "required"
    assert parts["asyncpg"]["scope"] == "optional"
    assert parts["colorama"]["scope"] == "required", "of Windows alone"
    assert not {"hatchling", "pytest", "towncrier"} & parts.keys()
    assert parts["aiohttp"]["licenses"]
    assert parts["aiohttp"]["externalReferences"][0]["hashes"]
    needs = {each["ref"]: each.get("dependsOn", []) for each in bom["dependencies"]}
    assert {each.partition("==")[0] for each in needs["platewire"]} >= {"aiohttp", "asyncpg"}
    assert [each for each in needs["platewire"] if each.startswith("yarl==")] == []


# --- what is refused -----------------------------------------------------------------------------


def refused(root: Path, version: str, capsys: pytest.CaptureFixture[str]) -> str:
    before = state(root)
    assert release.main([version], root) == 1
    assert state(root) == before
    assert not (root / "dist" / version).exists()
    return capsys.readouterr().err


@pytest.mark.parametrize("version", ["99.1", "v99.1.0", "99.1.0-rc1", "next"])
def test_what_is_no_version(clone: Path, version: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"{version!r} is not a version: use X.Y.Z" in refused(clone, version, capsys)


def test_an_older_version(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = release.current_version(clone)
    assert f"{here} is not newer than {here}" in refused(clone, here, capsys)
    assert list(release.refusals(clone, "99.1.0rc1")) == []


def test_a_work_tree_with_changes(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (clone / "README.md").write_text("changed")
    (clone / "new.py").write_text("")
    said = refused(clone, NEXT, capsys)
    assert "uncommitted changes (README.md, new.py): commit or stash them" in said


def test_a_tag_that_exists(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(clone, "tag", f"v{NEXT}")
    assert f"the tag v{NEXT} exists: choose the next version" in refused(clone, NEXT, capsys)


def test_no_branch(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(clone, "checkout", "--quiet", "--detach")
    assert "check out the one to release from" in refused(clone, NEXT, capsys)


def test_a_changelog_without_entries(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (clone / FRAGMENT).unlink()
    commit(clone)
    assert "changelog.d has no fragments: add one" in refused(clone, NEXT, capsys)


def test_a_fragment_in_a_wrong_form(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (clone / FRAGMENT).write_text("- Relay")
    commit(clone)
    said = refused(clone, NEXT, capsys)
    assert f"{FRAGMENT}: it begins with '- Relay'" in said
    assert f"{FRAGMENT}: it ends with '- Relay'" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# Changes\n", f"has no line {release.MARK.strip()!r}: add it above"),
        (f"{CHANGELOG}\n## Unreleased\n", "has a section Unreleased: move its entries to"),
        (f"{CHANGELOG}\n## {NEXT} - 2026-01-31\n", f"has a section {NEXT}: move"),
    ],
)
def test_a_changelog_that_cannot_take_the_section(
    clone: Path, text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (clone / "CHANGELOG.md").write_text(text)
    commit(clone)
    assert said in refused(clone, NEXT, capsys)


def test_every_reason_is_said_at_once(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (clone / FRAGMENT).unlink()
    git(clone, "tag", f"v{NEXT}")
    assert len(refused(clone, NEXT, capsys).splitlines()) == 3


def test_files_of_an_earlier_attempt(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (clone / "dist" / NEXT).mkdir(parents=True)
    assert release.main([NEXT], clone) == 1
    assert f"dist/{NEXT} exists from an earlier attempt: delete it" in capsys.readouterr().err


def test_a_folder_that_is_no_repository(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    need(GIT)
    file = tmp_path / release.VERSION_FILE
    file.parent.mkdir(parents=True)
    file.write_text('__version__ = "0.1.0"\n')
    assert release.main([NEXT], tmp_path) == 3
    assert "not a git repository" in capsys.readouterr().err


# --- what a failure leaves -----------------------------------------------------------------------


def test_a_step_that_fails_leaves_everything_as_it_was(
    clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dependency that is not locked is found with the commit made, in the other work tree."""
    file = clone / "pyproject.toml"
    file.write_text(file.read_text().replace('"aiohttp>=', '"platewire-absent",\n  "aiohttp>='))
    commit(clone)
    before = state(clone)
    assert release.main([NEXT], clone) == 3
    said = capsys.readouterr().err
    assert "requirements-dev.lock lacks platewire-absent: run `python3 run.py lock`" in said
    assert state(clone) == before
    assert not (clone / "dist" / NEXT).exists()


def test_a_branch_that_cannot_advance_gets_no_tag(clone: Path) -> None:
    before = state(clone)
    with release.work_tree(clone) as tree:
        notes = release.commit(tree, NEXT)
        head = git(tree, "rev-parse", "HEAD")
    (clone / ".git" / "index.lock").touch()  # as another git that is at work
    with pytest.raises(release.ReleaseError, match=r"index\.lock"):
        release.tag_and_advance(clone, head, NEXT, notes)
    (clone / ".git" / "index.lock").unlink()
    assert state(clone) == before


def test_the_mark_is_the_one_that_towncrier_looks_for() -> None:
    assert f'start_string = "{release.MARK.strip()}\\n"' in (ROOT / "pyproject.toml").read_text()
