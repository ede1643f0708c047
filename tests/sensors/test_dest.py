"""Values of events go only where they cannot choose what is created (spec: security, rule 14)."""

import pytest

from events.errors import Severity
from sensors.compile import check_sensor
from tests.sensors.support import document

TEXT = """
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {{name: x, annotations: {{kikkake/strict: "{strict}"}}}}
spec:
  dependencies:
  - {{name: a, eventSourceName: s, eventName: e}}
  triggers:
  - template:
      name: t
      k8s:
        source: {{resource: {{apiVersion: v1, kind: ConfigMap, metadata: {{name: x}}}}}}
        parameters:
        - {{src: {{dependencyName: a, {source}}}, dest: '{dest}'}}
    parameters:
    - {{src: {{dependencyName: a, dataKey: k}}, dest: '{outer}'}}
"""


def severities(dest: str, *, strict: bool = False, source: str = "dataKey: k", outer: str = "conditions"):
    text = TEXT.format(dest=dest, strict=str(strict).lower(), source=source, outer=outer)
    _compiled, findings = check_sensor(document(text))
    return [each.severity for each in findings if each.code == "DestNotAllowed"]


@pytest.mark.parametrize(
    "dest",
    [
        "metadata.name",
        "metadata.labels.app",
        r"metadata.labels.app\.kubernetes\.io/name",
        "metadata.annotations.x",
        "spec.arguments.parameters.0.value",
        'spec.arguments.parameters.#(name=="ref").value',
        "data.ref",
        "spec.containers.0.env.1.value",
        "spec.template.spec.containers.0.env.1.value",
    ],
)
def test_usual_places_are_allowed(dest):
    assert severities(dest, strict=True) == []


@pytest.mark.parametrize(
    "dest",
    [
        "metadata.namespace",
        "kind",
        "apiVersion",
        "spec.serviceAccountName",
        "spec.template.spec.containers.0.image",
        "spec.template.spec.containers.0.args.0",
        "spec.template.spec.containers.0.env.0.name",
        "metadata.labels",
        "metadata.labels.*",
        "metadata",
        "spec.arguments",
    ],
)
def test_others_are_warnings_and_errors_under_strict(dest):
    assert severities(dest) == [Severity.WARNING]
    assert severities(dest, strict=True) == [Severity.ERROR]


def test_a_constant_is_not_from_an_event():
    assert severities("metadata.namespace", strict=True, source="value: prod") == []


def test_the_triggers_own_parameters_reach_the_object_too():
    assert severities("data.x", outer="k8s.source.resource.metadata.namespace") == [Severity.WARNING]


@pytest.mark.parametrize(
    "outer",
    [
        "k8s.operation",
        "k8s.source",
        "k8s",
        "k8s.source.resource",
        "k8s.source.inline",
        "k8s.source.url.path",
        "k8s.source.git.url",
        "k8s.source.git.ref",
        "k8s.source.configmap.name",
        r"k8s.sou\rce.url.path",
    ],
)
def test_an_event_does_not_choose_what_is_fetched_or_done(outer):
    """A fetch carries credentials, and what it gives is created."""
    assert severities("data.ref", outer=outer) == [Severity.WARNING]
    assert severities("data.ref", outer=outer, strict=True) == [Severity.ERROR]
