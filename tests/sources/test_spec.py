"""Reading an EventSource: all faults at once, upstream's texts, and what stops the whole or only an event."""

import pytest

from events.errors import ResourceRefused, Scope, Severity
from events.resource import read_documents
from sources.source import SOURCES
from sources.spec import read_event_source
from tests.sources.support import ROOT, event_source, spec_of

HEAD = "apiVersion: argoproj.io/v1alpha1\nkind: EventSource\nmetadata: {name: in, namespace: ci}\n"
GOOD = '{endpoint: /e, port: "12000", method: POST, authSecret: {name: s, key: k}}'


def refused(text):
    with pytest.raises(ResourceRefused) as error:
        spec_of(text)
    return error.value


def findings_of(text):
    return {(finding.at, finding.code): finding for finding in spec_of(text).findings}


def test_a_good_resource_has_its_events_and_no_findings():
    spec = spec_of(HEAD + f"spec: {{eventBusName: fast, webhook: {{a: {GOOD}, b: {GOOD}}}}}")
    assert (spec.namespace, spec.name, spec.event_bus_name, spec.findings) == ("ci", "in", "fast", ())
    assert [(event.kind, event.name, event.path) for event in spec.events] == [
        ("webhook", "a", ("spec", "webhook", "a")),
        ("webhook", "b", ("spec", "webhook", "b")),
    ]
    assert [str(ref) for ref in spec.events[0].source.secret_refs()] == ["secret ci/s key `k`"]


def test_every_fault_is_reported_at_once_with_its_place():
    error = refused(
        HEAD
        + "spec:\n"
        + "  webhook:\n"
        + "    a: {port: 12000, method: POST}\n"
        + "    b: {endpoint: '', port: x, method: POST}\n"
        + "    c: {endpoint: /c, method: POST, serverCertSecret: {name: s}}\n"
    )
    found = {(finding.at, finding.line): finding.what for finding in error.findings}
    assert found["spec.webhook.a.port", 6] == 'expected string such as "12000", got number 12000'
    assert found["spec.webhook.b.endpoint", 7] == "endpoint can't be empty"
    assert found["spec.webhook.b.port", 7] == "failed to parse server port x"
    assert found["spec.webhook.c.serverCertSecret.key", 8] == "is missing"
    assert "eventsource ci/in" in str(error)


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ("null", "expected an object, got null"),
        ("[]", "expected an object, got a list"),
        ("{webhook: [1]}", "expected an object of events, got a list"),
        ("{webhook: {a: 1}}", "expected an object, got a number"),
        (f"{{webhook: {{a: {GOOD}}}, kafka: {{a: {{}}}}}}", 'more than one "a" found in the spec'),
        (
            f"{{webhook: {{a: {GOOD}}}, calendar: {{b: {{}}}}}}",
            "Some types of event sources can not be put in one spec",
        ),
        ("{eventBusName: 3}", 'expected string such as "3"'),
    ],
)
def test_what_upstream_refuses_is_refused_whole(spec, text):
    assert text in str(refused(HEAD + f"spec: {spec}"))


def test_a_name_is_needed():
    assert "metadata.name: is missing" in str(
        refused(HEAD.replace("name: in, ", "") + f"spec: {{webhook: {{a: {GOOD}}}}}")
    )


def test_an_upstream_kind_that_is_not_built_stops_only_its_event():
    spec = spec_of(HEAD + f"spec: {{webhook: {{a: {GOOD}}}, gitlab: {{g: {{}}}}}}")
    (finding,) = spec.findings
    assert (finding.scope, finding.part, finding.code, finding.at) == (
        Scope.PART,
        "event:g",
        "KindNotBuilt",
        "spec.gitlab.g",
    )
    assert "kind gitlab are not carried out by version" in finding.what
    assert [event.name for event in spec.events] == ["a"]


def test_an_unknown_kind_is_a_warning_with_the_nearest_name_and_an_error_when_strict():
    text = HEAD + f"spec: {{webhook: {{a: {GOOD}}}, githb: {{b: {{}}}}}}"
    finding = findings_of(text)["spec.githb", "UnknownField"]
    assert (finding.severity, finding.fix) == (Severity.WARNING, "did you mean `github`?")
    strict = text.replace("{name: in,", "{annotations: {kikkake/strict: 'true'}, name: in,")
    assert "no such kind of source" in str(refused(strict))


@pytest.mark.parametrize("value", ["{expression: body.a ==}", "{}"])
def test_a_broken_expression_filter_stops_its_event_and_names_the_field(value):
    spec = spec_of(HEAD + f"spec: {{webhook: {{a: {GOOD[:-1]}, filter: {value}}}, b: {GOOD}}}}}")
    (finding,) = [found for found in spec.findings if found.severity is Severity.ERROR]
    assert (finding.at, finding.part, finding.severity) == (
        "spec.webhook.a.filter.expression",
        "event:a",
        Severity.ERROR,
    )
    assert "drops every event" in finding.what or "is not an expression" in finding.what
    assert [event.name for event in spec.events] == ["b"]


