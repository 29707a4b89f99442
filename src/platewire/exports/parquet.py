"""Parquet, with a row group for each block and compressed by Zstandard."""

from collections.abc import Sequence
from typing import Any, BinaryIO

from platewire.exports.columns import Column, Kind
from platewire.exports.source import Row

GROUP_ROWS = 50_000
"""Rows of a row group: larger ones compress and scan better, but wait in memory until complete."""


class ParquetFile:
    def __init__(self, file: BinaryIO, columns: Sequence[Column]) -> None:
        import pyarrow
        import pyarrow.parquet

        self._arrow: Any = pyarrow
        types = {
            Kind.TEXT: pyarrow.string(),
            Kind.INTEGER: pyarrow.int64(),
            Kind.REAL: pyarrow.float64(),
            Kind.BOOLEAN: pyarrow.bool_(),
            Kind.TIME: pyarrow.timestamp("ms", tz="UTC"),
            Kind.LOCAL: pyarrow.timestamp("ms"),
        }
        self._kinds = [column.kind for column in columns]
        self._schema = pyarrow.schema([(column.name, types[column.kind]) for column in columns])
        self._writer: Any = pyarrow.parquet.ParquetWriter(file, self._schema, compression="zstd")
        self._waiting: list[Row] = []

    def add(self, rows: Sequence[Row]) -> None:
        self._waiting += rows
        if len(self._waiting) >= GROUP_ROWS:
            self._write()

    def _write(self) -> None:
        rows, self._waiting = self._waiting, []
        cells = zip(*rows, strict=True)
        arrays = [
            self._arrow.array(
                [bool(cell) for cell in column] if kind is Kind.BOOLEAN else column, field.type
            )
            for kind, field, column in zip(self._kinds, self._schema, cells, strict=True)
        ]
        self._writer.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        if self._waiting:
            self._write()
        self._writer.close()
