import pytest

from events.errors import Severity
from events.resource import read_documents
from kikkake.cluster.out_of_reach import out_of_reach
from sensors.compile import check_sensor

FILE = "file: {path: /objects/job.yaml}"
INLINE = 'inline: "{apiVersion: v1, kind: Pod, metadata: {generateName: x-}}"'


def found(template, dlq=""):
    text = f"""
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {{name: s, namespace: ci}}
spec:
  dependencies: [{{name: push, eventSourceName: hooks, eventName: push}}]
  triggers:
  - {{template: {{name: good, log: {{}}}}}}
  - template: {{name: make, {template}}}
    {dlq}
"""
    [document], faults = read_documents(text, "s.yaml")
    assert not faults
    sensor, _ = check_sensor(document, uid="u")
    assert sensor is not None
    return list(out_of_reach(document, sensor))


@pytest.mark.parametrize("kind", ["k8s", "argoWorkflow"])
def test_a_file_of_the_gateway_is_an_error_of_that_trigger(kind):
    operation = {"k8s": "create", "argoWorkflow": "submit"}[kind]
    [finding] = found(f"{kind}: {{operation: {operation}, source: {{{FILE}}}}}")

    assert (finding.severity, finding.code, finding.part) == (
        Severity.ERROR,
        "FileOutOfReach",
        "trigger:make",
    )
    assert finding.at == f"spec.triggers[1].template.{kind}.source.file"
    assert "use `configmap`" in str(finding)


def test_a_file_of_a_dlq_trigger_is_told_where_it_stands():
    dlq = f"dlqTrigger: {{template: {{name: last, k8s: {{operation: create, source: {{{FILE}}}}}}}}}"

    [finding] = found("log: {}", dlq)

    assert finding.at == "spec.triggers[1].dlqTrigger.template.k8s.source.file"


def test_a_file_behind_a_source_that_leads_is_never_read():
    assert found(f"k8s: {{operation: create, source: {{{INLINE}, {FILE}}}}}") == []
