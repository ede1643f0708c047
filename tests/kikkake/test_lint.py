import textwrap

import pytest

from events.errors import Severity
from kikkake.files import load_resources
from kikkake.lint import check_resources


def source(name="github", event="push", port="12000", endpoint="/push", namespace="ci", bus=""):
    bus_line = f"\n  eventBusName: {bus}" if bus else ""
    return textwrap.dedent(f"""\
        apiVersion: argoproj.io/v1alpha1
        kind: EventSource
        metadata: {{name: {name}, namespace: {namespace}}}
        spec:{bus_line.replace(chr(10), chr(10) + "        ")}
          service: {{ports: [{{port: 12000}}]}}
          webhook:
            {event}: {{port: "{port}", endpoint: {endpoint}, method: POST, authSecret: {{name: a, key: b}}}}
        """)


def sensor(source_name="github", event="push", namespace="ci"):
    return textwrap.dedent(f"""\
        apiVersion: argoproj.io/v1alpha1
        kind: Sensor
        metadata: {{name: build, namespace: {namespace}}}
        spec:
          dependencies:
          - {{name: push, eventSourceName: {source_name}, eventName: {event}}}
          triggers:
          - template:
              name: say
              k8s:
                operation: create
                source: {{resource: {{apiVersion: v1, kind: ConfigMap, metadata: {{generateName: x-}}}}}}
        """)


@pytest.fixture
def lint(tmp_path):
    """Findings of files by name, as (code, file name, line, text)."""

    def check(**files):
        for name, text in files.items():
            (tmp_path / f"{name}.yaml").write_text(text)
        loaded = load_resources([str(tmp_path)])
        return [
            (finding.code, finding.file.rpartition("/")[2], finding.line, str(finding))
            for finding in check_resources(loaded)
            if finding.severity is Severity.ERROR or finding.code in {"DependencyNotFound", "MisplacedTest"}
        ]

    return check


def test_good_resources_have_no_fault(lint):
    assert lint(source=source(), sensor=sensor()) == []


def test_a_dependency_on_an_unknown_event_names_those_that_are_there(lint):
    [(code, file, line, text)] = lint(source=source(), sensor=sensor(event="push2"))
    assert (code, file, line) == ("DependencyNotFound", "sensor.yaml", 6)
    assert "EventSource ci/github has no event `push2`; it has: push; did you mean `push`?" in text


def test_a_dependency_on_an_unknown_source_names_those_that_are_there(lint):
    [(code, _, _, text)] = lint(source=source(), sensor=sensor(source_name="gitlab"))
    assert code == "DependencyNotFound"
    assert "EventSource ci/gitlab is not in these files; in ci there are: github" in text


def test_a_source_in_another_namespace_is_told_apart(lint):
    [(_, _, _, text)] = lint(source=source(namespace="prod"), sensor=sensor())
    assert "there is one in namespace prod, and a Sensor sees only its own namespace" in text


def test_a_source_on_another_event_bus_is_never_seen(lint):
    [(_, _, _, text)] = lint(source=source(bus="other"), sensor=sensor())
    assert "publishes to the EventBus `other`, this Sensor reads `default`" in text


def test_a_sensor_alone_is_not_blamed_for_its_sources(lint):
    assert lint(sensor=sensor()) == []


def test_the_same_resource_twice_names_the_other_place(lint):
    [(code, file, _, text)] = lint(a=sensor(), b=sensor())
    assert (code, file) == ("DuplicateResource", "b.yaml")
    assert "Sensor ci/build is also in" in text
    assert "a.yaml:3" in text


def test_two_events_on_one_port_and_path_name_each_other(lint):
    found = lint(a=source(name="one"), b=source(name="two"))
    [(code, file, _, text)] = found
    assert (code, file) == ("EndpointConflict", "b.yaml")
    assert "port 12000 and path /push are taken by ci/one/push in" in text


@pytest.mark.parametrize("other", [{"port": "12001"}, {"endpoint": "/other"}])
def test_another_port_or_path_is_no_clash(lint, other):
    assert lint(a=source(name="one"), b=source(name="two", **other)) == []


def test_a_test_among_resources_is_reported(lint):
    test = "apiVersion: kikkake/v1\nkind: SensorTest\nmetadata: {name: x}\n"
    [(code, file, line, _)] = lint(a=sensor() + "---\n" + test)
    assert (code, file) == ("MisplacedTest", "a.yaml")
    assert line > 9


def test_a_broken_resource_does_not_hide_the_others(lint):
    found = lint(a="spec: [\n", b=source(), c=sensor(event="x"))
    assert {code for code, *_ in found} == {"Unparsable", "DependencyNotFound"}


def test_an_event_of_a_kind_that_is_not_built_is_still_an_event(lint):
    other = source().replace("webhook:", "gerrit:")
    assert "DependencyNotFound" not in {code for code, *_ in lint(source=other, sensor=sensor())}
