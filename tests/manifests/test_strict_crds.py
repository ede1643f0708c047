"""The strict CRDs in a real API server: each rule refuses a bad object with its message, and takes the good one."""

import copy
import itertools
import json

import pytest

from events.resource import read_documents
from kikkake.crd import KINDS, definition
from tests.manifests.cluster import ROOT, path_of, resource, sensor_spec
from tests.servers.kube_reader import KubeRefused

pytestmark = pytest.mark.kube
NUMBERS = itertools.count()
OURS = {
    f"{file.relative_to(ROOT)}:{number}": document.value
    for file in sorted((ROOT / "examples").rglob("*.yaml"))
    for number, document in enumerate(read_documents(file.read_text(encoding="utf-8"), str(file))[0])
    if document.kind in ("EventSource", "Sensor", "EventBus")
}
TRIGGER = {"template": {"name": "log", "log": {}}}
DATA = {"path": "body.ref", "type": "string", "value": ["main"]}


@pytest.fixture(scope="session")
def team(strict_cluster):
    return strict_cluster.namespace()


@pytest.fixture(scope="session")
def reader(strict_cluster):
    with strict_cluster.reader() as reader:
        yield reader


def create(reader, namespace, kind, spec):
    return reader.create(path_of(kind, namespace), resource(kind, spec, f"r{next(NUMBERS)}"))


@pytest.mark.parametrize("given", OURS.values(), ids=OURS)
def test_an_example_of_ours_is_good(reader, team, given):
    assert create(reader, team, given["kind"], given["spec"])["spec"] == given["spec"]


def dependency(**members):
    whole = {"name": "push", "eventSourceName": "github", "eventName": "push", **members}
    return sensor_spec(dependencies=[whole])


def filters(**members):
    return dependency(filters=members)


def trigger(**members):
    return sensor_spec(triggers=[{**TRIGGER, **members}])


def template(**members):
    return sensor_spec(triggers=[{"template": {**TRIGGER["template"], **members}}])


REFUSED = [
    pytest.param("Sensor", good, bad, message, id=name)
    for name, good, bad, message in [
        (
            "two kinds",
            template(),
            template(http={"url": "http://x"}),
            "exactly one kind of trigger is needed",
        ),
        (
            "no kind",
            template(),
            sensor_spec(triggers=[{"template": {"name": "a"}}]),
            "exactly one kind of trigger is needed",
        ),
        (
            "retry",
            trigger(retryStrategy={"steps": 3}),
            trigger(retryStrategy={}),
            "retryStrategy needs steps",
        ),
        (
            "retry by none",
            trigger(retryStrategy={"steps": 1}),
            trigger(retryStrategy={"steps": 0}),
            "retryStrategy needs steps",
        ),
        (
            "trigger names",
            sensor_spec(triggers=[TRIGGER, {"template": {"name": "b", "log": {}}}]),
            sensor_spec(triggers=[TRIGGER, TRIGGER]),
            "each trigger needs a name of its own",
        ),
        (
            "dependency names",
            sensor_spec(dependencies=[*dependency()["dependencies"], *dependency(name="b")["dependencies"]]),
            sensor_spec(dependencies=dependency()["dependencies"] * 2),
            "each dependency needs a name of its own",
        ),
        (
            "inner trigger",
            trigger(dlqTrigger=TRIGGER),
            trigger(dlqTrigger={"template": {"name": "x"}}),
            "exactly one kind of trigger is needed",
        ),
        ("no dependencies", sensor_spec(), {"triggers": [TRIGGER]}, "spec.dependencies: Required value"),
        (
            "empty list",
            sensor_spec(),
            sensor_spec(triggers=[]),
            "spec.triggers in body should have at least 1 items",
        ),
        ("null", sensor_spec(), sensor_spec(triggers=None), "spec.triggers: Required value"),
        ("a number for a text", dependency(), dependency(eventName=1), "must be of type string"),
        ("an empty name", dependency(), dependency(name=""), "should be at least 1 chars long"),
        (
            "operator",
            dependency(filtersLogicalOperator="or"),
            dependency(filtersLogicalOperator="OR"),
            'supported values: "", "and", "or"',
        ),
        (
            "comparator",
            filters(data=[{**DATA, "comparator": ">="}]),
            filters(data=[{**DATA, "comparator": "=="}]),
            "supported values",
        ),
        (
            "data type",
            filters(data=[DATA]),
            filters(data=[{**DATA, "type": "text"}]),
            '"bool", "number", "string"',
        ),
        (
            "context",
            filters(context={"type": "x"}),
            filters(context={"id": "1"}),
            "no fields specified in ctx filter",
        ),
        (
            "time window",
            filters(time={"start": "08:00:00", "stop": "09:00:00"}),
            filters(time={"start": "08:00:00", "stop": "08:00:00"}),
            "the window is empty",
        ),
        (
            "transform",
            dependency(transform={"jq": "."}),
            dependency(transform={"jq": ".", "script": "return event"}),
            "exactly one program is needed",
        ),
        (
            "rate",
            trigger(rateLimit={"requestsPerUnit": 1}),
            trigger(rateLimit={"requestsPerUnit": 0}),
            "should be greater than or equal to 1",
        ),
        ("batch", template(batch={"max": 2}), template(batch={}), "a batch needs an end"),
        (
            "correlation key",
            template(correlate={"maxKeys": 1}),
            template(correlate={"maxKeys": 0}),
            "should be greater than or equal to 1",
        ),
        (
            "reset",
            template(conditionsReset=[{"byTime": {"cron": "0 0 * * *"}}]),
            template(conditionsReset=[{}]),
            "byTime: Required value",
        ),
        ("duration", template(debounce=5), template(debounce=[]), "must be of type integer,string"),
    ]
] + [
    pytest.param(kind, good, bad, message, id=name)
    for kind, name, good, bad, message in [
        ("EventSource", "no source", {"github": {}}, {"eventBusName": "x"}, "holds no event"),
        (
            "EventSource",
            "two groups",
            {"github": {}, "webhook": {}},
            {"github": {}, "kafka": {}},
            "Some types of event sources can not be put in one spec",
        ),
        ("EventBus", "no bus", {"kafka": {"url": "x"}}, {}, "exactly one kind of bus is needed"),
        (
            "EventBus",
            "two buses",
            {"jetstream": {"version": "latest"}},
            {"jetstream": {"version": "latest"}, "kafka": {"url": "x"}},
            "exactly one kind of bus is needed",
        ),
        (
            "EventBus",
            "native and exotic",
            {"nats": {"native": {}}},
            {"nats": {"native": {}, "exotic": {"url": "x", "clusterID": "y"}}},
            "exactly one kind of NATS Streaming is needed",
        ),
        (
            "EventBus",
            "two replicas",
            {"jetstream": {"version": "latest", "replicas": 3}},
            {"jetstream": {"version": "latest", "replicas": 2}},
            "requires 1 replica or >= 3 replicas",
        ),
    ]
]


