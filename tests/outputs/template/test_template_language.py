"""The language of templates: what it says, and that nothing gets out of it."""

import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platewire.outputs.template import filters
from platewire.outputs.template.filters import EPOCH
from platewire.outputs.template.language import OUTPUT_CHARACTERS_MAX, TemplateError, compiled
from platewire.outputs.template.samples import samples

EVENT = msgspec.json.decode(next(samples()).body)
VALUES: dict[str, Any] = {"event": EVENT, "site": {"name": "north"}, "pictures": {"plate": None}}


def rendered(template: str, escape: Any = filters.text, **more: Any) -> str:
    return compiled(template, escape).render(VALUES | more)


@pytest.mark.parametrize(
    ("template", "gives"),
    [
        ("plain {text}", "plain {text}"),
        ("{{ event.plate.text }}", "BU9042"),
        ("{{ event['plate']['text'] }}", "BU9042"),
        ("{{ event.plate.text[:2] }}-{{ event.plate.text[2:] }}", "BU-9042"),
        ("{{ site.name }}/{{ event.camera }}", "north/gate"),
        ("{{ event.plate.confidence | percent }}%", "88%"),
        ("{{ event.vehicle.make.value | default('?') }}", "Fiat"),
        ("{{ event.vehicle.box.width | default('?') }}", "?"),
        ("{{ event.vehicle.box }}", ""),
        ("{{ event.vehicle.box | default('none') }}", "none"),
        ("{% if event.direction == 'in' %}0{% else %}1{% endif %}", "0"),
        ("{{ 0 if event.direction == 'in' else 1 }}", "0"),
        ("{% for each in event.lists %}{{ each.name }} {{ each.mode }}{% endfor %}", "staff allow"),
        ("{% for c in event.changed %}{{ loop.index }}{{ c }};{% endfor %}", None),
        ("{{ event.changed | join(', ') }}", "direction, vehicle.color"),
        ("{{ event.changed | length }} {{ event.changed | first }}", "2 direction"),
        ("{{ event.occurred_at | date('%d.%m.%Y %H:%M', 'Europe/Berlin') }}", "02.01.2026 04:04"),
        ("{{ event.occurred_at | date }}", "2026-01-02T03:04:10"),
        ("{{ event.last_seen_at | epoch('microseconds') }}", "1767323045678000"),
        ("{{ event.last_seen_at | epoch('milliseconds') // 1000 }}", "1767323045"),
        ("{{ event.reads * 2 + 1 }}", "47"),
        ("{{ event.plate.text ~ '/' ~ event.reads }}", "BU9042/23"),
        ("{{ event.plate.text | lower | replace('bu', 'x') | pad(8) }}", "0000x9042"[1:]),
        ("{{ event.plate.box[0] | round }}", "420"),
        ("{{ event.test }} {{ event.zone }}", "false entry"),
        ("{{ event.plate.text in ['BU9042', 'X'] }}", "true"),
        ("{{ pictures.plate is none }}", "true"),
        ("{% raw %}{{ as it is }}{% endraw %}{# not seen #}", "{{ as it is }}"),
    ],
)
def test_what_templates_say(template: str, gives: str | None) -> None:
    assert rendered(template) == (gives if gives is not None else "1direction;2vehicle.color;")


