"""The annotation `kikkake/lint-ignore`: what it silences, what it cannot, and what is said about it."""

import textwrap

import pytest

from events.errors import Severity
from events.resource import ResourceDocument, read_documents
from kikkake.catalog import Key, update_catalog
from kikkake.files import Loaded
from kikkake.lint import check_resources

SENSOR = """\
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata:
  name: build
  namespace: ci
  annotations: {{kikkake/lint-ignore: {ignore}}}
spec:
  dependencies:
  - name: push
    eventSourceName: github
    eventName: push
    filters: {{data: [{{path: body.a, type: string, value: [main]}}]}}
  - name: image
    eventSourceName: github
    eventName: image
    filters: {{data: [{{path: body.a, type: string, value: [main]}}]}}
  triggers:
  - template: {{name: say, conditions: push || image, log: {{}}}}
    rateLimit: {{unit: minute, requestsPerUnit: {number}}}
"""


def documents_of(text: str) -> list[ResourceDocument]:
    documents, findings = read_documents(textwrap.dedent(text), "r.yaml")
    assert not findings
    return documents


def told(ignore: str, number: int = 1) -> list[tuple[str, str]]:
    """Codes and places of what lint says of the Sensor with that annotation."""
    loaded = Loaded(documents=documents_of(SENSOR.format(ignore=ignore, number=number)))
    return sorted((finding.code, finding.at) for finding in check_resources(loaded))


PUSH = ("KK101", "spec.dependencies[0].filters.data[0].value[0]")
IMAGE = ("KK101", "spec.dependencies[1].filters.data[0].value[0]")
UNIT = ("KK115", "spec.triggers[0].rateLimit.unit")
ANNOTATION = 'metadata.annotations["kikkake/lint-ignore"]'


@pytest.mark.parametrize(
    ("ignore", "left"),
    [
        ('"KK101"', [UNIT]),
        ('"KK101, KK115"', []),
        ('" unit-is-second ,KK101,"', []),
        ('"kk101, KK115"', []),
        ('"KK101:dependency/push"', [IMAGE, UNIT]),
        ('"KK101:dependency/push, KK101:dependency/image, KK115:trigger/say"', []),
    ],
)
def test_warnings_are_silenced_by_code_or_name_and_place(ignore, left):
    assert told(ignore) == left


@pytest.mark.parametrize(
    ("ignore", "code"),
    [
        ('"KK102"', "KK301"),
        ('"KK115:trigger/other"', "KK301"),
        ('"KK115:dependency/push"', "KK301"),
        ('"KK115:nonsense"', "KK301"),
        ('"KK999"', "KK302"),
        ('"*"', "KK302"),
        ("true", "KK302"),
    ],
)
def test_what_silences_nothing_is_told(ignore, code):
    assert told(ignore) == [PUSH, IMAGE, UNIT, (code, ANNOTATION)]


def test_a_misspelt_rule_has_a_nearest():
    loaded = Loaded(documents=documents_of(SENSOR.format(ignore="unit-is-secnd", number=1)))
    [finding] = [finding for finding in check_resources(loaded) if finding.code == "KK302"]
    assert finding.fix == "did you mean `KK115`?"
    assert finding.line == 6


def test_an_error_is_never_silenced():
    found = told('"KK101, KK115, InvalidTriggers"', number=0)
    assert found == [("InvalidTriggers", "spec.triggers[0].rateLimit"), ("KK301", ANNOTATION)]


def test_a_suppression_that_waits_for_its_reason_can_be_kept():
    assert told('"KK101, KK115, KK102, KK301"') == []


def test_it_holds_for_what_the_running_gateway_says():
    documents = documents_of(SENSOR.format(ignore='"KK101, DependencyNotFound"', number=1))
    catalog = update_catalog({}, Loaded(documents=documents), 0, vanish_after_us=1)
    entry = catalog[Key("Sensor", "ci", "build")]
    # That a dependency is not found is only seen across files, so nothing is said about it here.
    assert [finding.code for finding in entry.findings] == ["KK115"]
    assert entry.state == "active"


def test_warnings_across_files_are_silenced_too():
    source = """
        apiVersion: argoproj.io/v1alpha1
        kind: EventSource
        metadata: {name: github, namespace: ci, annotations: {kikkake/lint-ignore: "AuthenticationMissing:event/push"}}
        spec: {webhook: {push: {port: "1", endpoint: /a, method: POST}, tag: {port: "1", endpoint: /b, method: POST}}}
    """
    sensor = SENSOR.format(ignore='"KK101, KK115, DependencyNotFound:dependency/image"', number=1)
    loaded = Loaded(documents=[*documents_of(source), *documents_of(sensor)])
    assert [(finding.code, finding.at, finding.severity) for finding in check_resources(loaded)] == [
        ("AuthenticationMissing", "spec.webhook.tag", Severity.WARNING)
    ]
