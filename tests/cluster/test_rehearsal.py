"""What is asked before it matters: rights by SelfSubjectAccessReview, and an example event with `dryRun=All`."""

import json

import pytest

from tests.cluster.team import condition, config_map, creates, hook, sensor

pytestmark = pytest.mark.kube

EXAMPLE = "kikkake/example-event"


@pytest.fixture
def builders(serving, team):
    """A team whose account may make ConfigMaps."""
    team.account("default", "create,get configmaps")
    team.apply(hook())
    team.until_ready("EventSource", "hooks")
    return team


def labelled():
    """A trigger whose object gets a label from the event."""
    mark = {"src": {"dependencyName": "push", "dataKey": "body.mark"}, "dest": "metadata.labels.mark"}
    return creates(config_map(labels={"mark": "none"}), [mark])


def with_example(mark):
    example = {"push": {"data": {"body": {"mark": mark}}}}
    return sensor(labelled(), metadata={"annotations": {EXAMPLE: json.dumps(example)}})


def test_an_example_that_the_api_server_would_refuse_is_a_warning_with_its_words_and_makes_nothing(builders):
    builders.apply(with_example("no label!"))
    found = builders.until(
        "Sensor", "notes", lambda each: "DryRunRefused" in condition(each, "SpecWarnings").get("message", "")
    )
    assert "spec.triggers[0]" in condition(found, "SpecWarnings")["message"]
    assert "metadata.labels" in condition(found, "SpecWarnings")["message"]
    assert condition(found, "Ready")["status"] == "True"
    assert builders.made() == []

    builders.apply(with_example("a-label"))
    builders.until(
        "Sensor", "notes", lambda each: "DryRunRefused" not in json.dumps(each["status"]["conditions"])
    )


def test_an_example_that_cannot_be_read_says_how_to_write_it(builders):
    builders.apply(sensor(labelled(), metadata={"annotations": {EXAMPLE: '{"nobody": {}}'}}))
    found = builders.until(
        "Sensor", "notes", lambda each: "BadExample" in condition(each, "SpecWarnings").get("message", "")
    )
    assert "the dependencies: push" in condition(found, "SpecWarnings")["message"]


def test_of_a_real_event_nothing_is_quoted(builders, serving):
    builders.apply(sensor(creates(config_map())))
    builders.until_ready("Sensor", "notes")
    assert serving.post(f"/{builders.name}/hooks/push", {"mark": "canary value!"}).status == 200
    builders.until_made()

    builders.apply(sensor(labelled()))
    found = builders.until(
        "Sensor", "notes", lambda each: "DryRunRefused" in condition(each, "SpecWarnings").get("message", "")
    )
    assert "the newest event" in condition(found, "SpecWarnings")["message"]
    assert "canary" not in json.dumps(found["status"])
