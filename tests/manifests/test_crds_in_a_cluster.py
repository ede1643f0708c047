"""The tolerant CRDs in a real API server: whatever upstream's open ones take is taken and read back as it was."""

import itertools
import json

import pytest

from events.resource import read_documents
from tests.conftest import require
from tests.manifests.cluster import ROOT, path_of, resource, sensor_spec
from tests.manifests.mutants import mutants
from tests.manifests.upstream import upstream_examples
from tests.servers.kube_reader import KubeRefused

pytestmark = pytest.mark.kube

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
KINDS = ("EventSource", "Sensor", "EventBus")
OURS = {
    f"{file.relative_to(ROOT)}:{number}": document.value
    for file in sorted((ROOT / "examples").rglob("*.yaml"))
    for number, document in enumerate(read_documents(file.read_text(encoding="utf-8"), str(file))[0])
    if document.kind in KINDS
}
NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def team(cluster):
    """Enabled, so that the policies look too."""
    return cluster.namespace(labels={"kikkake/enabled": "true"})


@pytest.fixture(scope="session")
def reader(cluster):
    with cluster.reader() as reader:
        yield reader


def stored(reader, namespace, given):
    """`given` as it is read after it has been created under a name of its own."""
    name = f"r{next(NUMBERS)}"
    metadata = {**given.get("metadata", {}), "name": name, "namespace": namespace}
    metadata.pop("generateName", None)
    reader.create(path_of(given["kind"], namespace), {**given, "metadata": metadata})
    return reader.get(path_of(given["kind"], namespace, name))


@pytest.mark.parametrize("name", ["eventsources", "sensors", "eventbus"])
def test_the_schema_is_structural(reader, name):
    conditions = reader.get(f"{CRDS}/{name}.argoproj.io")["status"]["conditions"]
    said = {each["type"]: each["status"] for each in conditions}
    assert said == {"NamesAccepted": "True", "Established": "True"}


@pytest.mark.parametrize("given", OURS.values(), ids=OURS)
def test_an_example_of_ours_is_stored_as_it_is_written(reader, team, given):
    assert stored(reader, team, given)["spec"] == given["spec"]


@pytest.mark.oracle
def test_every_example_of_argo_events_is_stored_as_it_is_written(reader, team):
    require("oracle")
    examples = upstream_examples()

    changed = [
        label for label, given in examples.items() if stored(reader, team, given)["spec"] != given["spec"]
    ]

    assert changed == []
    assert len(examples) > 100


RETYPED = [
    None,
    True,
    12000,
    -1.5,
    "",
    "text",
    [],
    [None, {"a": [1]}],
    {},
    {"a": {"b": None}},
    "ü\u2028🎉" * 50,
]


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("EventSource", ("webhook",)),
        ("EventSource", ("webhook", "push")),
        ("EventSource", ("webhook", "push", "port")),
        ("EventSource", ("service",)),
        ("EventSource", ("template",)),
        ("EventSource", ("nothing", "known")),
        ("Sensor", ("dependencies",)),
        ("Sensor", ("dependencies", 0)),
        ("Sensor", ("dependencies", 0, "filters")),
        ("Sensor", ("triggers", 0, "template")),
        ("Sensor", ("triggers", 0, "template", "http")),
        ("Sensor", ("triggers", 0, "retryStrategy")),
        ("Sensor", ("triggers", 0, "dlqTrigger", "template", "k8s", "source", "resource")),
        ("EventBus", ("jetstream",)),
        ("EventBus", ("jetstream", "replicas")),
    ],
)
def test_a_value_of_a_wrong_type_is_stored_and_left_for_the_gateway_to_report(reader, team, kind, path):
    for value in RETYPED:
        spec = nested(path, value)
        assert stored(reader, team, resource(kind, spec))["spec"] == spec


@pytest.mark.parametrize("kind", ["EventSource", "Sensor"])
def test_a_mutated_resource_is_stored_as_it_is(reader, team, kind):
    """Each gets a condition from the gateway; for that it has to be stored."""
    specs = [given["spec"] for given in OURS.values() if given["kind"] == kind]
    for spec in itertools.islice(mutants(specs, seed=1), 200):
        assert stored(reader, team, resource(kind, spec))["spec"] == spec


def nested(path, value):
    for part in reversed(path):
        value = [value] if isinstance(part, int) else {part: value}
    return value


def test_several_actions_in_one_template_are_stored(reader, team):
    """Upstream runs the first in its order."""
    template = {"name": "both", "log": {}, "http": {"url": "http://x"}, "slack": {}}
    spec = sensor_spec(triggers=[{"template": template, "retryStrategy": {}, "unknown": {"deep": [1]}}])
    assert stored(reader, team, resource("Sensor", spec))["spec"] == spec