ESCAPES = [
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ event.__class__.__init__.__globals__ }}",
    "{{ event|attr('__class__') }}",
    "{{ event['__class__'] }}",
    "{{ event.items }}",
    "{{ event.items() }}",
    "{{ event.pop('plate') }}",
    "{{ 'x'.format }}",
    "{{ '{0.__class__}'.format(event) }}",
    "{{ '%s' | format(1) }}",
    "{{ '%(a)s' % event }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum.__globals__['os'] }}",
    "{{ joiner }}",
    "{{ namespace() }}",
    "{{ dict(a=1) }}",
    "{{ range(10) }}",
    "{{ get_flashed_messages }}",
    "{{ config }}",
    "{{ loop }}",
    "{% for a in event.changed %}{{ loop.__class__ }}{% endfor %}",
    "{% for a in event.changed %}{{ loop._iterable }}{% endfor %}",
    "{% for a in event.changed %}{{ loop.cycle('a') }}{% endfor %}",
    "{% for a in event.changed recursive %}{{ loop(a) }}{% endfor %}",
    "{% include '/etc/passwd' %}",
    "{% import '/etc/passwd' as x %}",
    "{% from '/etc/passwd' import x %}",
    "{% extends '/etc/passwd' %}",
    "{% block x %}{% endblock %}",
    "{% macro x() %}{% endmacro %}",
    "{% call x() %}{% endcall %}",
    "{% filter upper %}x{% endfilter %}",
    "{% set x = event %}",
    "{% set x %}a{% endset %}",
    "{% with x = 1 %}{{ x }}{% endwith %}",
    "{% autoescape true %}{% endautoescape %}",
    "{% do event.clear() %}",
    "{{ event | map(attribute='__class__') }}",
    "{{ event | pprint }}",
    "{{ event | xmlattr }}",
    "{{ event.plate.text | select }}",
    "{{ event is callable }}",
    "{{ event is filter }}",
    "{{ event.occurred_at | date('%Y', '../../../etc/passwd') }}",
    "{{ event.occurred_at | date('%Y', '/etc/localtime') }}",
    "{{ nobody }}",
    "{{ event.nobody }}",
    "{{ event.vehicle.nobody.value | default('?') }}",
    "{{ event.plate.text.nobody }}",
    "{{ event }}",
    "{{ 'yes' if event.test }}",
]


@pytest.mark.parametrize("template", ESCAPES)
def test_ways_out_that_are_none(template: str) -> None:
    with pytest.raises(TemplateError):
        rendered(template)


EXPENSIVE = [
    "{{ 9 ** 9 ** 9 }}",
    "{{ 'a' * 1000000000 }}",
    "{{ [1] * 1000000000 }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ 1" + " * 9223372036854775807" * 50 + " }}",
    "{{ 1e308 * 10 }}",
    "{{ 'a' | pad(1000000000) }}",
    "{{ event.occurred_at | date('%1000000000d') }}",
    "{{ 'aaaaaaaa'" + " | replace('a', 'aaaaaaaaaa')" * 20 + " }}",
    "{{ event.plate.text" + " | replace('', 'aaaaaaaaaa')" * 20 + " }}",
    "{{ 'x' | round(1000000000) }}",
    "{{ " + "9" * 5000 + " }}",
    "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "{{ " + "-" * 5000 + "1 }}",
    "{{ " + "not " * 5000 + "1 }}",
    "{{ " + "[" * 5000 + "]" * 5000 + " }}",
    "{% if 1 %}" * 2000 + "{% endif %}" * 2000,
    "{% for a in [1] %}" * 100 + "{% endfor %}" * 100,
    "".join(f"{{% for a{n} in [1,2,3,4,5,6,7,8,9] %}}" for n in range(15)) + "{% endfor %}" * 15,
    "".join(f"{{% for a{n} in [1,2,3,4,5,6,7,8,9] %}}" for n in range(15))
    + "x"
    + "{% endfor %}" * 15,
    "{% for c in event.plate.text %}{% endfor %}",
    "x" * 33000,
    "{{ 'é' * 3 }}",
]


@pytest.mark.parametrize("template", EXPENSIVE)
def test_what_would_cost_too_much_is_refused_early(template: str) -> None:
    with pytest.raises(TemplateError):
        rendered(template)


def test_much_output_is_refused() -> None:
    line = "x" * 30000
    template = "{% for a in [1,2,3,4,5,6,7,8,9] %}" + line + "{% endfor %}"
    with pytest.raises(TemplateError, match=str(OUTPUT_CHARACTERS_MAX)):
        rendered(template)


def test_errors_name_their_line() -> None:
    with pytest.raises(TemplateError, match="line 3: an object has no 'plates'"):
        rendered("a\nb\n{{ event.plates.text }}")
    with pytest.raises(TemplateError, match=r"line 2: .*nosuch"):
        rendered("a\n{{ event | nosuch }}")


