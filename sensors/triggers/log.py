"""log: writes the data of each event to the log (spec-sensors 7.15).

It changes nothing outside, so that a dry run fires it. A line is cut at 1 KiB as all of ours are.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from events.errors import Finding, Severity
from events.event import Event
from events.log import Logger
from events.model import SpecModel
from events.resource import Path, ResourceDocument
from sensors.given import pairs
from sensors.trigger import AttemptContext, Done, Failed, Preview, RenderContext, Trigger

_AS_TEXT = frozenset({"application/json", "text/plain"})

log = Logger("trigger.log")


class Line(msgspec.Struct, frozen=True):
    """What one dependency's event writes."""

    dependency: str
    context: dict[str, Any]
    text: str


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[Line, ...]).decode


class Log(Trigger):
    """One line of INFO for each dependency."""

    class Config(SpecModel):
        """The template's member `log`."""

        interval_seconds: int = 0
        """Without effect, as upstream."""

    kind: ClassVar[str] = "log"
    repeatable: ClassVar[bool] = True
    fires_in_dry_run: ClassVar[bool] = True

    @classmethod
    def check(cls, document: ResourceDocument, config: SpecModel, path: Path, part: str) -> list[Finding]:
        """An interval does nothing, here and upstream."""
        if not isinstance(config, cls.Config) or not config.interval_seconds:
            return []
        return [
            document.finding(
                (*path, "intervalSeconds"),
                "has no effect, as upstream: every event is written",
                "use `rateLimit` to write less often",
                code="Ignored",
                severity=Severity.WARNING,
                part=part,
            )
        ]

    @classmethod
    def render(cls, spec: bytes, events: Mapping[str, Event], context: RenderContext) -> bytes:  # noqa: ARG003 - the contract's
        """The lines."""
        return _encode([Line(name, event.context(), _text(event)) for name, event in pairs(events)])

    @classmethod
    def preview(cls, rendered: bytes) -> Preview:
        """The lines as a message."""
        lines = [
            {"dependencyName": line.dependency, "eventContext": line.context, "text": line.text}
            for line in _decode(rendered)
        ]
        return Preview(message={"topic": "log", "key": None, "body": lines})

    async def fire(self, rendered: bytes, attempt: AttemptContext) -> Done | Failed:
        """Write them."""
        lines = _decode(rendered)
        for line in lines:
            log.info(
                line.text,
                dependencyName=line.dependency,
                eventContext=line.context,
                sensor=f"{attempt.namespace}/{attempt.sensor}",
                trigger=attempt.trigger,
                effect=attempt.effect_id.hex(),
            )
        return Done(answer="written", result={"lines": len(lines)})


def _text(event: Event) -> str:
    if event.data is None:
        return ""
    content_type = (event.datacontenttype or "application/json").partition(";")[0].strip().lower()
    if content_type in _AS_TEXT:
        return event.data.decode("utf-8", "replace")
    return base64.b64encode(event.data).decode()
