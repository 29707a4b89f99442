"""A copy of the folder of an event log while platewire writes it, and the way back.

A backup is a folder, or the same as one `.tar` file: each database as SQLite copies it from one
moment's state, the pictures that it names, and `backup.json`, which says what it is. It appears
under its name only when it is whole and flushed.
"""

import hashlib
import os
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Protocol

import apsw
import msgspec
from msgspec import Struct

from platewire import __version__
from platewire.database.connection import FILE_NAME, explained, open_reader, open_writer, row, rows
from platewire.database.migrate import check_version, migrate, steps
from platewire.errors import LogError
from platewire.eventlog.history.mark import Mark, MarkFile, read_mark
from platewire.eventlog.history.settling import settle
from platewire.eventlog.images import copy_durably, flush_folder
from platewire.eventlog.lock import FolderLock, holder
from platewire.eventlog.upkeep.verify import verify
from platewire.runtime import wrong_value

MANIFEST = "backup.json"
FORM = "platewire.backup/1"
PAGES_A_STEP = 256
"""Of the database, 1 MiB: then others may have the disk."""

Progress = Callable[[str, int, int], object]
"""What is being copied, how many bytes of it are done, how many it has."""


def silent(what: str, done: int, total: int) -> None:
    """Nobody looks."""


class Manifest(Struct, frozen=True, kw_only=True):
    """What `backup.json` says."""

    form: str
    platewire: str
    made_at: datetime
    schema: int
    first_seq: int
    last_seq: int
    pictures: int
    picture_bytes: int
    databases: dict[str, str]
    """File name to SHA-256."""


class Target(Protocol):
    """Where a backup is put together."""

    def add(self, source: Path, name: str) -> None: ...

    def finish(self) -> None: ...


class FolderTarget:
    def __init__(self, path: Path) -> None:
        self._path = path
        path.mkdir(parents=True)

    def add(self, source: Path, name: str) -> None:
        target = self._path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        copy_durably(source, target)

    def finish(self) -> None:
        for folder, _, _ in os.walk(self._path):
            flush_folder(Path(folder))


class TarTarget:
    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._tar = tarfile.open(fileobj=self._file, mode="w")  # noqa: SIM115 - closed in finish

    def add(self, source: Path, name: str) -> None:
        self._tar.add(source, name, recursive=False)

    def finish(self) -> None:
        self._tar.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


# --- there ---------------------------------------------------------------------------------------


