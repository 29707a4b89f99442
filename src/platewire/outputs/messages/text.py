"""Texts from templates, such as the subject of an email or the title of a notification."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from platewire.errors import ConfigError, Rejected
from platewire.model import Entry, Site
from platewire.outputs.template import filters
from platewire.outputs.template.language import TemplateError, Text, compiled
from platewire.outputs.template.samples import samples

TITLE = "{{ event.plate.display or event.plate.text }} {{ event.kind }} at {{ event.camera }}"
DETAILS = """\
{{ event.plate.display or event.plate.text }} {{ event.plate.country | default }}
{{ event.kind }}, direction {{ event.direction }}, camera {{ event.camera }}, {{ site.name }}
{{ event.occurred_at | date("%Y-%m-%d %H:%M:%S", site.time_zone) }}
{% for list in event.lists %}list {{ list.name }} ({{ list.kind }})
{% endfor %}"""
TextTemplate = Annotated[
    str | None,
    Meta(description="Template; default: plate, kind, direction, camera, site, time, lists"),
]
"""The setting whose default is `DETAILS`."""
TEST = "TEST "
READ = frozenset({"subject", "title", "text"})
"""The settings of what people read: these texts of a test event begin with `TEST`."""


class Texts:
    """The templates of one output, by setting; ConfigError for one that is invalid or fails for a
    sample event."""

    def __init__(self, who: str, templates: Mapping[str, str], site: Site) -> None:
        self._who = who
        self._site = {"name": site.name, "time_zone": site.time_zone}
        try:
            self._texts = {setting: _compiled(setting, text) for setting, text in templates.items()}
            for entry in samples():
                self._rendered(entry)
        except TemplateError as error:
            raise ConfigError(
                f"{who}: {error}; for what may be null, write {{{{ value | default }}}}"
            ) from error

    def of(self, entry: Entry) -> dict[str, str]:
        """Rendered texts by setting; Rejected if a template fails for this event."""
        try:
            return self._rendered(entry)
        except TemplateError as error:
            raise Rejected(
                f"{self._who}: the template fails for this event: {error}; correct the template, "
                "then replay the event"
            ) from error

    def _rendered(self, entry: Entry) -> dict[str, str]:
        values = {"event": msgspec.json.decode(entry.body), "site": self._site}
        rendered = {}
        for setting, text in self._texts.items():
            mark = TEST if entry.event.test and setting in READ else ""
            try:
                rendered[setting] = mark + text.render(values)
            except TemplateError as error:
                raise TemplateError(f"`{setting}`: {error}") from error
        return rendered


def _compiled(setting: str, text: str) -> Text:
    try:
        return compiled(text, filters.text)
    except TemplateError as error:
        raise TemplateError(f"`{setting}`: {error}") from error


def one_line(text: str, characters_max: int) -> str:
    """One line for a header, without line breaks, control characters and repeated spaces."""
    printable = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(printable.split())[:characters_max]
