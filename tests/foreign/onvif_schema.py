"""ONVIF's published schemas, and its events as JSON turned back into the XML that they describe.

The rules are those of ONVIF's Core specification, "JSON event payload": an object in `Data` is an
ElementItem, whose keys are the elements in it; `@` begins an attribute, a list repeats its
element. What stands beside attributes is `#text`. Nothing of platewire is used here.

The schemas lie beside the repository and are not part of it. What they import and no message has (a
notification, ONVIF's whole schema) is made here, empty.
"""

import json
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

TT = "http://www.onvif.org/ver10/schema"
XS = "{http://www.w3.org/2001/XMLSchema}"
NOTIFICATION = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
    targetNamespace="http://docs.oasis-open.org/wsn/b-2">
  <xs:element name="NotificationMessage"/>
</xs:schema>"""
CATALOG = """<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">
  <uri name="http://docs.oasis-open.org/wsn/b-2.xsd" uri="notification.xsd"/>
  <system systemId="http://docs.oasis-open.org/wsn/b-2.xsd" uri="notification.xsd"/>
</catalog>"""
WHOLE = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{tt}">
  <xs:include schemaLocation="common.xsd"/>
</xs:schema>"""
ITEMS = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:tt="{tt}"
    targetNamespace="{tt}" elementFormDefault="qualified">
  <xs:include schemaLocation="metadatastream.xsd"/>
  <xs:element name="Items">
    <xs:complexType>
      <xs:choice maxOccurs="unbounded">
        <xs:element name="LicensePlateInfo" type="tt:LicensePlateInfo"/>
        <xs:element name="VehicleInfo" type="tt:VehicleInfo"/>
      </xs:choice>
    </xs:complexType>
  </xs:element>
</xs:schema>"""


class Schemas:
    """Laid out as they import each other, in a folder of the test."""

    def __init__(self, published: Path, folder: Path) -> None:
        self._schema = folder / "ver10" / "schema"
        analytics = folder / "ver20" / "analytics"
        for place, names in (
            (self._schema, ("common.xsd", "metadatastream.xsd")),
            (analytics, ("humanbody.xsd", "humanface.xsd")),
        ):
            place.mkdir(parents=True)
            for name in names:
                (place / name).symlink_to(published / name)
        for name, text in (
            ("onvif.xsd", WHOLE.format(tt=TT)),
            ("items.xsd", ITEMS.format(tt=TT)),
            ("notification.xsd", NOTIFICATION),
            ("catalog.xml", CATALOG),
        ):
            (self._schema / name).write_text(text)

    def complaints(self, messages: Iterable[bytes]) -> str:
        """What xmllint has against the element items of these messages; empty where nothing."""
        root = ElementTree.Element(f"{{{TT}}}Items")
        for message in messages:
            root.extend(element_items(message))
        document = self._schema / "items.xml"
        ElementTree.ElementTree(root).write(document, encoding="utf-8", xml_declaration=True)
        command = ["xmllint", "--nonet", "--noout", "--schema", "items.xsd", document.name]
        done = subprocess.run(
            command,
            cwd=self._schema,
            env={"XML_CATALOG_FILES": "catalog.xml", "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        return "" if done.returncode == 0 else done.stderr

    def acceptable(self, name: str) -> set[str]:
        """The values of an enumeration, which the types of elements only mention."""
        tree = ElementTree.parse(self._schema / "metadatastream.xsd")
        (found,) = tree.iterfind(f"{XS}simpleType[@name='{name}']")
        return {each.attrib["value"] for each in found.iter(f"{XS}enumeration")}

    def color_spaces(self) -> set[str]:
        """Those that the documentation of tt:Color names, the deprecated ones left out."""
        text = (self._schema / "common.xsd").read_text("utf-8")
        listed = text.partition('name="Colorspace"')[2].partition("Deprecated")[0]
        return {word for word in listed.replace("<li>", " ").split() if "colorspace/" in word}


def element_items(message: bytes) -> Iterator[ElementTree.Element]:
    for item in json.loads(message)["Data"].values():
        if isinstance(item, dict):
            for name, value in item.items():
                yield from _elements(name, value)


def _elements(name: str, value: Any) -> Iterator[ElementTree.Element]:
    for each in value if isinstance(value, list) else [value]:
        made = ElementTree.Element(f"{{{TT}}}{name}")
        for key, inner in (each if isinstance(each, dict) else {"#text": each}).items():
            if key == "#text":
                made.text = str(inner)
            elif key.startswith("@"):
                made.set(key[1:], str(inner))
            else:
                made.extend(_elements(key, inner))
        yield made


def published(samples: Path) -> Path:
    """Where the schemas lie; skips the test where they do not."""
    found = samples / "onvif-profile-m" / "schema"
    if not (found / "metadatastream.xsd").is_file():
        pytest.skip(f"ONVIF's schemas are not there: {found} is missing")
    return found
