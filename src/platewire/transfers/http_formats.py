"""The forms in which the HTTP transfer can say an event: which ones there are, as a table.

Each form is one function from a message to the headers that describe the body, and the body. What
the bytes are is decided in `wire`, one file for each form.
"""

from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Literal, NamedTuple

from platewire.model import Entry, Event, Site
from platewire.wire import cloudevents, genetec, multipart, numberok_json, onvif, plate_recognizer
from platewire.wire.multipart import Part
from platewire.wire.numberok_json import Dialect, Shown

JSON = "application/json"
FormatName = Literal[
    "native",
    "cloudevents-binary",
    "cloudevents-structured",
    "numberok-1.0",
    "numberok-1.6",
    "axis",
    "plate-recognizer",
    "genetec-sharp",
    "onvif",
]
Body = Literal["json", "multipart"]
Described = tuple[dict[str, str], bytes]


class Manner(NamedTuple):
    """How one transfer wants its messages."""

    body: Body
    target: str
    """The receiver's address, without secrets."""
    dialect: Dialect
    """Of NumberOk's forms; its time zone and its additions are those of other forms too."""

    @property
    def zone(self) -> tzinfo | None:
        return self.dialect.time_zone


class Message(NamedTuple):
    """One event, and what goes along with it."""

    entry: Entry
    site: Site
    packet_counter: int
    picture: Shown | None
    """The picture that was chosen."""
    plate: bytes | None
    """The plate's crop, for forms that show it beside another picture."""

    @property
    def event(self) -> Event:
        return self.entry.event


class Form(NamedTuple):
    write: Callable[[Message, Manner], Described]
    bodies: tuple[Body, ...] = ("json", "multipart")
    embeds: bool = False
    """The JSON alone carries pictures."""
    shows_plate_too: bool = False
    """Wants the plate's crop also where another picture was chosen."""


def _cloudevents_binary(message: Message, manner: Manner) -> Described:
    return cloudevents.binary(message.entry, message.site.name)


def _cloudevents_structured(message: Message, manner: Manner) -> Described:
    return cloudevents.structured(message.entry, message.site.name)


def _native(message: Message, manner: Manner) -> Described:
    return _event_and_image(message, manner, message.entry.body)


def _numberok(message: Message, manner: Manner) -> Described:
    packet = numberok_json.encode(
        message.event,
        message.site,
        manner.dialect,
        packet_counter=message.packet_counter,
        picture=message.picture,
        embed=manner.body == "json",
    )
    return _event_and_image(message, manner, packet)


def _event_and_image(message: Message, manner: Manner, body: bytes) -> Described:
    if manner.body == "json":
        return {"Content-Type": JSON}, body
    name = numberok_json.file_name(message.event, "json")
    parts = [Part("event", name, JSON, body)]
    if (picture := message.picture) is not None:
        name = numberok_json.file_name(message.event, "jpg", shows=picture.type)
        parts.append(Part("image", name, "image/jpeg", picture.jpeg))
    return _multipart(parts)


def _plate_recognizer(message: Message, manner: Manner) -> Described:
    body = plate_recognizer.encode(
        message.event,
        target=manner.target,
        zone=manner.zone,
        additions=manner.dialect.additions,
    )
    if manner.body == "json":
        return {"Content-Type": JSON}, body
    parts = [Part(plate_recognizer.JSON_PART, None, JSON, body)]
    if message.picture is not None:
        name = plate_recognizer.PICTURE_NAME
        jpeg = message.picture.jpeg
        parts.append(Part(plate_recognizer.PICTURE_PART, name, "image/jpeg", jpeg))
    return _multipart(parts)


def _genetec_sharp(message: Message, manner: Manner) -> Described:
    chosen = message.picture
    context = chosen.jpeg if chosen is not None and chosen.type != "plate" else b""
    body = genetec.encode(
        message.event,
        message.site,
        plate=message.plate or b"",
        context=context,
        zone=manner.zone,
        added=plate_recognizer.added(message.event) if manner.dialect.additions else None,
    )
    return {"Content-Type": JSON}, body


def _onvif(message: Message, manner: Manner) -> Described:
    additions = manner.dialect.additions
    return {"Content-Type": JSON}, onvif.encode(message.event, message.site, additions=additions)


def _multipart(parts: list[Part]) -> Described:
    content_type, body = multipart.encode(parts)
    return {"Content-Type": content_type}, body


FORMS: Mapping[FormatName, Form] = {
    "native": Form(_native),
    "cloudevents-binary": Form(_cloudevents_binary, bodies=("json",)),
    "cloudevents-structured": Form(_cloudevents_structured, bodies=("json",)),
    "numberok-1.0": Form(_numberok),
    "numberok-1.6": Form(_numberok),
    "axis": Form(_numberok, embeds=True),
    "plate-recognizer": Form(_plate_recognizer),
    "genetec-sharp": Form(_genetec_sharp, bodies=("json",), embeds=True, shows_plate_too=True),
    "onvif": Form(_onvif, bodies=("json",)),
}