@pytest.mark.parametrize(("kind", "good", "bad", "message"), REFUSED)
def test_a_rule_refuses_with_its_message(reader, team, kind, good, bad, message):
    assert create(reader, team, kind, good)["spec"] == good

    status, answer = reader.answer("POST", path_of(kind, team), resource(kind, bad, "bad"))

    assert status == 422
    assert message in json.loads(answer)["message"]


def test_every_rule_of_the_strict_variant_has_a_case_above():
    messages = {
        rule["message"]
        for kind in KINDS
        for rule in rules(
            definition(kind, is_strict=True)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        )
    }
    told = [case.values[3] for case in REFUSED] + [IMMUTABLE]
    assert [message for message in messages if not any(part in message for part in told)] == []


def rules(schema):
    yield from schema.get("x-kubernetes-validations", ())
    for member in schema.get("properties", {}).values():
        yield from rules(member)
    for name in ("items", "additionalProperties"):
        if name in schema:
            yield from rules(schema[name])


IMMUTABLE = '"spec.jetstream.streamConfig" is immutable'


def test_the_stream_config_of_a_bus_stays(reader, team):
    bus = create(reader, team, "EventBus", {"jetstream": {"version": "latest", "streamConfig": "maxAge: 1h"}})
    path = path_of("EventBus", team, bus["metadata"]["name"])

    reader.patch(path, {"spec": {"jetstream": {"replicas": 5}}})
    with pytest.raises(KubeRefused, match="is immutable"):
        reader.patch(path, {"spec": {"jetstream": {"streamConfig": "maxAge: 2h"}}})


def test_unknown_members_are_kept(reader, team):
    spec = copy.deepcopy(sensor_spec(unknown={"a": [None, {"b": 1}]}))
    spec["triggers"][0]["template"]["unknown"] = 1
    spec["dependencies"][0]["unknown"] = None

    assert create(reader, team, "Sensor", spec)["spec"] == spec


def test_a_large_sensor_stays_within_the_cost_of_the_rules(reader, team):
    spec = {
        "dependencies": [
            {"name": f"d{number}", "eventSourceName": "github", "eventName": "push"} for number in range(100)
        ],
        "triggers": [{"template": {"name": f"t{number}", "log": {}}} for number in range(100)],
    }
    assert create(reader, team, "Sensor", spec)["spec"] == spec