@pytest.mark.parametrize("spec", [None, "text", []], ids=["null", "text", "list"])
def test_a_spec_that_is_no_object_is_refused_as_by_upstreams_schema(reader, team, spec):
    with pytest.raises(KubeRefused) as refused:
        stored(reader, team, resource("Sensor", spec))
    assert refused.value.status == 422


def test_argo_events_may_write_its_status_too(reader, team):
    """Its times are null where they are not set."""
    made = stored(reader, team, resource("EventBus", {"nats": {"native": {}}}))
    path = path_of("EventBus", team, made["metadata"]["name"])
    condition = {"type": "Configured", "status": "Unknown", "lastTransitionTime": None}
    status = {"conditions": [condition], "config": {"nats": {"url": "nats://x", "auth": "token"}}}

    assert reader.patch(f"{path}/status", {"status": status})["status"]["config"] == status["config"]
    assert reader.get(path)["spec"] == made["spec"]


def test_a_write_of_the_status_changes_no_spec_and_no_generation(reader, team):
    made = stored(reader, team, resource("Sensor", sensor_spec()))
    path = path_of("Sensor", team, made["metadata"]["name"])

    reader.patch(f"{path}/status", {"status": {"fired": 1}, "spec": {"replicas": 3}})

    after = reader.get(path)
    assert after["spec"] == made["spec"]
    assert after["metadata"]["generation"] == 1
    assert after["status"] == {"fired": 1}


@pytest.mark.parametrize("side", ["--server-side", "--server-side=false"])
def test_kubectl_applies_what_it_does_not_know_and_changes_it(cluster, side):
    namespace = cluster.namespace()
    for steps in (3, "three"):
        spec = sensor_spec(unknown={"a": [1, {"b": 2}]}, replicas={"steps": steps})
        applied = cluster.kubectl("-n", namespace, "apply", side, "-f", "-", given=resource("Sensor", spec))
        assert applied.code == 0, applied.err
        with cluster.reader() as reader:
            assert reader.get(path_of("Sensor", namespace, "one"))["spec"] == spec


def test_kubectl_explains_every_level(cluster):
    spec = cluster.kubectl("explain", "sensor.spec").out
    template = cluster.kubectl("explain", "sensor.spec.triggers.template").out
    source = cluster.kubectl("explain", "eventsource.spec.github.webhook").out
    status = cluster.kubectl("explain", "sensor.status.conditions").out

    assert "triggers\t<[]Object>" in spec
    assert "brackets over dependency names" in " ".join(template.split())
    assert "Path to serve" in source
    assert "lastTransitionTime" in status


def test_kubectl_get_shows_what_the_gateway_says(cluster):
    namespace = cluster.namespace()
    with cluster.reader() as reader:
        for kind, spec, status in (
            ("EventSource", {"webhook": {}}, {"events": 41}),
            ("Sensor", sensor_spec(), {"events": 42, "fired": 7}),
            ("EventBus", {"jetstream": {}}, {}),
        ):
            reader.create(path_of(kind, namespace), resource(kind, spec))
            ready = {"type": "Ready", "status": "False", "reason": "InvalidTriggers", "message": "x"}
            other = {"type": "Deployed", "status": "True", "reason": "Other"}
            body = {"status": {**status, "conditions": [other, ready]}}
            reader.patch(f"{path_of(kind, namespace, 'one')}/status", body)

    shown = cluster.kubectl("-n", namespace, "get", "es,sn,eb", "--no-headers=false").out

    tables = [table.splitlines() for table in shown.strip().split("\n\n")]
    rows = {table[1].split("/")[0].split(".")[0]: (table[0].split(), table[1].split()) for table in tables}
    assert rows["eventsource"][0] == ["NAME", "READY", "REASON", "EVENTS", "AGE"]
    assert rows["eventsource"][1][1:4] == ["False", "InvalidTriggers", "41"]
    assert rows["sensor"][0] == ["NAME", "READY", "REASON", "EVENTS", "FIRED", "AGE"]
    assert rows["sensor"][1][1:5] == ["False", "InvalidTriggers", "42", "7"]
    assert rows["eventbus"][0] == ["NAME", "READY", "REASON", "AGE"]


def test_the_definitions_that_are_applied_fit_into_kubectls_annotation(reader):
    for name in ("eventsources", "sensors", "eventbus"):
        annotations = reader.get(f"{CRDS}/{name}.argoproj.io")["metadata"]["annotations"]
        kept = annotations["kubectl.kubernetes.io/last-applied-configuration"]
        assert json.loads(kept)["metadata"]["name"] == f"{name}.argoproj.io"
