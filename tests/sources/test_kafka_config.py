from pathlib import Path as FilePath

import pytest

from events.errors import Finding, Scope, Severity
from events.model import read_model
from events.ports import SecretRef
from events.resource import read_documents
from sources.kafka_config import KafkaConfig, check_kafka
from sources.kinds.kafka import Kafka
from sources.spec import read_event_source

_EXAMPLE = FilePath(__file__).parents[2] / "examples" / "sources" / "kafka.yaml"
_MINIMAL = "url: k:9092\ntopic: orders\nconsumerGroup: {groupName: g}\n"


def read(fields: str) -> tuple[KafkaConfig | None, list[Finding]]:
    text = (
        "apiVersion: argoproj.io/v1alpha1\nkind: EventSource\nmetadata: {name: q}\nspec: {kafka: {placed: {\n"
    )
    members = ",\n".join(fields.strip().splitlines())
    documents, faults = read_documents(f"{text}{members}\n}}}}}}", "q.yaml")
    assert not faults
    (document,) = documents
    path = ("spec", "kafka", "placed")
    value = document.value["spec"]["kafka"]["placed"]
    config, findings = read_model(document, KafkaConfig, value, path, code="InvalidEventSource")
    return config, findings + (check_kafka(document, config, path) if config else [])


def test_the_example_has_no_fault() -> None:
    documents, faults = read_documents(_EXAMPLE.read_text(), "kafka.yaml")
    source = read_event_source(documents[0])
    (event,) = source.pull_events()

    assert faults == []
    assert source.findings == ()
    assert isinstance(event.source, Kafka)
    assert event.source.config.brokers == ("kafka-0.kafka:9093", "kafka-1.kafka:9093")
    assert event.source.config.verified == "TLS, SASL SCRAM-SHA-512"
    assert event.source.secret_refs() == (
        SecretRef("default", "kafka-ca", "ca.crt"),
        SecretRef("default", "kafka-user", "username"),
        SecretRef("default", "kafka-user", "password"),
    )


@pytest.mark.parametrize(
    ("fields", "at", "what"),
    [
        ("topic: t\npartition: '0'", "url", "url must be specified"),
        ("url: k:9092\npartition: '0'", "topic", "topic must be specified"),
        ("url: k:9092\ntopic: t", "", "consumerGroup or partition must be specified"),
        (_MINIMAL + "tls: {}", "tls", "invalid tls config, please configure either"),
        (_MINIMAL + "sasl: {mechanism: DIGEST}", "sasl", "`DIGEST` is not one of PLAIN"),
        (
            _MINIMAL + "sasl: {userSecret: {name: a, key: b}}",
            "sasl",
            "invalid sasl config, both userSecret and passwordSecret must be defined",
        ),
        (_MINIMAL + "awsMskIamAuth: {}", "awsMskIamAuth.region", "awsMskIamAuth.region must be specified"),
    ],
)
def test_what_upstream_refuses_stops_the_resource(fields: str, at: str, what: str) -> None:
    _config, findings = read(fields)

    found = next(f for f in findings if f.what.startswith(what))
    assert found.at == ".".join(part for part in ("spec.kafka.placed", at) if part)
    assert (found.scope, found.severity) == (Scope.RESOURCE, Severity.ERROR)
    assert found.code == "InvalidEventSource"


def test_behind_tls_upstream_does_not_look_at_sasl_so_only_the_event_stops() -> None:
    _config, findings = read(_MINIMAL + "tls: {enabled: true}\nsasl: {mechanism: DIGEST}")

    assert [(f.at, f.scope, f.part) for f in findings] == [
        ("spec.kafka.placed.sasl", Scope.PART, "event:placed")
    ]


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        (_MINIMAL + "config: 'net: {}'", "config"),
        (_MINIMAL + "awsMskIamAuth: {region: eu-west-1}", "awsMskIamAuth"),
        (_MINIMAL + "schemaRegistry: {url: http://r}", "schemaRegistry"),
        *(
            (
                _MINIMAL
                + f"sasl: {{mechanism: {name}, userSecret: {{name: a, key: b}}, passwordSecret: {{name: a, key: c}}}}",
                "sasl.mechanism",
            )
            for name in ("OAUTHBEARER", "GSSAPI")
        ),
    ],
)
def test_a_field_that_is_not_carried_out_stops_the_event_by_name(fields: str, at: str) -> None:
    _config, findings = read(fields)

    (finding,) = findings
    assert finding.at == f"spec.kafka.placed.{at}"
    assert finding.code == "FieldNotBuilt"
    assert finding.what.startswith(f"{at} is not carried out by version ")
    assert (finding.scope, finding.part) == (Scope.PART, "event:placed")


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ("url: k:9092\ntopic: t\nconsumerGroup: {}", "consumerGroup.groupName"),
        ("url: k:9092\ntopic: t\npartition: first", "partition"),
        (_MINIMAL + "version: latest", "version"),
        (_MINIMAL + "connectionBackoff: {duration: '5'}", "connectionBackoff"),
        ("url: 'k,x:70000,[::1]'\ntopic: t\nconsumerGroup: {groupName: g}", "url"),
    ],
)
def test_what_would_fail_later_stops_the_event_at_once(fields: str, at: str) -> None:
    _config, findings = read(fields)

    errors = [f for f in findings if f.severity is Severity.ERROR]
    assert errors
    assert {(f.at, f.part) for f in errors} == {(f"spec.kafka.placed.{at}", "event:placed")}


def test_all_faults_are_told_at_once() -> None:
    _config, findings = read("topic: t\nversion: x\nconfig: y")

    assert len(findings) == 4


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ("url: k:9092\ntopic: t\npartition: '0'", "KafkaWithoutGroup"),
        (_MINIMAL + "partition: '0'", "KafkaPartitionIgnored"),
    ],
)
def test_traps_are_warnings(fields: str, code: str) -> None:
    _config, findings = read(fields)

    assert [(f.code, f.severity) for f in findings] == [(code, Severity.WARNING)]


@pytest.mark.parametrize("version", ["3.9.0", "0.10.2.1", "4.0.0"])
def test_versions_of_kafka_are_taken(version: str) -> None:
    assert read(_MINIMAL + f"version: {version}")[1] == []
