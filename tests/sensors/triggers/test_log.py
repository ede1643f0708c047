import json
import logging

import pytest

from events.clock import ManualClock
from events.event import Event
from events.log import JsonFormatter
from events.ports import SecretUnavailable
from events.resource import read_documents
from sensors.trigger import AttemptContext, Done, RenderContext, TriggerServices
from sensors.triggers.log import Log

EFFECT = bytes(range(32))


class NoSecrets:
    async def read(self, ref):
        raise SecretUnavailable(str(ref))


def event(data, content_type="application/json"):
    return Event(id="d1", source="gh", type="github", datacontenttype=content_type, data=data)


async def written(caplog, **events):
    """The lines as they stand in the log."""
    context = RenderContext(
        namespace="ci",
        sensor="images",
        trigger="say",
        effect_id=EFFECT,
        event_ids=("d1",),
        fired_us=0,
        store_key=b"key",
    )
    attempt = AttemptContext(
        namespace="ci",
        sensor="images",
        trigger="say",
        effect_id=EFFECT,
        number=1,
        was_in_doubt=False,
        first_intent_us=0,
        at_least_once=False,
    )
    trigger = Log(TriggerServices(kube=None, secrets=NoSecrets(), clock=ManualClock(0), store_key=b"key"))
    with caplog.at_level(logging.INFO, logger="kikkake.trigger.log"):
        outcome = await trigger.fire(Log.render(b"{}", events, context), attempt)
    assert outcome == Done(answer="written", result={"lines": len(events)})
    return [json.loads(JsonFormatter().format(record)) for record in caplog.records]


async def test_each_dependency_writes_its_data_with_the_effect(caplog):
    lines = await written(caplog, push=event(b'{"a":1}'), image=event(b"hello", "text/plain; charset=utf-8"))

    assert [(line["dependencyName"], line["event"]) for line in lines] == [
        ("push", '{"a":1}'),
        ("image", "hello"),
    ]
    assert lines[0]["effect"] == EFFECT.hex()
    assert lines[0]["eventContext"]["id"] == "d1"


@pytest.mark.parametrize(
    ("data", "content_type", "text"),
    [(b"\x00\x01", "application/octet-stream", "AAE="), (None, None, ""), (b"{}", None, "{}")],
)
async def test_other_data_is_base64_and_none_is_empty(caplog, data, content_type, text):
    [line] = await written(caplog, push=event(data, content_type))

    assert line["event"] == text


async def test_a_line_break_in_the_data_makes_no_second_line(caplog):
    [line] = await written(caplog, push=event(b"a\nlevel=error", "text/plain"))

    assert "\n" not in line["event"]


def test_an_interval_is_reported_as_without_effect():
    [document], _ = read_documents(
        '{"kind": "Sensor", "spec": {"log": {"intervalSeconds": 5}}}', "sensor.yaml"
    )

    [finding] = Log.check(document, Log.Config(interval_seconds=5), ("spec", "log"), "trigger:say")

    assert "has no effect, as upstream" in str(finding)