def test_rendering_changes_nothing() -> None:
    before = msgspec.json.encode(VALUES)
    with pytest.raises(TemplateError):
        rendered("{{ event.clear() }}")
    rendered("{% for event in event.changed %}{{ event }}{% endfor %}")
    assert msgspec.json.encode(VALUES) == before


# --- any text at all -----------------------------------------------------------------------------

FORBIDDEN = {"open", "os.system", "subprocess.Popen", "socket.connect"}


class Watch:
    """What Python's own audit events tell of files and processes, while it is on."""

    def __init__(self) -> None:
        self.on = False
        self.seen: list[str] = []
        sys.addaudithook(self._look)

    def _look(self, name: str, arguments: tuple[Any, ...]) -> None:
        if self.on and name in FORBIDDEN and "zoneinfo" not in str(arguments):
            self.seen.append(f"{name} {arguments}")


@pytest.fixture(scope="module")
def watch() -> Iterator[Watch]:
    watching = Watch()
    yield watching
    watching.on = False


PIECES = st.sampled_from(
    [
        *("{{", "}}", "{%", "%}", "{#", "#}", "{{ event.plate.text }}", " ", "\n", "'", '"'),
        *("for", "in", "if", "elif", "else", "endfor", "endif", "set", "include", "raw", "endraw"),
        *("event", "site", "pictures", "plate", "text", "changed", "loop", "self", "__class__"),
        *("|", ".", "[", "]", "(", ")", "~", "+", "*", "**", "/", "%", "-", ":", ",", "==", "not"),
        *(*filters.FILTERS, "attr", "format", "range", "0", "1", "99999999999999999999", "1e308"),
        *("{% for a in event.changed %}", "{% endfor %}", "{% if a %}", "{% endif %}", "is none"),
    ]
)
TEMPLATES = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=40).map(" ".join))


@settings(max_examples=400)
@given(TEMPLATES)
def test_any_text_renders_or_is_refused(watch: Watch, template: str) -> None:
    watch.on = True
    try:
        rendered(template)
    except TemplateError:
        pass
    finally:
        watch.on = False
    assert watch.seen == []


# --- values in the text around them --------------------------------------------------------------

ANY = st.one_of(st.text(), st.integers(-(2**53), 2**53), st.booleans(), st.none())


@given(st.text())
def test_json_carries_any_value(value: str) -> None:
    body = rendered('{"a": {{ event }}, "b": [{{ event ~ "!" }}]}', filters.json, event=value)
    assert msgspec.json.decode(body) == {"a": value, "b": [value + "!"]}


@given(st.text())
def test_xml_carries_any_value(value: str) -> None:
    body = rendered('<a b="{{ event }}">{{ event }}</a>', filters.xml, event=value)
    element = ElementTree.fromstring(body.replace("\r", "&#13;"))
    kept = filters.NOT_IN_XML.sub("", value)
    assert (element.text or "") == kept
    assert element.get("b") == kept.replace("\n", " ").replace("\t", " ")


@given(st.text(st.characters(exclude_categories=["Cs"])).filter(lambda v: v not in (".", "..")))
def test_urls_carry_any_value(value: str) -> None:
    encoded = rendered("{{ event }}", filters.url, event=value)
    assert unquote(encoded) == value
    assert not set(encoded) & set("/?#@:&= \r\n")


@given(st.integers(0, 4_000_000_000_000_000).map(lambda us: EPOCH + timedelta(microseconds=us)))
def test_times_are_kept(at: datetime) -> None:
    told = at.isoformat().replace("+00:00", "Z")
    zone = filters.date(told, "%Y-%m-%dT%H:%M:%S.%f%z", "Asia/Kathmandu")
    assert datetime.fromisoformat(zone) == at
    assert filters.epoch(told, "microseconds") == (at - EPOCH) // timedelta(microseconds=1)


@given(ANY, st.sampled_from(sorted(filters.FILTERS)))
def test_filters_give_a_value_or_refuse(value: Any, name: str) -> None:
    try:
        given = rendered(f"{{{{ event | {name} }}}}", filters.json, event=value)
    except TemplateError:
        return
    msgspec.json.decode(given)
