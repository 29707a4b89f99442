"""The formats, by name or by how a file is called."""

import enum
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import PurePath
from typing import BinaryIO, Protocol

from platewire.database.search.request import RequestError
from platewire.errors import ConfigError
from platewire.exports.columns import Column
from platewire.exports.excel import ExcelFile
from platewire.exports.parquet import ParquetFile
from platewire.exports.source import Row
from platewire.exports.text import CsvFile, CsvForm, Delimiter, JsonLinesFile


class Format(enum.StrEnum):
    CSV = "csv"
    JSONL = "jsonl"
    XLSX = "xlsx"
    PARQUET = "parquet"

    @property
    def streams(self) -> bool:
        """Whether it is written from front to back, so that it can be sent as it is made."""
        return self in (Format.CSV, Format.JSONL)


MEDIA_TYPES = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.JSONL: "application/jsonl",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.PARQUET: "application/vnd.apache.parquet",
}


LIBRARIES = {Format.XLSX: ("xlsxwriter", "excel"), Format.PARQUET: ("pyarrow", "parquet")}
"""What writes it, and the extra that installs it."""


def require(format_: Format) -> None:
    """ConfigError where the library for it is missing."""
    library, extra = LIBRARIES.get(format_, ("", ""))
    if library and find_spec(library) is None:
        raise ConfigError(
            f"{format_} needs a library that is not installed; install it with "
            f"`pip install 'platewire[{extra}]'`"
        )


class RowFile(Protocol):
    """A file that is being written; `close` finishes it but leaves the file open."""

    def add(self, rows: Sequence[Row]) -> None: ...

    def close(self) -> None: ...


def check_csv_form(format_: Format, form: CsvForm) -> CsvForm:
    """RequestError for settings that the format does not support."""
    if form.decimal_comma and form.delimiter is Delimiter.COMMA and format_ is Format.CSV:
        raise RequestError(
            "decimal_comma",
            "decimal_comma cannot be combined with the delimiter comma; use the "
            "delimiter semicolon",
        )
    if format_ is not Format.CSV and (form.decimal_comma or form.delimiter is not Delimiter.COMMA):
        name = "decimal_comma" if form.decimal_comma else "delimiter"
        raise RequestError(
            name, f"{name} applies to csv only, but the format is {format_}; remove it"
        )
    return form


def open_rows(
    format_: Format,
    file: BinaryIO,
    columns: Sequence[Column],
    form: CsvForm = CsvForm(),  # noqa: B008
) -> RowFile:
    """ConfigError where the library for it is missing."""
    require(format_)
    match format_:
        case Format.CSV:
            return CsvFile(file, columns, form)
        case Format.JSONL:
            return JsonLinesFile(file, columns)
        case Format.XLSX:
            return ExcelFile(file, columns)
        case Format.PARQUET:
            return ParquetFile(file, columns)


def format_of(name: str) -> Format:
    """By the file's suffix, before any `.gz`; ConfigError for one that says nothing."""
    suffix = PurePath(name.removesuffix(".gz")).suffix.removeprefix(".").lower()
    if suffix not in list(Format):
        known = ", ".join(Format)
        raise ConfigError(f"{name!r} has no known suffix: add one, or use --format {known}")
    return Format(suffix)
