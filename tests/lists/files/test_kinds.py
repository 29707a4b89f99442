"""What is no table is named and refused; nothing of it becomes an entry."""

import io
import zipfile

import pytest
from PIL import Image

from platewire.errors import ConfigError
from tests.lists.files.conftest import Importer


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "x" * 2000)
    return file.getvalue()


def picture(kind: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (20, 20)).save(file, kind)
    return file.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
OTHERS = {
    "an old Office file (XLS)": OLE,
    "is protected by a password": OLE + "EncryptedPackage".encode("utf-16-le"),
    "an OpenDocument file (ODS)": zipped("mimetype", "content.xml"),
    "a Word document": zipped("word/document.xml"),
    "XLSB": zipped("xl/workbook.bin"),
    "a ZIP archive": zipped("list.csv"),
    "a damaged workbook or ZIP": zipped("list.csv")[:-30],
    "zip file version": zipped("list.csv").replace(
        b"PK\x01\x02\x14\x03\x14", b"PK\x01\x02\x14\x03\x70"
    ),
    "a PDF": b"%PDF-1.7\n",
    "a picture (PNG)": picture("PNG"),
    "a picture (JPEG)": picture("JPEG"),
    "a gzip archive": b"\x1f\x8b\x08" + bytes(20),
    "a web page": b"\xef\xbb\xbf<html><table><tr><td>plate",
    "an SQLite database": b"SQLite format 3\0",
    "zero bytes": "plate\nA 1\n".encode("utf-16-le"),
    "is not a readable workbook": zipped("xl/workbook.xml", "[Content_Types].xml"),
}


@pytest.mark.parametrize(("said", "content"), OTHERS.items(), ids=OTHERS)
def test_what_is_no_table_is_named(load: Importer, said: str, content: bytes) -> None:
    load("plate\nA 1\n")
    with pytest.raises(ConfigError) as refused:
        load(content)
    assert said in str(refused.value)
    assert load.plates == ["A1"]


def test_utf_16_without_a_mark_is_read_when_it_is_said(load: Importer) -> None:
    load("plate\nA 1\n".encode("utf-16-le"), encoding="utf-16-le")
    assert load.plates == ["A1"]