def backup(folder: Path, target: Path, now: datetime, progress: Progress = silent) -> Manifest:
    """Raises LogError for a target that exists, and for what cannot be read or written."""
    if not (folder / FILE_NAME).exists():
        raise LogError(f"no event log in {folder}; set the folder of the event log in [log]")
    check_version(folder / FILE_NAME)
    if target.exists():
        raise LogError(f"{target} already exists; name another file or folder for the backup")
    partial = target.with_name(f"{target.name}.partial")
    _clear(partial)
    work = target.with_name(f"{target.name}.work")
    _clear(work)
    try:
        with _written(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            work.mkdir()
            manifest = _put_together(folder, work, partial, target.suffix == ".tar", now, progress)
            partial.rename(target)
            flush_folder(target.parent)
            return manifest
    finally:
        _clear(work)
        _clear(partial)


def _put_together(
    folder: Path, work: Path, partial: Path, as_tar: bool, now: datetime, progress: Progress
) -> Manifest:
    databases = sorted(path for path in folder.glob("*.db") if path.is_file())
    for path in databases:
        copy_database(path, work / path.name, progress)
    target: Target = TarTarget(partial) if as_tar else FolderTarget(partial)
    with explained(work / FILE_NAME):
        pictures = _add_pictures(folder, work / FILE_NAME, target, progress)
        manifest = _manifest(work, now, pictures)
    (work / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    for name in (*manifest.databases, MANIFEST):
        target.add(work / name, name)
    target.finish()
    return manifest


def copy_database(source: Path, target: Path, progress: Progress = silent) -> None:
    """One moment's state, whatever is written meanwhile."""
    with explained(source):
        reader, writer = open_reader(source), apsw.Connection(str(target))
        try:
            # Without it every commit of the writer would begin the copy anew.
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM sqlite_master").get  # noqa: B018
            with writer.backup("main", reader, "main") as copying:
                while not copying.done:
                    copying.step(PAGES_A_STEP)
                    done = copying.page_count - copying.remaining
                    progress(source.name, done * 4096, copying.page_count * 4096)
            # A copy stands alone: no journal beside it.
            writer.execute("PRAGMA journal_mode = DELETE")
        finally:
            writer.close()
            reader.close()


def _add_pictures(
    folder: Path, database: Path, target: Target, progress: Progress
) -> tuple[int, int]:
    """How many, and their bytes. What retention took since the copy is taken from the copy too."""
    connection = apsw.Connection(str(database))
    try:
        (total,) = row(connection, "SELECT coalesce(sum(bytes), 0) FROM image WHERE path <> ''")
        done = count = 0
        for sha256, path, size in rows(
            connection, "SELECT sha256, path, bytes FROM image WHERE path <> '' ORDER BY path"
        ):
            try:
                target.add(folder / path, path)
            except FileNotFoundError:
                connection.execute("DELETE FROM image WHERE sha256 = ?", (sha256,))
                connection.execute("UPDATE log SET file_bytes = file_bytes - ?", (size,))
                continue
            done, count = done + size, count + 1
            progress("pictures", done, total)
        return count, done
    finally:
        connection.close()


def _manifest(work: Path, now: datetime, pictures: tuple[int, int]) -> Manifest:
    connection = open_reader(work / FILE_NAME)
    try:
        first_seq, last_seq = row(connection, "SELECT first_seq, last_seq FROM log")
        schema = connection.execute("PRAGMA user_version").get
    finally:
        connection.close()
    return Manifest(
        form=FORM,
        platewire=__version__,
        made_at=now,
        schema=schema,
        first_seq=first_seq,
        last_seq=last_seq,
        pictures=pictures[0],
        picture_bytes=pictures[1],
        databases={path.name: _sha256(path) for path in sorted(work.glob("*.db"))},
    )


# --- and back ------------------------------------------------------------------------------------


def restore(
    source: Path, folder: Path, now: datetime, *, overwrite: bool = False
) -> tuple[Manifest, Path | None]:
    """Puts a backup in place, looked through before, and begins a new epoch above all numbers that
    were given out here; what was there before is moved aside, and its new place is returned.

    Raises LogError for what is no backup, is not whole, or is of a newer platewire, for a folder
    in use, and without `overwrite` for one that holds an event log.
    """
    if (folder / FILE_NAME).exists() and not overwrite:
        raise LogError(
            f"{folder} already contains an event log, which was not changed. Set another folder "
            "in [log], or move it aside with --overwrite"
        )
    if folder.exists() and (process := holder(folder)):
        raise LogError(f"platewire (process {process}) uses the folder {folder}; stop it first")
    partial = folder.with_name(f"{folder.name}.restoring")
    _clear(partial)
    try:
        with _written(folder):
            _unpack(source, partial)
            manifest = _checked(source, partial, now)
            _begin_epoch(partial, read_mark(folder), now)
            aside = _move_aside(folder, now)
            partial.rename(folder)
            flush_folder(folder.parent)
            return manifest, aside
    finally:
        _clear(partial)


def _unpack(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    elif source.is_file():
        target.mkdir(parents=True)
        try:
            with tarfile.open(source) as tar:
                for member in tar:
                    _take_out(tar, member, target)
        except tarfile.TarError as error:
            raise LogError(f"{source} is not a backup of platewire: {error}") from error
    else:
        raise LogError(f"{source} does not exist; set the path of a backup created by platewire")


def _take_out(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    """A file, to a place below `target`; TarError for all else, such as links. `extractall` knows
    how to refuse those only from Python 3.11.4 on."""
    destination = target / member.name
    if ".." in destination.parts or not destination.is_relative_to(target):
        raise tarfile.TarError(f"{member.name!r} would be written outside of the folder")
    if member.isdir():
        return
    content = tar.extractfile(member) if member.isreg() else None
    if content is None:
        raise tarfile.TarError(f"{member.name!r} is not a file")
    destination.parent.mkdir(parents=True, exist_ok=True)
    with content, destination.open("wb") as file:
        shutil.copyfileobj(content, file)
    os.utime(destination, (member.mtime, member.mtime))


def _no_backup(source: Path, why: str) -> LogError:
    return LogError(f"{source} is not a backup of platewire: {MANIFEST} cannot be read ({why})")


def _checked(source: Path, partial: Path, now: datetime) -> Manifest:
    try:
        written = (partial / MANIFEST).read_bytes()
        manifest = msgspec.json.decode(written, type=Manifest)
    except OSError as error:
        raise _no_backup(source, error.strerror or str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _no_backup(source, wrong_value.reason(error, written, Manifest)) from error
    newest = len(steps())
    if manifest.form != FORM or manifest.schema > newest:
        raise LogError(
            f"{source} was created by platewire {manifest.platewire} with schema version "
            f"{manifest.schema}; this is {__version__}, which supports versions up to {newest}. "
            "Restore it with that platewire, or a newer one"
        )
    for name, sha256 in manifest.databases.items():
        if not (partial / name).is_file() or _sha256(partial / name) != sha256:
            raise LogError(f"{source} is corrupted: checksum mismatch of {name}")
    path = partial / FILE_NAME
    with explained(path), closing(open_writer(path)) as connection:
        migrate(connection, now)
    if faults := verify(partial, of_backup=True).faults:
        raise LogError(f"{source} is corrupted: {faults[0]}")
    (partial / MANIFEST).unlink()
    return manifest


def _begin_epoch(partial: Path, stored_mark: Mark | None, now: datetime) -> None:
    """The restored log goes on above all that the one before it gave out, as far as its mark is
    there to tell."""
    path, file = partial / FILE_NAME, MarkFile(partial)
    with explained(path), closing(open_writer(path)) as connection:
        file.write(settle(connection, path, stored_mark, now, restored=True))
    file.close()


def _move_aside(folder: Path, now: datetime) -> Path | None:
    if not folder.exists():
        return None
    if not any(folder.iterdir()):
        folder.rmdir()
        return None
    FolderLock(folder).release()
    aside = folder.with_name(f"{folder.name}.before-{now:%Y%m%dT%H%M%S}")
    folder.rename(aside)
    return aside


# --- files ---------------------------------------------------------------------------------------


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _clear(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        with suppress(FileNotFoundError):
            path.unlink()


@contextmanager
def _written(target: Path) -> Iterator[None]:
    """What the disk says, with the remedy."""
    try:
        yield
    except OSError as error:
        raise LogError(
            f"{target} cannot be written: {error.strerror or error}; check the free space "
            "and the write permission"
        ) from error
