"""One request from templates: URL, headers and body of an event, by type of body.

Each type escapes values by itself, and the result is validated before it is sent: invalid JSON and
XML that is not well-formed are never sent. Host and port of the URL are literal, so no event can
change them.
"""

import base64
import re
import secrets
import xml.parsers.expat
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import quote_plus

import msgspec
from msgspec import Meta, Struct, field
from yarl import URL

from platewire.model import Entry, Image, Site
from platewire.outputs.template import filters
from platewire.outputs.template.language import Escape, TemplateError, Text, compiled
from platewire.runtime import wrong_value
from platewire.wire import multipart
from platewire.wire.multipart import Part

Role = Literal["plate", "vehicle", "frame"]
ROLES: tuple[Role, ...] = ("plate", "vehicle", "frame")
PICTURES_MAX = 4
"""How often pictures may stand in one body."""
CHARACTERS_OF_HEADERS = re.compile(r"[\x20-\x7e]*")
MARK = f"platewire-picture-{secrets.token_hex(16)}-"
"""Stands in a body for a picture until all else is written; no event can know it."""

Template = Annotated[
    str,
    Meta(description="Text with {{ values }} of the event", examples=["{{ event.plate.text }}"]),
]
ContentType = Annotated[
    str, Meta(pattern=r"^[\x20-\x7e]+\Z", description="Content type of the body")
]


class NoBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="none"):
    """A request without a body."""


class JsonBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="json"):
    """JSON: each value is inserted as JSON, texts with their quotes."""

    template: Template = "{{ event }}"
    content_type: ContentType = "application/json"


class XmlBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="xml"):
    """XML: special characters in values are escaped."""

    template: Template
    content_type: ContentType = "application/xml; charset=utf-8"


class TextBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="text"):
    """Plain text: values are inserted unchanged."""

    template: Template
    content_type: ContentType = "text/plain; charset=utf-8"


class FormBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="form"):
    """Fields of an HTML form: application/x-www-form-urlencoded."""

    fields: Annotated[
        dict[str, str],
        Meta(
            description="Name of each field, and its template",
            examples=[{"plate": "{{ event.plate.text }}"}],
        ),
    ]


class MultipartBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="multipart"):
    """Fields and pictures as multipart/form-data."""

    fields: Annotated[dict[str, str], Meta(description="Name of each field, and its template")] = (
        field(default_factory=dict)
    )
    pictures: Annotated[
        dict[str, Role],
        Meta(description="Name of each file part, and its picture; omitted without a picture"),
    ] = field(default_factory=dict)


Body = NoBody | JsonBody | XmlBody | TextBody | FormBody | MultipartBody
Jpegs = Mapping[Role, bytes]


class Request(NamedTuple):
    url: URL
    headers: dict[str, str]
    body: bytes


class Message:
    """The templates of one output. TemplateError for an invalid one, with its place."""

    def __init__(self, url: str, headers: Mapping[str, str], body: Body, site: Site) -> None:
        _must_have_literal_host(url)
        self._url = _named("url", url, filters.url)
        self._headers = {
            name: _named(f"headers.{name}", text, filters.text) for name, text in headers.items()
        }
        self._body = _body_writer(body)
        self._site = {"name": site.name, "time_zone": site.time_zone}
        templates = (url, *headers.values(), *_templates(body))
        asked = isinstance(body, MultipartBody) and body.pictures
        self.shows_pictures = bool(asked) or any("pictures" in each for each in templates)

    def request(self, entry: Entry, jpegs: Jpegs) -> Request:
        """`jpegs` are the pictures that there are. TemplateError where a template fails."""
        values = {
            "event": msgspec.json.decode(entry.body),
            "site": self._site,
            "pictures": _pictures(entry, jpegs),
        }
        headers = {name: _header(name, text(values)) for name, text in self._headers.items()}
        content_type, body = self._body(values, jpegs)
        if content_type:
            headers["Content-Type"] = content_type
        return Request(_url(self._url(values)), headers, body)


Rendered = Callable[[Mapping[str, Any]], str]
BodyWriter = Callable[[Mapping[str, Any], Jpegs], tuple[str, bytes]]


def _templates(body: Body) -> tuple[str, ...]:
    match body:
        case NoBody():
            return ()
        case FormBody() | MultipartBody():
            return tuple(body.fields.values())
        case _:
            return (body.template,)


def _named(setting: str, template: str, escape: Escape) -> Rendered:
    """The template's text from values; its errors begin with its place."""

    def named(work: Callable[[], Any]) -> Any:
        try:
            return work()
        except TemplateError as error:
            raise TemplateError(f"`{setting}`: {error}") from error

    text: Text = named(lambda: compiled(template, escape))

    def render(values: Mapping[str, Any]) -> str:
        return str(named(lambda: text.render(values)))

    return render


# --- the address and the headers -----------------------------------------------------------------


