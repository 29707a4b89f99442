"""The primary picture of a HEIF file: its tiles, how they lie, and how it is turned.

Files of phones (.heic, .heif) and of some cameras (.hif). Boxes as in ISO/IEC 14496-12 (ISO base
media file format), items, properties and grids as in ISO/IEC 23008-12. Bytes in, values out: the
tiles are still encoded as HEVC. Whatever a file claims, no more bytes are handed out than it has.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

HEVC_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2", b"hevc", b"hevx"))
AVIF_BRANDS = frozenset((b"avif", b"avis"))
TILES_MAX = 4096
"""Tiles of a picture, at most: one of 128 megapixels in tiles of 256 x 256 has 2,000."""
ITEMS_MAX = 65536
"""Entries of a table that are read, at most: above what 4,096 tiles with their references need."""


class HeifError(ValueError):
    """Says what is wrong with the file."""


class Turn(NamedTuple):
    """Counterclockwise, in quarters of a full turn."""

    quarters: int


class Mirror(NamedTuple):
    left_right: bool
    """False: top and bottom are exchanged."""


class Tile(NamedTuple):
    settings: bytes
    """Decoder configuration (`hvcC`)."""
    data: memoryview


class HeifPicture(NamedTuple):
    """Sizes in pixels, before `changes`, which are to be made in this order."""

    width: int
    height: int
    rows: int
    columns: int
    tiles: Sequence[Tile]
    """Row by row, from the upper left."""
    changes: Sequence[Turn | Mirror]


class Box(NamedTuple):
    kind: bytes
    start: int
    """Of its content, in the file."""
    end: int


def brands(data: bytes) -> frozenset[bytes]:
    """What the file says it is; empty for what is no file of this family."""
    if data[4:8] != b"ftyp":
        return frozenset()
    end = min(struct.unpack_from(">I", data)[0], 256)
    return frozenset(data[at : at + 4] for at in (8, *range(16, end, 4)))


def is_heif(data: bytes) -> bool:
    said = brands(data)
    return bool(said & HEVC_BRANDS) and not said & AVIF_BRANDS


def is_avif(data: bytes) -> bool:
    return bool(brands(data) & AVIF_BRANDS)


def size_of(data: bytes) -> tuple[int, int] | None:
    """Width and height of the primary picture, before it is turned; None where it states none."""
    try:
        meta = _Meta(data)
        return meta.size(meta.primary)
    except (HeifError, struct.error, IndexError):
        return None


def picture_of(data: bytes) -> HeifPicture:
    """HeifError says why it cannot be decoded."""
    try:
        return _Meta(data).picture()
    except (struct.error, IndexError) as error:
        raise HeifError("the file is truncated or corrupted") from error


class _Meta:
    """The tables of the box `meta`."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        meta = _one(self._boxes(0, len(data)), b"meta")
        self._inside = {box.kind: box for box in self._boxes(meta.start + 4, meta.end)}
        self.primary = self._primary()
        self._kinds = dict(self._items())
        self._extents = dict(self._locations())
        self._properties = list(self._all_properties())
        self._of_item = dict(self._associations())
        self._left = len(data)

    def picture(self) -> HeifPicture:
        primary = self.primary
        kind = self._kinds.get(primary, b"")
        if kind in (b"hvc1", b"hev1"):
            width, height = self._stated(primary)
            tile = self._tile(primary)
            return HeifPicture(width, height, 1, 1, (tile,), self._changes(primary))
        if kind != b"grid":
            raise HeifError(f"its primary image has the type {kind!r}, not HEVC")
        return self._grid(primary)

    def size(self, item: int) -> tuple[int, int] | None:
        for box in self._boxes_of(item):
            if box.kind == b"ispe":
                width, height = struct.unpack_from(">II", self._data, box.start + 4)
                return width, height
        return None

    def _stated(self, item: int) -> tuple[int, int]:
        if (size := self.size(item)) is None:
            raise HeifError("the image size is missing")
        return size

    def _grid(self, item: int) -> HeifPicture:
        """ISO/IEC 23008-12, 6.6.2.3."""
        grid = self._bytes(item)
        rows, columns = grid[2] + 1, grid[3] + 1
        width, height = struct.unpack_from(">II" if grid[1] & 1 else ">HH", grid, 4)
        parts = self._parts(item)
        if len(parts) != rows * columns or len(parts) > TILES_MAX:
            raise HeifError(f"{len(parts)} tiles for {rows} rows and {columns} columns")
        tiles = tuple(self._tile(part) for part in parts)
        return HeifPicture(width, height, rows, columns, tiles, self._changes(item))

    def _tile(self, item: int) -> Tile:
        settings = _one(self._boxes_of(item), b"hvcC")
        return Tile(bytes(self._data[settings.start : settings.end]), self._bytes(item))

    def _changes(self, item: int) -> tuple[Turn | Mirror, ...]:
        changes: list[Turn | Mirror] = []
        for box in self._boxes_of(item):
            if box.kind == b"irot":
                changes.append(Turn(self._data[box.start] & 3))
            elif box.kind == b"imir":
                changes.append(Mirror(bool(self._data[box.start] & 1)))
        return tuple(changes)

    def _bytes(self, item: int) -> memoryview:
        """Of one piece where it can be; HeifError for more bytes than the file has."""
        extents = self._extents.get(item, [])
        self._left -= sum(length for _, length in extents)
        if self._left < 0 or any(at + length > len(self._data) for at, length in extents):
            raise HeifError("the file is truncated or corrupted")
        pieces = [self._data[at : at + length] for at, length in extents]
        return pieces[0] if len(pieces) == 1 else memoryview(b"".join(pieces))

    # --- tables -----------------------------------------------------------------------------------

    def _boxes(self, at: int, end: int) -> Iterator[Box]:
        while at + 8 <= end:
            size, kind = struct.unpack_from(">I4s", self._data, at)
            head = 8
            if size == 1:
                (size,), head = struct.unpack_from(">Q", self._data, at + 8), 16
            stop = end if size == 0 else at + size
            if size and size < head:
                raise HeifError("the file is corrupted")
            yield Box(kind, at + head, min(stop, end))
            at = stop

    def _boxes_of(self, item: int) -> list[Box]:
        indices = self._of_item.get(item, [])
        return [self._properties[index - 1] for index in indices if index > 0]

    def _primary(self) -> int:
        box = self._table(b"pitm")
        version = self._data[box.start]
        return int(struct.unpack_from(">I" if version else ">H", self._data, box.start + 4)[0])

    def _table(self, kind: bytes) -> Box:
        return _one(self._inside.values(), kind)

    def _items(self) -> Iterator[tuple[int, bytes]]:
        box = self._table(b"iinf")
        first = box.start + (8 if self._data[box.start] else 6)
        for entry in _some(self._boxes(first, box.end)):
            version = self._data[entry.start]
            form = ">IH4s" if version >= 3 else ">HH4s"
            number, _, kind = struct.unpack_from(form, self._data, entry.start + 4)
            yield number, kind

    def _locations(self) -> Iterator[tuple[int, list[tuple[int, int]]]]:
        """ISO/IEC 14496-12, 8.11.3. The place and length of each piece of an item."""
        box = self._table(b"iloc")
        numbers = _Numbers(self._data, box.start)
        version = numbers.of(1)
        numbers.of(3)
        sizes, more = numbers.of(1), numbers.of(1)
        short = 2 if version < 2 else 4
        for _ in range(min(numbers.of(short), ITEMS_MAX)):
            item = numbers.of(short)
            method = numbers.of(2) & 15 if version else 0
            numbers.of(2)
            base = numbers.of(more >> 4) + self._origin(method)
            extents = []
            for _ in range(numbers.of(2)):
                numbers.of(more & 15 if version else 0)
                offset, length = numbers.of(sizes >> 4), numbers.of(sizes & 15)
                extents.append((base + offset, length))
            yield item, extents

    def _origin(self, method: int) -> int:
        """Where offsets count from: the file, or the box `idat`."""
        if method == 1 and b"idat" in self._inside:
            return self._inside[b"idat"].start
        return 0

    def _parts(self, item: int) -> list[int]:
        """The tiles of a grid (`dimg`), in order."""
        box = self._table(b"iref")
        form = "I" if self._data[box.start] else "H"
        wide = struct.calcsize(form)
        for entry in _some(self._boxes(box.start + 4, box.end)):
            (origin,) = struct.unpack_from(f">{form}", self._data, entry.start)
            if entry.kind == b"dimg" and origin == item:
                (count,) = struct.unpack_from(">H", self._data, entry.start + wide)
                return list(
                    struct.unpack_from(f">{count}{form}", self._data, entry.start + wide + 2)
                )
        return []

    def _all_properties(self) -> Iterator[Box]:
        table = self._table(b"iprp")
        container = _one(self._boxes(table.start, table.end), b"ipco")
        yield from _some(self._boxes(container.start, container.end))

    def _associations(self) -> Iterator[tuple[int, list[int]]]:
        """Which properties an item has, by their numbers from 1."""
        table = self._table(b"iprp")
        box = _one(self._boxes(table.start, table.end), b"ipma")
        numbers = _Numbers(self._data, box.start)
        version = numbers.of(1)
        wide = 2 if numbers.of(3) & 1 else 1
        mask = 0x7FFF if wide == 2 else 0x7F
        for _ in range(min(numbers.of(4), ITEMS_MAX)):
            item = numbers.of(4 if version else 2)
            yield item, [numbers.of(wide) & mask for _ in range(numbers.of(1))]


class _Numbers:
    """Reads unsigned big-endian numbers one after another."""

    def __init__(self, data: memoryview, at: int) -> None:
        self._data = data
        self._at = at

    def of(self, size: int) -> int:
        """The next one, of so many bytes; 0 of none."""
        if self._at + size > len(self._data):
            raise HeifError("the file is truncated or corrupted")
        self._at += size
        return int.from_bytes(self._data[self._at - size : self._at])


def _one(boxes: Iterable[Box], kind: bytes) -> Box:
    for box in boxes:
        if box.kind == kind:
            return box
    raise HeifError(f"the box {kind.decode('latin-1')} is missing")


def _some(boxes: Iterator[Box]) -> Iterator[Box]:
    for _, box in zip(range(ITEMS_MAX), boxes, strict=False):
        yield box
