"""Type of a file by its first bytes: text, a workbook, or another type, which is rejected by name.

The bytes of a picture, read as text, contain enough letters and digits to look like plates, so a
file of a known other type is never read as text.
"""

import codecs
import zipfile
from pathlib import Path
from typing import Literal

from platewire.errors import ConfigError

Kind = Literal["text", "workbook"]

HEAD_BYTES = 4096
"""Bytes at the beginning that decide what a file is: all signatures lie within them."""
SAVE_AS = "open it in its program and save it as XLSX or CSV"
SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "a PDF", "ask for the table itself, as XLSX or CSV"),
    (b"\x89PNG", "a picture (PNG)", "ask for the table itself, as XLSX or CSV"),
    (b"\xff\xd8\xff", "a picture (JPEG)", "ask for the table itself, as XLSX or CSV"),
    (b"GIF8", "a picture (GIF)", "ask for the table itself, as XLSX or CSV"),
    (b"\x1f\x8b", "a gzip archive", "unpack it first"),
    (b"BZh", "a bzip2 archive", "unpack it first"),
    (b"\xfd7zXZ", "an xz archive", "unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first"),
    (b"Rar!", "a RAR archive", "unpack it first"),
    (b"SQLite format 3", "an SQLite database", "export the table as CSV"),
    (b"\x00\x01\x00\x00Standard", "an Access database", "export the table as CSV"),
    (b"{\\rtf", "a text document (RTF)", SAVE_AS),
)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
WORKBOOK = "xl/workbook.xml"
ZIPPED: tuple[tuple[str, str], ...] = (
    ("xl/workbook.bin", "an Excel binary workbook (XLSB)"),
    ("word/document.xml", "a Word document (DOCX)"),
    ("ppt/presentation.xml", "a presentation (PPTX)"),
    ("content.xml", "an OpenDocument file (ODS)"),
    ("Index/Document.iwa", "a Numbers document"),
)
MARKUP = (b"<!doctype", b"<html", b"<table", b"<?xml", b"<workbook", b"<meta", b"<head", b"<style")
WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
OLE_BYTES_MAX = 16 * 1024 * 1024
"""Bytes of an old Office file that are searched for the sign of a password: 16 MiB."""


def kind_of(path: Path, encoding: str | None) -> Kind:
    """`encoding` as given by the user. Raises ConfigError for another type or an unreadable
    file."""
    head = _start(path, HEAD_BYTES)
    if head.startswith(ZIP):
        return _zipped(path)
    if head.startswith(OLE):
        raise _old_office(path)
    for start, what, remedy in SIGNATURES:
        if head.startswith(start):
            raise ConfigError(f"{path} is {what}, not a table: {remedy}")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(MARKUP):
        raise ConfigError(f"{path} is a web page or XML, despite its name: {SAVE_AS}")
    if encoding is None and b"\0" in head and not head.startswith(WIDE_MARKS):
        raise ConfigError(
            f"{path} contains zero bytes, so it is neither text nor a workbook: use XLSX or CSV. "
            "If it is UTF-16 without a byte order mark, add --encoding utf-16-le"
        )
    return "text"


def _start(path: Path, size: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error


def _zipped(path: Path) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except Exception as error:  # zipfile raises what it likes
        raise ConfigError(f"{path} is a damaged workbook or ZIP archive: {error}") from error
    if WORKBOOK in names:
        return "workbook"
    for name, what in ZIPPED:
        if name in names:
            raise ConfigError(f"{path} is {what}, which is not supported: {SAVE_AS}")
    raise ConfigError(f"{path} is a ZIP archive, not a table: unpack it first")


def _old_office(path: Path) -> ConfigError:
    """Old workbooks and workbooks with a password are both OLE containers."""
    if ENCRYPTED in _start(path, OLE_BYTES_MAX):
        return ConfigError(
            f"{path} is protected by a password: save it without one, as XLSX or CSV"
        )
    return ConfigError(f"{path} is an old Office file (XLS), which is not supported: {SAVE_AS}")
