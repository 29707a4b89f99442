"""The table of formats in which the HTTP output can send an event.

Each form is one function from a message to the headers that describe the body, and the body. What
the bytes are is decided in `wire`, one file for each form.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from typing import Literal, NamedTuple
from urllib.parse import urlencode

from platewire.model import Entry, Event, Site
from platewire.wire import cloudevents, facts, multipart
from platewire.wire.anpr import plate_recognizer
from platewire.wire.multipart import Part
from platewire.wire.numberok import json as numberok_json
from platewire.wire.numberok.fields import Attempt
from platewire.wire.numberok.json import AttachedPicture, Dialect
from platewire.wire.vms import genetec, onvif

JSON = "application/json"
JPEG = "image/jpeg"
FORM = "application/x-www-form-urlencoded"
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
Body = Literal["json", "form", "multipart", "picture"]
PICTURES: frozenset[Body] = frozenset({"multipart", "picture"})
"""Bodies that contain a picture beside the event, and so are not text."""
Described = tuple[dict[str, str], bytes]


class FormatSettings(NamedTuple):
    """Format settings of one output."""

    body: Body
    target: str
    """The receiver's address, without secrets."""
    dialect: Dialect
    """Of NumberOk's forms; its time zone and its additions are those of other forms too."""

    @property
    def zone(self) -> tzinfo | None:
        return self.dialect.time_zone


class Message(NamedTuple):
    """One event and its attachments."""

    entry: Entry
    site: Site
    packet_counter: int
    picture: AttachedPicture | None
    """The picture that was chosen."""
    plate: bytes | None
    """The plate's crop, for forms that show it beside another picture."""
    attempt: Attempt = Attempt()
    """For NumberOk's formats."""

    @property
    def event(self) -> Event:
        return self.entry.event


class Form(NamedTuple):
    write: Callable[[Message, FormatSettings], Described]
    bodies: tuple[Body, ...] = ("json", "multipart")
    """The first is the default, which its receivers expect."""
    embeds: bool = False
    """The JSON alone carries pictures."""
    shows_plate_too: bool = False
    """Wants the plate's crop also where another picture was chosen."""


def _cloudevents_binary(message: Message, settings: FormatSettings) -> Described:
    return cloudevents.binary(message.entry, message.site.name)


def _cloudevents_structured(message: Message, settings: FormatSettings) -> Described:
    return cloudevents.structured(message.entry, message.site.name)


def _native(message: Message, settings: FormatSettings) -> Described:
    if settings.body == "picture":
        return _picture(message)
    pictures = [message.picture] if message.picture else []
    return _event_and_images(message, settings, message.entry.body, pictures)


def _picture(message: Message) -> Described:
    """Without a picture only the headers are sent: the event is reported anyway."""
    attached = message.picture
    if attached is None:
        return facts.headers(message.event, None), b""
    return {"Content-Type": JPEG, **facts.headers(message.event, attached.type)}, attached.jpeg


def _numberok(message: Message, settings: FormatSettings) -> Described:
    plate = message.plate if settings.dialect.second_picture else None
    pictures = numberok_json.pictures(message.picture, plate)
    packet = numberok_json.encode(
        message.entry.vendor_event,
        message.site,
        settings.dialect,
        packet_counter=message.packet_counter,
        attached=pictures,
        embed=settings.body == "json",
        attempt=message.attempt,
    )
    return _event_and_images(message, settings, packet, pictures)


def _event_and_images(
    message: Message, settings: FormatSettings, body: bytes, pictures: Sequence[AttachedPicture]
) -> Described:
    if settings.body == "json":
        return {"Content-Type": JSON}, body
    name = numberok_json.file_name(message.event, "json")
    parts = [Part("event", name, JSON, body)]
    names = numberok_json.picture_names(message.event, pictures)
    for field, name, picture in zip(("image", "image2"), names, pictures, strict=False):
        parts.append(Part(field, name, JPEG, picture.jpeg))
    return _multipart(parts)


def _plate_recognizer(message: Message, settings: FormatSettings) -> Described:
    body = plate_recognizer.encode(
        message.event,
        target=settings.target,
        zone=settings.zone,
        additions=settings.dialect.additions,
    )
    if settings.body == "json":
        return {"Content-Type": JSON}, body
    if settings.body == "form" or message.picture is None:
        return {"Content-Type": FORM}, urlencode({plate_recognizer.JSON_PART: body}).encode()
    name, jpeg = plate_recognizer.PICTURE_NAME, message.picture.jpeg
    return _multipart(
        [
            Part(plate_recognizer.JSON_PART, None, JSON, body),
            Part(plate_recognizer.PICTURE_PART, name, JPEG, jpeg),
        ]
    )


def _genetec_sharp(message: Message, settings: FormatSettings) -> Described:
    chosen = message.picture
    context = chosen.jpeg if chosen is not None and chosen.type != "plate" else b""
    body = genetec.encode(
        message.event,
        message.site,
        plate=message.plate or b"",
        context=context,
        zone=settings.zone,
        added=plate_recognizer.added(message.event) if settings.dialect.additions else None,
    )
    return {"Content-Type": JSON}, body


def _onvif(message: Message, settings: FormatSettings) -> Described:
    additions = settings.dialect.additions
    return {"Content-Type": JSON}, onvif.encode(message.event, message.site, additions=additions)


def _multipart(parts: list[Part]) -> Described:
    content_type, body = multipart.encode(parts)
    return {"Content-Type": content_type}, body


FORMS: Mapping[FormatName, Form] = {
    "native": Form(_native, bodies=("json", "multipart", "picture")),
    "cloudevents-binary": Form(_cloudevents_binary, bodies=("json",)),
    "cloudevents-structured": Form(_cloudevents_structured, bodies=("json",)),
    "numberok-1.0": Form(_numberok),
    "numberok-1.6": Form(_numberok),
    "axis": Form(_numberok, embeds=True, shows_plate_too=True),
    "plate-recognizer": Form(_plate_recognizer, bodies=("multipart", "form", "json")),
    "genetec-sharp": Form(_genetec_sharp, bodies=("json",), embeds=True, shows_plate_too=True),
    "onvif": Form(_onvif, bodies=("json",)),
}