@pytest.mark.parametrize(
    ("change", "at", "what"),
    [
        ("endpoint: e", "endpoint", "has no leading slash"),
        ("endpoint: '/a/{b'", "endpoint", "a brace that is never closed"),
        ("endpoint: '/a/{b:(}'", "endpoint", "does not compile"),
        ("endpoint: '/a/{b}/{b}'", "endpoint", "one segment name twice"),
        ("endpoint: /a/../b", "endpoint", "no clean path"),
        ("port: '70000'", "port", "no TCP port"),
        ("method: PUT", "method", "only GET and POST"),
        ("method: ''", "method", "only GET and POST"),
        ("maxPayloadSize: 0", "maxPayloadSize", "no room for any body"),
        (
            "oldAuthSecrets: [{name: a, key: a}, {name: b, key: b}, {name: c, key: c}]",
            "oldAuthSecrets",
            "at most 2",
        ),
    ],
)
def test_what_only_we_find_stops_only_its_event(change, at, what):
    name = change.partition(":")[0]
    members = [part for part in GOOD[1:-1].split(", ") if not part.startswith(f"{name}:")]
    if name != "oldAuthSecrets":
        members = ["endpoint: /e", 'port: "12000"', "method: POST", "authSecret: {name: s, key: k}"]
        members = [part for part in members if not part.startswith(f"{name}:")]
    spec = spec_of(HEAD + f"spec: {{webhook: {{a: {{{', '.join([change, *members])}}}, ok: {GOOD}}}}}")
    (finding,) = spec.findings
    assert (finding.at, finding.part) == (f"spec.webhook.a.{at}", "event:a")
    assert what in finding.what
    assert [event.name for event in spec.events] == ["ok"]


def test_missing_authentication_is_a_warning_for_upstreams_kinds_and_an_error_for_ours():
    open_ = '{endpoint: /e, port: "12000", method: POST}'
    found = findings_of(event_source("webhook", open_))["spec.webhook.e", "AuthenticationMissing"]
    assert found.severity is Severity.WARNING
    strict = event_source("webhook", open_).replace(
        "name: in,", "name: in, annotations: {kikkake/strict: 'true'},"
    )
    assert spec_of(strict).events == ()
    spec = spec_of(event_source("harbor", '{webhook: {endpoint: /e, port: "12000"}}'))
    assert (spec.events, spec.findings[0].severity, spec.findings[0].part) == ((), Severity.ERROR, "event:e")
    acknowledged = '{webhook: {endpoint: /e, port: "12000", unauthenticated: true}}'
    assert len(spec_of(event_source("harbor", acknowledged)).events) == 1


def test_traps_are_warnings():
    spec = spec_of(
        HEAD
        + "spec: {replicas: 2, template: {serviceAccountName: hooks, container: {}}, webhook: {a: "
        + GOOD[:-1]
        + ", serverCertSecret: {name: t, key: c}, prot: x}}}"
    )
    assert {(finding.at, finding.code) for finding in spec.findings} == {
        ("spec.replicas", "FieldWithoutEffect"),
        ("spec.template.container", "FieldWithoutEffect"),
        ("spec.webhook.a.serverKeySecret", "TLSIncomplete"),
        ("spec.webhook.a.prot", "UnknownField"),
    }
    assert all(finding.severity is Severity.WARNING for finding in spec.findings)
    assert findings_of(HEAD + "spec: {}")["spec", "NoSources"].severity is Severity.WARNING


EXAMPLES = sorted(
    file for file in (ROOT / "examples" / "sources").glob("*.yaml") if not file.stem.endswith("_test")
)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_every_example_is_read_without_a_word(file):
    spec = spec_of(file.read_text())
    assert spec.findings == ()
    assert [event.kind for event in spec.events] == [file.stem]


def test_every_kind_has_an_example():
    assert {file.stem for file in (ROOT / "examples" / "sources").glob("*.yaml")} >= set(SOURCES.names()) - {
        "kafka"
    }


def test_a_field_of_the_wrong_type_hides_no_field_of_the_wrong_name():
    error = refused(HEAD + "spec: {webhook: {a: {port: 12000, endpiont: /a, method: POST}}}")
    assert "spec.webhook.a.port: expected string" in str(error)
    assert "spec.webhook.a.endpiont: unknown field; did you mean `endpoint`?" in [
        str(finding) for finding in error.findings
    ]


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (f"{{endpoint: /a, method: POST, port: '{'9' * 9000}'}}", "failed to parse server port 999"),
        (f"{{endpoint: '/{'a' * 9000}', method: POST, port: '1'}}", "longer than 4096 characters"),
        (f"{{endpoint: '{'a' * 9000}', method: POST, port: '1'}}", "has no leading slash"),
        (f"{{endpoint: /a, method: {'a' * 9000}, port: '1'}}", "refuses every request"),
        ("{endpoint: /a, port: '1'}", "a method that is missing refuses every request"),
    ],
)
def test_values_in_messages_are_short(event, text):
    document = read_documents(HEAD + f"spec: {{webhook: {{a: {event}}}}}", "f.yaml")[0][0]
    try:
        findings = read_event_source(document).findings
    except ResourceRefused as error:
        findings = error.findings
    assert any(text in finding.what for finding in findings)
    assert all(len(finding.what) < 200 for finding in findings)


def test_more_events_than_anybody_has_are_refused_at_once():
    events = "".join(f"    e{number}: {GOOD}\n" for number in range(1001))
    assert "1001 events; the limit is 1000" in str(refused(HEAD + "spec:\n  webhook:\n" + events))
