"""A text that does not say its encoding is read as what makes sense, or asked about."""

import pytest

from platewire.errors import ConfigError
from tests.lists.files.conftest import Importer

MADE_SENSE = [
    ("cp1252", "plate;holder\r\nÅSA 11;Åsa\r\nAB 123;Müller\r\n"),
    ("cp1252", "plate;holder;valid_to\r\nTÖL-A 1;Müller;31.12.2027\r\nKÄ 77;Groß;\r\n"),
    ("cp1252", "ÅSA 11\n"),
    ("cp1252", "Matrícula;Titular\n1234 BCD;Muñoz\n5678 FGH;José Núñez\n"),
    ("cp1252", "Plaque;Titulaire\nAB-123-CD;Hélène Lefèvre\nEF-456-GH;François\n"),
    ("cp1252", "plate;holder\nAB 12345;Bjørn Ærø\nCD 12345;Åse\n"),
    ("cp1250", "Tablica;Właściciel\nWA 12345;Łukasz Żak\n"),
    ("cp1250", "plate;holder\nČK 123-AB;Kovač\nŠI 123-A;Ćosić\n"),
    ("cp1250", "plate;holder\n1A2 3456;Dvořák\n2B3 4567;Jiří Černý\n"),
    ("cp1251", "Номер;Владелец\r\nА123ВС77;Иванов\r\n"),
    ("cp1251", "plate;holder\nB AB 1;Ада\n"),
    ("cp1251", "А123ВС77\nВ123ВС77\n"),
    ("cp1251", "Номер;Власник\nАА1234ВС;Їжак Олена\n"),
    ("cp1253", "plate;holder\nΥΖΒ 1234;Γιώργος Παπαδόπουλος\n"),
    ("cp1254", "Plaka;Sahibi\n34 AB 123;Şahin Yılmaz\n06 CD 123;Çağrı Öztürk\n"),
    ("cp1257", "plate;holder\nABC 123;Jūratė Žukauskaitė\nDEF 456;Vytautas Šležas\n"),
    ("cp866", "Номер;Владелец\nА123ВС77;Иванов\n"),
    ("cp850", "plate;holder\nTÖL-A 1;Müller\nMÜ AB 1;Groß\n"),
    ("koi8_r", "Номер;Владелец\nА123ВС77;Иванов\n"),
]


@pytest.mark.parametrize(("encoding", "text"), MADE_SENSE)
def test_what_makes_sense_is_taken_and_said(load: Importer, encoding: str, text: str) -> None:
    preview = load(text.encode(encoding))
    taken = [(it.plate, it.holder) for it in load.entries]
    load(text)
    assert taken == [(it.plate, it.holder) for it in load.entries]
    assert any(preview.encoding in said for said in preview.assumed)


@pytest.mark.parametrize(
    ("encoding", "text", "others"),
    [
        ("cp1250", "plate;holder\nZG 123-A;Kovač\n", ("'Kovač'", "'Kovaè'")),
        ("cp1252", "plate;holder\nÆUP 1;y\n", ("'ÆUP 1'", "'ĆUP 1'")),
        ("cp1252", "plate;holder\nA 1;Bjørn\n", ("'Bjørn'", "'Bjřrn'")),
    ],
)
def test_where_two_make_sense_the_user_is_asked(
    load: Importer, encoding: str, text: str, others: tuple[str, str]
) -> None:
    with pytest.raises(ConfigError) as refused:
        load(text.encode(encoding))
    assert all(each in str(refused.value) for each in (*others, "--encoding"))
    assert load.plates == []
    assert load(text.encode(encoding), encoding=encoding).rejected == 0


@pytest.mark.parametrize("content", [b"plate\n\x81\x8d\x8f 1\n", b"\xff\xfd\xfc\xfb 1\n\x80\x81"])
def test_where_nothing_makes_sense_nothing_is_taken(load: Importer, content: bytes) -> None:
    with pytest.raises(ConfigError, match="--encoding"):
        load(content)


def test_no_letter_of_another_code_page_makes_another_plate(load: Importer) -> None:
    """Å of Windows-1252 has the byte of a Cyrillic Е, which looks like an E."""
    load("plate;holder\r\nÅSA 11;Åsa\r\n".encode("cp1252"))
    assert load.plates == ["ASA11"]


def test_a_few_bytes_that_are_no_utf_8_are_told_by_row(load: Importer) -> None:
    rows = "".join(f"A {number};Müller {number} 北京\n" for number in range(1, 20))
    preview = load(f"plate;holder\n{rows}".encode() + b"A 99;M\xfcller\n", manner="merge")
    assert (preview.encoding, preview.rejected) == ("utf-8", 1)
    assert preview.rejected_rows[0].reason == "it contains bytes that are not utf-8"


@pytest.mark.parametrize("encoding", ["klingon", "base64", "a\0b", "undefined"])
def test_an_encoding_that_is_none_is_refused(load: Importer, encoding: str) -> None:
    with pytest.raises(ConfigError, match="unknown encoding"):
        load("plate\nA 1\n", encoding=encoding)
