"""Build a release: version, changelog section, commit, wheel, sdist, SBOM, checksums, tag.

    python3 run.py release 0.2.0 --dry-run     builds everything into dist/0.2.0-dry-run
    python3 run.py release 0.2.0               does the same into dist/0.2.0, commits and tags

All steps run in a temporary work tree. Only when every one of them has succeeded does the branch
advance to the release's commit and get the annotated tag, so a failure leaves the repository as it
was. Nothing is fetched and nothing is uploaded: the last lines name the commands that do that.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from packaging.version import Version

from scripts import changelog
from scripts.environment import ROOT
from scripts.sbom import PRODUCT, bom_json

VERSION_FORM = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?")
VERSION_FILE = "src/platewire/__init__.py"
"""The one place where the version is; pyproject.toml reads it from there."""
VERSION_LINE = re.compile(r'^__version__ = "(.+)"$', re.MULTILINE)
CHANGELOG = "CHANGELOG.md"
MARK = "<!-- versions, newest first -->\n"
"""towncrier puts the new section below it; the same as in pyproject.toml."""
CHANGES_NAMED_MAX = 5
SUMS = "SHA256SUMS"


class ReleaseError(Exception):
    """A step failed; the text names it and shows what it said."""


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    options = parse(arguments)
    version: str = options.version
    folder = root / "dist" / (f"{version}-dry-run" if options.dry_run else version)
    try:
        if refused := list(refusals(root, version)):
            print("\n".join(f"release: {each}" for each in refused), file=sys.stderr)
            return 1
        notes = release(root, version, folder, dry_run=options.dry_run)
    except ReleaseError as error:
        print(f"release: {error}", file=sys.stderr)
        return 3
    print(told(root, version, folder, notes, dry_run=options.dry_run))
    return 0


def release(root: Path, version: str, folder: Path, *, dry_run: bool) -> str:
    """Returns the text of the tag. Raises ReleaseError, and then leaves everything as it was."""
    try:
        with work_tree(root) as tree:
            notes = commit(tree, version)
            build(tree, version, folder)
            if not dry_run:
                tag_and_advance(root, git(tree, "rev-parse", "HEAD"), version, notes)
    except ReleaseError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return notes


def tag_and_advance(root: Path, head: str, version: str, notes: str) -> None:
    """Tags the commit and advances the branch to it, or does neither."""
    git(root, "tag", "--annotate", "--file=-", tag(version), head, stdin=notes)
    try:
        git(root, "merge", "--quiet", "--ff-only", head)
    except ReleaseError:
        git(root, "tag", "--delete", tag(version))
        raise


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="run.py release",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("version", metavar="VERSION", help="such as 0.2.0 or 0.2.0rc1")
    parser.add_argument(
        "--dry-run", action="store_true", help="build and check everything; no commit, no tag"
    )
    return parser.parse_args(arguments)


def tag(version: str) -> str:
    return f"v{version}"


def told(root: Path, version: str, folder: Path, notes: str, *, dry_run: bool) -> str:
    where = folder.relative_to(root)
    files = "\n".join(f"  {where / each.name}" for each in sorted(folder.iterdir()))
    if dry_run:
        return f"{notes}\n{files}\ndry run: nothing was committed, nothing was tagged"
    branch = git(root, "branch", "--show-current")
    return (
        f"{notes}\n{files}\nreleased {version} as tag {tag(version)} on {branch}. To publish it:\n"
        f"  git push origin {branch} {tag(version)}\n"
        f"  .venv/bin/uv publish {where}/*.tar.gz {where}/*.whl"
    )


# --- what has to hold before ---------------------------------------------------------------------


def refusals(root: Path, version: str) -> Iterator[str]:
    """A sentence for each reason why this version cannot be released now, with the remedy."""
    if not VERSION_FORM.fullmatch(version):
        yield f"{version!r} is not a version: use X.Y.Z, or X.Y.ZrcN for a candidate"
        return
    before = current_version(root)
    if Version(version) <= Version(before):
        yield f"{version} is not newer than {before} in {VERSION_FILE}: choose a higher version"
    yield from _of_repository(root, version)
    yield from _of_changelog(root, version)
    if (root / "dist" / version).exists():
        yield f"dist/{version} exists from an earlier attempt: delete it"


def _of_repository(root: Path, version: str) -> Iterator[str]:
    if changes := git(root, "status", "--porcelain").splitlines():
        named = ", ".join(each[3:] for each in changes[:CHANGES_NAMED_MAX])
        more = ", …" if len(changes) > CHANGES_NAMED_MAX else ""
        yield f"the work tree has uncommitted changes ({named}{more}): commit or stash them"
    if not git(root, "branch", "--show-current"):
        yield "no branch is checked out: check out the one to release from"
    if git(root, "tag", "--list", tag(version)):
        yield f"the tag {tag(version)} exists: choose the next version; a tag is never moved"


def _of_changelog(root: Path, version: str) -> Iterator[str]:
    if not changelog.fragments(root):
        yield f"{changelog.FOLDER} has no fragments: add one for each change (see its README.md)"
    yield from changelog.problems(root)
    text = (root / CHANGELOG).read_text("utf-8")
    if MARK not in text:
        yield f"{CHANGELOG} has no line {MARK.strip()!r}: add it above the newest version"
    for heading in ("Unreleased", version):
        if re.search(rf"^## \[?{re.escape(heading)}\b", text, re.MULTILINE):
            yield f"{CHANGELOG} has a section {heading}: move its entries to {changelog.FOLDER}"


def current_version(root: Path) -> str:
    found = VERSION_LINE.search((root / VERSION_FILE).read_text("utf-8"))
    if not found:
        raise ReleaseError(f'{VERSION_FILE} has no line `__version__ = "…"`: add it')
    return found[1]


# --- the commit ----------------------------------------------------------------------------------


@contextlib.contextmanager
def work_tree(root: Path) -> Iterator[Path]:
    """The last commit, checked out elsewhere; gone afterwards, whatever happened."""
    with tempfile.TemporaryDirectory(prefix="platewire-release-") as folder:
        tree = Path(folder) / PRODUCT
        git(root, "worktree", "add", "--quiet", "--detach", str(tree))
        try:
            yield tree
        finally:
            git(root, "worktree", "remove", "--force", str(tree))


def commit(tree: Path, version: str) -> str:
    """Commits the version and its section of the changelog; returns that section."""
    file = tree / VERSION_FILE
    file.write_text(VERSION_LINE.sub(f'__version__ = "{version}"', file.read_text("utf-8")))
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    python(tree, "towncrier", "build", "--yes", f"--version={version}", f"--date={today}")
    git(tree, "add", "--all")
    message = f"Release {version}"
    # The checks of this repository's hooks have run on what is released, and want its `.venv`.
    git(tree, "-c", "core.hooksPath=/dev/null", "commit", "--quiet", "--message", message)
    return f"{message}\n\n{section(tree, version)}\n"


def section(tree: Path, version: str) -> str:
    """Of this version, without its heading. In a tag's text, `###` must not look like a comment."""
    text = (tree / CHANGELOG).read_text("utf-8").partition(MARK)[2]
    found = re.search(rf"^## {re.escape(version)} .*?\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    if not found:
        raise ReleaseError(f"towncrier wrote no section {version} into {CHANGELOG}")
    return re.sub(r"^### (\w+)$", r"\1:", found[1].strip(), flags=re.M)


# --- the files -----------------------------------------------------------------------------------


def build(tree: Path, version: str, folder: Path) -> None:
    """SBOM, sdist, wheel and checksums of the commit in this work tree."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    seconds = git(tree, "log", "-1", "--format=%ct")
    sdist, wheel, bom = (folder / name for name in names(version))
    try:
        text = bom_json(tree, version, datetime.fromtimestamp(int(seconds), UTC))
    except ValueError as error:
        raise ReleaseError(str(error)) from error
    bom.write_text(text, "utf-8")
    # Without isolation: the build tools of the lock file, which are here, not the newest ones.
    python(tree, "build", "--no-isolation", f"--outdir={folder}", epoch=seconds)
    try_wheel(wheel, version)
    (folder / SUMS).write_text("".join(map(checksum, (sdist, wheel, bom))), "utf-8")


def names(version: str) -> tuple[str, str, str]:
    """Of sdist, wheel and SBOM."""
    name = f"{PRODUCT}-{version}"
    return f"{name}.tar.gz", f"{name}-py3-none-any.whl", f"{name}.cdx.json"


def checksum(file: Path) -> str:
    """A line as `sha256sum --check` reads it."""
    return f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n"


def try_wheel(wheel: Path, version: str) -> None:
    """Installs it into an environment of its own, beside the dependencies that are in `.venv`."""
    with tempfile.TemporaryDirectory() as folder:
        run([sys.executable, "-m", "venv", "--without-pip", folder])
        bin_folder = Path(folder) / ("Scripts" if os.name == "nt" else "bin")
        pip = [sys.executable, "-m", "pip", "--python", str(bin_folder / "python")]
        run([*pip, "install", "--quiet", "--no-index", "--no-deps", str(wheel)])
        # The editable platewire of `.venv` is not there: it is reached by a .pth file, which
        # PYTHONPATH does not read.
        environment = {**os.environ, "PYTHONPATH": sysconfig.get_path("purelib")}
        said = run([str(bin_folder / PRODUCT), "--version"], cwd=folder, env=environment)
    if said != f"{PRODUCT} {version}":
        raise ReleaseError(f"{wheel.name} says it is {said!r}, not {version}")


# --- programs ------------------------------------------------------------------------------------


def git(folder: Path, *arguments: str, stdin: str = "") -> str:
    return run(["git", *arguments], cwd=folder, stdin=stdin)


def python(folder: Path, module: str, *arguments: str, epoch: str = "") -> str:
    environment = {**os.environ, **({"SOURCE_DATE_EPOCH": epoch} if epoch else {})}
    return run([sys.executable, "-m", module, *arguments], cwd=folder, env=environment)


def run(
    command: list[str],
    *,
    cwd: Path | str | None = None,
    env: dict[str, str] | None = None,
    stdin: str = "",
) -> str:
    """What it prints, without the last line break. Raises ReleaseError where it fails."""
    try:
        done = subprocess.run(
            command, cwd=cwd, env=env, input=stdin, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise ReleaseError(f"{command[0]} is not installed") from error
    if done.returncode != 0:
        raise ReleaseError(f"{' '.join(command)} failed:\n{(done.stderr or done.stdout).rstrip()}")
    return done.stdout.rstrip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
