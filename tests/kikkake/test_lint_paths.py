"""Paths into data that the kind of the event does not have: seen only across files."""

import pytest

from events.errors import Severity
from events.resource import read_documents
from kikkake.files import Loaded
from kikkake.lint import check_resources

SECRET = "{name: tokens, key: push}"
HOOK = '{port: "12000", endpoint: /push, method: POST}'
SOURCES = {
    "webhook": f'webhook: {{push: {{port: "1", endpoint: /a, method: POST, authSecret: {SECRET}}}}}',
    "github": (
        f"github: {{push: {{repositories: [{{owner: a, names: [b]}}], webhook: {HOOK}, "
        f"webhookSecret: {SECRET}}}}}"
    ),
    "kafka": "kafka: {push: {url: 'b:9092', topic: t, consumerGroup: {groupName: g}, jsonBody: true}}",
    "harbor": f"harbor: {{push: {{webhook: {HOOK}, authorizationSecret: {SECRET}}}}}",
}


def told(kind: str, path: str, *, where: str = "filter", transform: str = "") -> list[str]:
    """What lint says of a Sensor with that path on an event of that kind."""
    filters = (
        f"filters: {{data: [{{path: {path}, type: number, value: ['1']}}]}}" if where == "filter" else ""
    )
    fields = f"{{path: {path}, name: x}}"
    filters = f"filters: {{exprs: [{{expr: x == 1, fields: [{fields}]}}]}}" if where == "expr" else filters
    key = f"{{src: {{dependencyName: push, dataKey: {path}}}, dest: log.x}}" if where == "parameter" else ""
    text = f"""
apiVersion: argoproj.io/v1alpha1
kind: EventSource
metadata: {{name: in}}
spec:
  {SOURCES[kind]}
---
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {{name: out}}
spec:
  dependencies:
  - {{name: push, eventSourceName: in, eventName: push, {filters or "filters: null"} {transform}}}
  triggers:
  - template: {{name: t, log: {{}}}}
    parameters: [{key}]
"""
    documents, findings = read_documents(text, "r.yaml")
    assert not findings, findings
    found = [each for each in check_resources(Loaded(documents=documents)) if each.code == "KK303"]
    assert all(each.severity is Severity.WARNING and each.line for each in found)
    return [f"{each.what}; {each.fix}" for each in found]


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("webhook", "header.X-Team.0"),
        ("webhook", "body"),
        ("github", "headers.X-Team.0"),
        ("github", "body.commits.#.id"),
        ("kafka", "headers.team"),
        ("kafka", "topic"),
        ("webhook", '"@this"'),
        ("webhook", '"[body,header]"'),
        ("webhook", '"b*.x"'),
        ("harbor", "artifact.tag"),
    ],
)
@pytest.mark.parametrize("where", ["filter", "expr", "parameter"])
def test_a_member_of_the_kind_is_right(kind, path, where):
    assert told(kind, path, where=where) == []


@pytest.mark.parametrize("where", ["filter", "expr", "parameter"])
def test_a_member_of_another_kind_is_told(where):
    assert told("webhook", "headers.X-Team.0", where=where) == [
        (
            "the data of a `webhook` event has no member `headers`; it has: header, body, metadata, bodyEncoding; "
            "did you mean `header`?"
        )
    ]
    assert told("github", "commits.0.id", where=where) == [
        (
            "the data of a `github` event has no member `commits`; it has: headers, body, metadata; "
            "what was sent stands below `body`"
        )
    ]


def test_what_a_transform_makes_is_not_known():
    assert told("github", "commits", transform=", transform: {jq: .body}") == []
