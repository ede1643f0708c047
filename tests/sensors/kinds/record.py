"""A trigger for tests: renders a JSON document, repeatable."""

import os
import signal
import sys
from collections.abc import Mapping
from typing import ClassVar

import orjson

from events.errors import Finding
from events.event import Event
from events.model import SpecModel
from events.resource import Path, ResourceDocument
from sensors.check import parameter_faults
from sensors.parameters import apply_parameters
from sensors.spec import Parameter
from sensors.trigger import AttemptContext, Done, Failed, Preview, RenderContext, RenderFailed, Trigger


class Record(Trigger):
    """Writes nothing anywhere: what it would do is what it rendered."""

    class Config(SpecModel):
        document: dict[str, str] = {}
        count: int = 0
        parameters: list[Parameter] = []

    kind: ClassVar[str] = "record"
    repeatable: ClassVar[bool] = True

    @classmethod
    def check(cls, document: ResourceDocument, config: SpecModel, path: Path, part: str) -> list[Finding]:
        assert isinstance(config, cls.Config)
        return parameter_faults(document, config.parameters, (*path, "parameters"), "resource parameter")

    @classmethod
    def render(cls, spec: bytes, events: Mapping[str, Event], context: RenderContext) -> bytes:
        config = cls.Config.model_validate_json(spec)
        for event in events.values():
            if event.data == b'{"kill":"me"}' and "sensors.probe" in sys.modules:
                os._exit(11)
            if event.data == b'{"kill":"whoever reads this"}':
                os.kill(os.getpid(), signal.SIGKILL)
            if event.data == b'{"bug":1}':
                raise ZeroDivisionError
        document = apply_parameters(orjson.dumps(config.document), config.parameters, events)
        value = {"name": context.trigger, "count": config.count, "document": orjson.loads(document)}
        if value["document"].get("refuse"):
            raise RenderFailed("asked to refuse")
        return orjson.dumps({**value, "events": {name: event.id for name, event in events.items()}})

    @classmethod
    def preview(cls, rendered: bytes) -> Preview:
        return Preview(object=orjson.loads(rendered))

    async def fire(self, rendered: bytes, attempt: AttemptContext) -> Done | Failed:
        return Done(answer=f"recorded {len(rendered)} bytes for {attempt.trigger}")
