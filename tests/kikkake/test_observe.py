"""What happens to effects, for metrics and for a person who watches a dry run."""

import json

import pytest
import yaml
from prometheus_client import generate_latest

from events.bus import EffectState, Outcome
from events.metrics import Metrics
from kikkake.observe import Observer, preview_json, preview_text, sensor_label
from sensors.attempts import opened
from sensors.trigger import Done, Failed, OnFailure, Preview
from tests.contracts.buses import new_effect

OBJECT = {"kind": "Job", "metadata": {"name": "é", "labels": {"a": "true"}}}


@pytest.fixture
def effect():
    return opened(new_effect(1), 1, version=1, at_us=1)


def test_attempts_and_ends_are_counted_by_resource_and_never_by_event(effect):
    metrics = Metrics()
    observer = Observer(metrics, print, as_json=False)
    failed = Failed(reason="Forbidden", detail="no", answer="403", then=OnFailure.GIVE_UP)
    observer.attempted(effect, failed, 2_000)
    observer.attempted(effect, Done(answer="201"), 3_000)
    observer.settled(effect, outcome(EffectState.OPEN))
    observer.settled(effect, outcome(EffectState.DONE))

    text = generate_latest(metrics.registry).decode()
    sensor, trigger = f'sensor="{sensor_label(effect.sensor)}"', f'trigger="{effect.trigger}"'
    assert f'kikkake_attempts_total{{answer="Forbidden",{sensor},{trigger}}} 1.0' in text
    assert f'kikkake_attempts_total{{answer="done",{sensor},{trigger}}} 1.0' in text
    assert f'kikkake_effects_total{{{sensor},state="done",{trigger}}} 1.0' in text
    assert f'kikkake_attempt_seconds_count{{trigger_kind="{effect.kind}"}} 2.0' in text


def outcome(state):
    return Outcome(number=1, attempt=1, state=state, at_us=1)


@pytest.mark.parametrize(
    ("preview", "verb", "what"),
    [
        pytest.param(Preview(object=OBJECT), "would create", OBJECT, id="object"),
        pytest.param(Preview(request={"method": "POST"}), "would send", {"method": "POST"}, id="request"),
        pytest.param(Preview(message={"topic": "t"}), "would publish", {"topic": "t"}, id="message"),
    ],
)
def test_a_preview_is_a_yaml_document_that_says_whose_it_is(effect, preview, verb, what):
    text = preview_text(effect, preview)
    assert text.startswith("---\n# dry run: ")
    assert f"trigger {effect.trigger} {verb}" in text
    assert yaml.safe_load(text) == what


def test_a_preview_for_scripts_is_one_line(effect):
    line = preview_json(effect, Preview(object=OBJECT))
    assert "\n" not in line
    assert json.loads(line) == {
        "dryRun": True,
        "sensor": sensor_label(effect.sensor),
        "trigger": effect.trigger,
        "object": OBJECT,
    }


@pytest.mark.parametrize("as_json", [True, False])
def test_previews_are_told(effect, as_json):
    told = []
    Observer(Metrics(), told.append, as_json=as_json).previewed(effect, Preview(object=OBJECT))
    write = preview_json if as_json else preview_text
    assert told == [write(effect, Preview(object=OBJECT))]


def test_a_sensor_from_a_file_is_told_by_namespace_and_name():
    assert (sensor_label("file:ci/build"), sensor_label("0b1c")) == ("ci/build", "0b1c")
