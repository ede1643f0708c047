"""Identity and rendering of effects. The vectors stand in docs/decisions/0002-identity.md: they never change."""

import orjson
import pytest

from events.bus import EventRef, OrderMode
from events.topic import Topic, event_key
from sensors.compile import compile_sensor
from sensors.effect import Firing, effect_id, make_effect
from sensors.given import Given
from sensors.kube_object import name_suffix
from sensors.trigger import RenderFailed
from tests.sensors.support import document, sensor, stored

PUSH = EventRef(
    "push",
    7,
    event_key(Topic("ci", "default", "github", "push"), "github", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
)
IMAGE = EventRef("image", 9, event_key(Topic("ci", "default", "harbor", "image"), "harbor", "1"))


@pytest.mark.parametrize(
    ("refs", "role", "nonce", "expected"),
    [
        ([PUSH], "main", "", "0aa6b9b227a373c7b5aace04d4902561bb12b6beec3ad6f639491e7da146bfc9"),
        ([PUSH, IMAGE], "main", "", "255a7fce8eb0c8b4e1525fbdfdc0ad55a0bc3c6603f85feb35a4d52c8ea62cf9"),
        ([PUSH], "dlq", "", "42ac94dea47f26554aa768d724e3ef3f341c7a1b0f7eb4d4accb75afc705b33e"),
        ([PUSH], "main", "64a1-7", "2184a0fb268818b4bc5c5730e12a863e1f60efb8e4c093fb218666459a7602ae"),
    ],
)
def test_the_effect_id_is_frozen(refs, role, nonce, expected):
    assert effect_id("file:ci/build", "job", role, refs, nonce=nonce).hex() == expected


def test_the_name_suffix_is_frozen():
    assert name_suffix(effect_id("file:ci/build", "job", "main", [PUSH])) == "bktltmrhunz4pnnk"


def test_the_order_in_which_events_came_does_not_matter():
    assert effect_id("u", "t", "main", [PUSH, IMAGE]) == effect_id("u", "t", "main", [IMAGE, PUSH])


def test_parts_cannot_run_into_one_another():
    assert effect_id("a-b", "c", "main", []) != effect_id("a", "b-c", "main", [])
    assert effect_id("u", "t", "main", [], occasion="x") != effect_id("u", "t", "main", [], nonce="x")
    other = EventRef("pushb", 1, PUSH.key)
    assert effect_id("u", "t", "main", [EventRef("push", 1, b"b" + PUSH.key)]) != effect_id(
        "u", "t", "main", [other]
    )


TEMPLATE = """
    apiVersion: argoproj.io/v1alpha1
    kind: Sensor
    metadata: {name: build, namespace: ci}
    spec:
      dependencies:
      - {name: push, eventSourceName: github, eventName: push}
      triggers:
      - template:
          name: job
          record: {document: {}, count: 1}
        parameters:
        - src: {dependencyName: push, dataKey: body.count, useRawData: RAW}
          dest: record.count
        - src: {dependencyName: push, dataKey: body.name, value: job}
          dest: name
EXTRA
"""


def fire(text: str, data: object, **options: object) -> Firing:
    compiled = sensor(text)
    return Firing(
        sensor=compiled,
        version=1,
        trigger=compiled.triggers[0],
        name=compiled.triggers[0].name,
        refs=(EventRef("push", 1, bytes(32)),),
        fired_us=5,
        sequence=1,
        **options,  # type: ignore[arg-type]  # options of a test are what they say
    )


def effect_of(text: str, data: object, **options: object):
    return make_effect(
        fire(text, data, **options), Given([("push", stored(data).event)]), store_key=b"k", due_us=5
    )


def test_trigger_parameters_change_the_template_before_anything_else():
    made = effect_of(
        TEMPLATE.replace("RAW", "true").replace("EXTRA", ""), {"body": {"count": 3, "name": "x"}}
    )
    assert orjson.loads(made.rendered)["count"] == 3
    assert orjson.loads(made.rendered)["name"] == "x"
    assert (made.trigger, made.attempt, made.order_mode) == ("job", 1, OrderMode.NONE)


def test_a_text_where_the_template_has_a_number_cannot_be_rendered():
    with pytest.raises(RenderFailed, match=r"triggers\[0\].parameters: record.count: .*useRawData"):
        effect_of(TEMPLATE.replace("RAW", "false").replace("EXTRA", ""), {"body": {"count": 3}})


def test_a_number_as_the_name_of_a_trigger_cannot_be_rendered():
    """Upstream cannot read it back either."""
    text = TEMPLATE.replace("RAW", "true").replace("EXTRA", "").replace("value: job", "useRawData: true")
    with pytest.raises(RenderFailed, match=r"triggers\[0\].parameters: `name` is no text any more"):
        effect_of(text, {"body": {"count": 3, "name": 7}})


def test_parameters_may_not_turn_a_trigger_into_another_action():
    text = TEMPLATE.replace("RAW", "true").replace("EXTRA", "").replace("dest: name", "dest: k8s.operation")
    text = text.replace("record: {document: {}, count: 1}", "log: {}").replace(
        "dest: record.count", "dest: conditions"
    )
    compiled = compile_sensor(document(text))
    firing = Firing(
        sensor=compiled,
        version=1,
        trigger=compiled.triggers[0],
        name="job",
        refs=(EventRef("push", 1, bytes(32)),),
        fired_us=5,
        sequence=1,
    )
    with pytest.raises(RenderFailed, match="they add the action `k8s`"):
        make_effect(
            firing,
            Given([("push", stored({"body": {"count": 1, "name": "create"}}).event)]),
            store_key=b"k",
            due_us=5,
        )


def test_at_least_once_is_serial_per_trigger_and_writes_its_intent_first():
    made = effect_of(
        TEMPLATE.replace("RAW", "true").replace("EXTRA", "        atLeastOnce: true"), {"body": {"count": 3}}
    )
    assert made.order_mode is OrderMode.WAIT
    assert made.order_key is not None
    assert made.attempt == 0


def test_a_rate_limited_effect_is_not_born_with_its_attempt():
    text = TEMPLATE.replace("RAW", "true").replace(
        "EXTRA", "        rateLimit: {unit: Minute, requestsPerUnit: 2}"
    )
    assert effect_of(text, {"body": {"count": 3}}).attempt == 0
