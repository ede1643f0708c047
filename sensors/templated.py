"""A found value that a template has changed before a data filter looks at it (spec-sensors 3.4, step 3). Pure."""

from __future__ import annotations

from events.clock import parse_time
from events.errors import KikkakeError
from events.event import Event
from events.languages.gjson import Kind, Result
from events.languages.go_template.quoting import quote
from sensors import templates


class NothingPrinted(KikkakeError):
    """The template printed nothing, or only `<no value>`; the text is upstream's."""


def templated(found: Result, template: str, event: Event) -> Result:
    """What the template prints for `.Input`, the string form of `found`, as a value of type string.

    The time that a template may ask for is the event's (1970 where it has none), and chance comes from its id: the
    same event gives the same verdict whenever it is explained.

    Raises:
        NothingPrinted: it printed nothing.
        templates.TemplateError: it failed.
    """
    now_us = (parse_time(event.time) if event.time else None) or 0
    printed = templates.run_for_filter(
        template, found.text(), now_us=now_us, seed=f"{event.source}\n{event.id}"
    )
    if not printed:
        raise NothingPrinted(f"template '{template}' evaluated to empty string or no value")
    # Upstream quotes it as Go does and reads it as JSON: what JSON knows no escape for ends the text.
    raw = quote(printed).encode("utf-8", "surrogateescape")
    return Result(Kind.STRING, raw, 0, len(raw))
