"""A heading is no plate, and a column that nobody knows does not lose a limit."""

import pytest

from platewire.errors import ConfigError
from platewire.lists.entry import FIELDS
from platewire.lists.files.headings import field_columns, field_of, is_heading, limiting
from tests.lists.files.conftest import Importer


@pytest.mark.parametrize(
    "heading",
    [
        *("Plate Number", "Plates", "LICENSE_PLATE", "Reg. No.", "VRM", "Kennzeichen", "Госномер"),
        *("Гос. номер", "Номер автомобіля", "Nr rejestracyjny", "SPZ", "Matrícula", "Placa"),
        *("Plaque d'immatriculation", "Targa", "Kenteken", "Registreringsnummer", "Plaka No"),
        *("Rendszám", "Rekisterinumero", "Nummerplade", "Πινακίδα", "Registarska oznaka"),
    ],
)
def test_a_single_column_with_a_heading_has_no_entry_of_that_name(
    load: Importer, heading: str
) -> None:
    load(f"\ufeff{heading}\r\nB AB 1234\r\n")
    assert load.plates == ["BAB1234"]


@pytest.mark.parametrize(
    "heading", ["Nummerntafel", "Fahrzeug", "Column1", "Plate 1", "车牌", "ID"]
)
def test_a_heading_that_nobody_knows_is_asked_about(load: Importer, heading: str) -> None:
    with pytest.raises(ConfigError, match=r"--column plate=.*--no-headings"):
        load(f"{heading}\nB AB 1234\n")
    load(f"{heading}\nB AB 1234\n", columns=[f"plate={heading}"])
    assert load.plates == ["BAB1234"]


def test_a_first_row_that_is_an_entry_can_be_said(load: Importer) -> None:
    with pytest.raises(ConfigError, match="--no-headings"):
        load("ADAM\nB AB 1234\n")
    load("ADAM\nB AB 1234\n", headings=False)
    assert load.plates == ["ADAM", "BAB1234"]
    with pytest.raises(ConfigError, match="has 2 columns without headings"):
        load("B AB 1,2027-12-31\n")
    load("B AB 1,2027-12-31\n", headings=False, columns=["plate=1", "valid_to=2"])
    assert load.entries[0].valid_to == "2027-12-31"


LIMITS = [
    ("Срок пользования", "x"),
    ("Ablauftermin", "2027"),
    ("Status", "inactive"),
    ("Zone", "B"),
    ("Zugangszeit", "tags"),
    ("whatever", "31.12.2027"),
    ("whatever", "31/12/27"),
    ("whatever", "12/31/2027 11:59 PM"),
    ("whatever", "2027-12-31T08:00"),
    ("whatever", "08:00-17:00"),
    ("whatever", "no"),
    ("", "31.12.2027"),
]


@pytest.mark.parametrize(("heading", "value"), LIMITS)
def test_an_unknown_column_that_may_limit_is_asked_about(
    load: Importer, heading: str, value: str
) -> None:
    content = f"plate;{heading};city\nB AB 1;{value};Berlin\n"
    preview = load(content, apply=False)
    (question,) = preview.questions
    assert value in question
    assert "--ignore-column" in question
    with pytest.raises(ConfigError, match=r"was not changed.*--column"):
        load(content, manner="merge")
    assert load.plates == []
    load(content, ignored=[heading or "2"])
    assert load.plates == ["BAB1"]


def test_an_end_of_another_name_ends_the_entry(load: Importer) -> None:
    preview = load("Номер;действует по\nА123ВС77;31.12.2027\n")
    assert load.entries[0].valid_to == "2027-12-31"
    assert "'действует по' is valid_to" in preview.assumed[0]
    load("plate;Ablauftermin\nA 1;31.12.2027\n", columns=["valid_to=ablauftermin"])
    assert load.entries[0].valid_to == "2027-12-31"


def test_an_unknown_column_that_cannot_limit_is_passed_over_and_said(load: Importer) -> None:
    preview = load("Id;plate;Abteilung;Telefon\n1;B AB 1;Lager;0171 2345678\n")
    assert preview.skipped == ("Id", "Abteilung", "Telefon")
    assert preview.questions == ()


def test_a_column_that_limits_and_is_empty_needs_no_answer(load: Importer) -> None:
    assert load("plate;Zone\nB AB 1;\n").questions == ()


@pytest.mark.parametrize(
    ("content", "columns", "said"),
    [
        ("plate,number\nA 1,B 1\n", [], "several columns mean plate: 'plate' and 'number'"),
        ("plate,x\nA 1,B\n", ["note=y"], "no column has the heading 'y'"),
        ("plate,x,x\nA 1,B,C\n", ["note=x"], "several columns have the heading 'x'"),
        ("plate,x\nA 1,B\n", ["note=x", "holder=2"], "is mapped to both"),
        ("plate,x\nA 1,B\n", ["nonsense=x"], "fields: plate"),
        ("plate,x\nA 1,B\n", ["note"], "invalid --column"),
    ],
)
def test_columns_that_are_not_certain_are_refused(
    load: Importer, content: str, columns: list[str], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        load(content, columns=columns)


def test_a_column_that_is_told_goes_before_one_that_is_known(load: Importer) -> None:
    load("number,licence\n17,B AB 1\n", columns=["plate=licence"])
    assert load.plates == ["BAB1"]


HARMLESS = (
    "Id, No, №, Abteilung, Department, Telefon, Phone, Email, City, Street, Adresse, Company, "
    "Firma, Vehicle, Make, Model, Color, Fahrzeug, Marke, Farbe, Personalnummer, Room, Apartment, "
    "Country, State, Марка, Модель, Цвет, Телефон, Квартира, Организация, Отдел, Marka, Kolor, "
    "Marque, Couleur, Ciudad, Empresa, Azienda, Bedrijf, Merk, Färg, Renk"
)


@pytest.mark.parametrize("heading", HARMLESS.split(", "))
def test_a_heading_that_limits_nothing_is_not_asked_about(heading: str) -> None:
    assert field_of(heading) == ""
    assert not limiting(heading)


def test_fields_are_called_as_they_are() -> None:
    assert {field_of(field) for field in FIELDS} == set(FIELDS)
    assert field_columns(["plate=A=B"]) == {"plate": "A=B"}


@pytest.mark.parametrize("plate", ["B AB 1234", "А123ВС77", "1234 BCD", "AB-123-CD", "ÅSA 11", "1"])
def test_a_plate_is_no_heading(plate: str) -> None:
    assert not is_heading(plate)


def test_empty_first_row_is_refused(load: Importer) -> None:
    with pytest.raises(ConfigError, match="the first row is empty; write the column"):
        load("\u200b,\u2060\nAB 1,x\n")