def _must_have_literal_host(url: str) -> None:
    if not re.match(r"https?://[^/?#{}%\s]+([/?#]|$)", url):
        raise TemplateError(
            "`url`: must start with http:// or https:// and a host without templates, like "
            "https://host:port/path"
        )


def _url(text: str) -> URL:
    _must_not_show(text, "url")
    try:
        return URL("".join(text.split()))
    except ValueError as error:
        raise TemplateError(f"`url`: the result {text[:200]!r} is not a URL") from error


def _header(name: str, text: str) -> str:
    _must_not_show(text, f"headers.{name}")
    if not CHARACTERS_OF_HEADERS.fullmatch(text):
        raise TemplateError(
            f"`headers.{name}`: the result {text[:100]!r} contains characters that are not ASCII; "
            "use `| url` for the value"
        )
    return text


def _must_not_show(text: str, setting: str) -> None:
    if MARK in text:
        raise TemplateError(f"`{setting}`: pictures are allowed in the body only")


# --- the body ------------------------------------------------------------------------------------


def _body_writer(body: Body) -> BodyWriter:
    match body:
        case NoBody():
            return lambda values, jpegs: ("", b"")
        case JsonBody():
            return _one_template(body.template, filters.json, _must_be_json, body.content_type)
        case XmlBody():
            return _one_template(body.template, filters.xml, _must_be_xml, body.content_type)
        case TextBody():
            return _one_template(body.template, filters.text, lambda text: None, body.content_type)
        case FormBody():
            return _form(body)
        case MultipartBody():
            return _multipart(body)


def _one_template(
    template: str, escape: Escape, check: Callable[[str], None], content_type: str
) -> BodyWriter:
    text = _named("body.template", template, escape)

    def write(values: Mapping[str, Any], jpegs: Jpegs) -> tuple[str, bytes]:
        rendered = text(values)
        check(rendered)
        return content_type, _with_pictures(rendered, jpegs)

    return write


def _form(body: FormBody) -> BodyWriter:
    fields = _fields(body.fields)

    def write(values: Mapping[str, Any], jpegs: Jpegs) -> tuple[str, bytes]:
        pairs = (
            f"{quote_plus(name)}={quote_plus(_with_pictures(text(values), jpegs))}"
            for name, text in fields.items()
        )
        return "application/x-www-form-urlencoded", "&".join(pairs).encode()

    return write


def _multipart(body: MultipartBody) -> BodyWriter:
    fields = _fields(body.fields)

    def write(values: Mapping[str, Any], jpegs: Jpegs) -> tuple[str, bytes]:
        parts = [
            Part(name, None, "", _with_pictures(text(values), jpegs))
            for name, text in fields.items()
        ]
        parts += [
            Part(name, f"{role}.jpg", "image/jpeg", jpegs[role])
            for name, role in body.pictures.items()
            if role in jpegs
        ]
        try:
            return multipart.encode(parts)
        except ValueError as error:
            raise TemplateError(f"`body`: {error}") from error

    return write


def _fields(fields: Mapping[str, str]) -> dict[str, Rendered]:
    return {
        name: _named(f"body.fields.{name}", text, filters.text) for name, text in fields.items()
    }


def _must_be_json(text: str) -> None:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        why = wrong_value.malformed(error, text)
        raise TemplateError(
            f"`body.template`: the result is not JSON ({why}); values include their quotes, so "
            'write {"plate": {{ event.plate.text }}}, and join texts with ~ inside the braces'
        ) from error


def _must_be_xml(text: str) -> None:
    parser = xml.parsers.expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _no_doctype
    try:
        parser.Parse(text.encode(), True)
    except xml.parsers.expat.ExpatError as error:
        raise TemplateError(f"`body.template`: the result is not XML ({error})") from error


def _no_doctype(*_: object) -> None:
    raise TemplateError("`body.template`: a document type declaration is not allowed; remove it")


# --- pictures ------------------------------------------------------------------------------------


def _pictures(entry: Entry, jpegs: Jpegs) -> dict[str, Any]:
    """For templates: null where there is none."""
    images = entry.event.images
    shown: dict[Role, Image | None] = {
        "plate": images.plate,
        "vehicle": images.vehicle,
        "frame": images.frame,
    }
    return {
        role: {**msgspec.to_builtins(image), "base64": f"{MARK}{role}."}
        if image is not None and role in jpegs
        else None
        for role, image in shown.items()
    }


def _with_pictures(text: str, jpegs: Jpegs) -> bytes:
    """Base64 has no sign that JSON or XML would escape, so it can be put in at the end."""
    body = text.encode()
    if body.count(MARK.encode()) > PICTURES_MAX:
        raise TemplateError(f"`body`: more than {PICTURES_MAX} pictures")
    for role, jpeg in jpegs.items():
        body = body.replace(f"{MARK}{role}.".encode(), base64.b64encode(jpeg))
    return body
