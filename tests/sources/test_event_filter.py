"""The expression filter of event sources: what it sees, what it drops, and that a drop can be seen."""

import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from events import log
from events.bus import Publication, Receipt
from events.clock import ManualClock
from events.errors import Severity
from events.event import Event
from events.languages.go_json import NotJson
from events.metrics import Metrics
from events.model import SpecModel
from events.ports import SecretRef
from events.topic import Topic
from sources.delivery import Rejected
from sources.event_filter import ExpressionFilter, Verdict, filter_environment, filter_of
from sources.source import Pulled, PullSource
from sources.supervise import PullSpec, Supervisor
from tests.sources.front import ask, request, running, until
from tests.sources.support import (
    NOW_US,
    FixedSecrets,
    RememberingBus,
    event_source,
    events_of,
    route_of,
    send,
    spec_of,
)

ENDPOINT = "endpoint: /e, port: '12000', method: POST, unauthenticated: true"


def hook(expression: str) -> str:
    """A webhook with a filter."""
    return event_source("webhook", f"{{{ENDPOINT}, filter: {{expression: {json.dumps(expression)}}}}}")


def judged(expression: str, data: object) -> Verdict:
    event_filter = filter_of(type("C", (), {"filter": ExpressionFilter(expression=expression)}))
    assert event_filter is not None
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return event_filter.judge(raw, NOW_US)


def seen(data: object) -> dict[str, Any]:
    names = filter_environment(json.dumps(data).encode())
    return {name: value for name, value in names.items() if name in {"a", "a_b", "b", "x_y"}}


@pytest.mark.parametrize(
    ("data", "names"),
    [
        pytest.param({"a": 1}, {"a": 1.0}, id="numbers are doubles"),
        pytest.param({"x-y": 1, "b": {"c-d": 2}}, {"x_y": 1.0, "b": {"c-d": 2.0}}, id="top-level dashes"),
        pytest.param({"a.b": 1}, {"a": {"b": 1.0}}, id="dots are expanded"),
        pytest.param({"a.b": 1, "a.c.d": 2}, {"a": {"b": 1.0, "c": {"d": 2.0}}}, id="into one object"),
        pytest.param({"a": 1, "a.b": 2}, {"a": {"b": 2.0}}, id="the plain name goes"),
        pytest.param({"a.b": 2, "a": 1}, {"a": {"b": 2.0}}, id="in either order"),
        pytest.param({"a.b": 1, "a.b.c": 2}, {"a": {"b": {"c": 2.0}}}, id="at every depth"),
        pytest.param({"b": {"c.d": 1}}, {"b": {"c.d": 1.0}}, id="nested names keep their dots"),
        pytest.param(None, {}, id="null is an empty object"),
    ],
)
def test_the_data_becomes_names(data, names):
    assert seen(data) == names


def test_functions_win_over_data_of_the_same_name():
    names = filter_environment(b'{"asInt": 1, "sprig": 2, "toJson": 3}')
    assert names["asInt"] != 1
    assert "upper" in names["sprig"]


@pytest.mark.parametrize("data", [b"", b"[1]", b"3", b'"a"', b"{", b'{"a": 1e999}'])
def test_data_that_is_no_object_has_no_names(data):
    with pytest.raises(NotJson):
        filter_environment(data)
    assert judged("true", data).reason == "failed"


def test_names_with_very_many_dots_are_refused():
    assert (
        judged("true", {"." * 20_000: 1}).failure
        == "failed to unmarshal data, the data has too many names with dots"
    )


@pytest.mark.parametrize(
    ("expression", "verdict", "failure"),
    [
        ('body.action == "opened"', "passed", ""),
        ('body.action == "closed"', "filtered", ""),
        ("body.missing.a == 1", "failed", "cannot fetch a from <nil> (1:14)"),
        ("body.action", "failed", "unable to cast expression result to bool"),
        ("int(body.action) == 1", "failed", "invalid operation: int(…) (1:1)"),
        ("now().Year() == 2026", "passed", ""),
    ],
)
def test_a_verdict_and_its_reason(expression, verdict, failure):
    found = judged(expression, {"body": {"action": "opened"}})
    assert found.failure == failure
    assert ("passed" if found.is_passed else found.reason) == verdict


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ("body.action ==", "is not an expression: unexpected token EOF (1:14)"),
        ("", "is empty, which drops every event"),
        ("len(body) + 1", "gives int, and only a boolean is an answer"),
        ('body.a in ["a"] matches 1', "is not an expression: invalid operation: matches"),
        ('body.a matches "("', "error parsing regexp: missing closing )"),
    ],
)
def test_a_broken_filter_stops_its_event_alone(expression, what):
    text = hook(expression).replace(
        "spec: {webhook: {", f"spec: {{webhook: {{b: {{{ENDPOINT.replace('/e', '/b')}}}, "
    )
    spec = spec_of(text)
    (finding,) = [found for found in spec.findings if found.severity is Severity.ERROR]
    assert (finding.at, finding.part, finding.code) == (
        "spec.webhook.e.filter.expression",
        "event:e",
        "InvalidFilter",
    )
    assert what in finding.what
    assert [event.name for event in spec.events] == ["b"]


def test_the_kinds_that_have_a_filter_upstream_have_one_here():
    github = (
        "{repositories: [{owner: o, names: [r]}], events: ['*'], webhook: {endpoint: /e, port: '12000', method: POST},"
        " webhookSecret: {name: s, key: k}, filter: {expression: body.ref == 'refs/heads/main'}}"
    )
    route = route_of("github", github)
    headers = {"X-GitHub-Event": "push"}
    assert (
        len(events_of(route, b'{"ref": "refs/heads/main", "repository": {"full_name": "o/r"}}', headers)) == 1
    )
    assert events_of(route, b'{"ref": "refs/heads/dev", "repository": {"full_name": "o/r"}}', headers) == []
    kafka = "{url: 'b:9092', topic: t, partition: '0', filter: {expression: body.ref ==}}"
    findings = spec_of(event_source("kafka", kafka)).findings
    assert [found.code for found in findings if found.severity is Severity.ERROR] == ["InvalidFilter"]


def test_a_refused_delivery_is_refused_before_it_is_filtered():
    route = route_of("webhook", f"{{{ENDPOINT}, filter: {{expression: 'false'}}}}")
    with pytest.raises(Rejected) as caught:
        send(route, b"{", {"Content-Type": "application/json"})
    assert caught.value.cause == "bad-json"


async def test_the_sender_gets_success_and_is_told_what_the_filter_did():
    spec = spec_of(hook('body.n > 1 && body.secret != ""'))
    async with running(spec) as house:

        async def deliver(body: bytes) -> tuple[int, dict]:
            headers = {"Content-Type": "application/json"}
            answer = await ask(house.port(), request(body=body, headers=headers))
            return answer.status, answer.json

        def counted(reason: str) -> float | None:
            labels = {"event_source": "ci/in", "event_name": "e", "reason": reason}
            return house.metrics.registry.get_sample_value("kikkake_ingest_filtered_total", labels)

        status, body = await deliver(b'{"n": 2, "secret": "s"}')
        assert (status, list(body)) == (200, ["id"])
        assert await deliver(b'{"n": 1}') == (200, {"ids": [], "filtered": True})
        assert await deliver(b'{"n": "hunter2"}') == (
            200,
            {"ids": [], "filtered": True, "filterFailed": True},
        )
        assert len(house.bus.stored) == 1
        assert (counted("filtered"), counted("failed")) == (1, 1)
        entries = [json.loads(line) for line in house.logged.getvalue().splitlines()]
        (failed,) = [entry for entry in entries if entry["event"] == "ingest.filter_failed"]
        assert failed["error"] == "invalid operation: string > int (1:8)"
        assert "hunter2" not in house.logged.getvalue()


class LineConfig(SpecModel):
    filter: ExpressionFilter | None = None


@dataclass
class Acks:
    names: list[str] = field(default_factory=list)


class Line(PullSource):
    """Gives one batch, then waits."""

    kind: ClassVar[str] = "line"
    event_type: ClassVar[str] = "line"
    Config: ClassVar[type[SpecModel]] = LineConfig

    def give(self, acks: Acks, *bodies: bytes) -> "Line":
        self.batch = [self._pulled(acks, str(number), body) for number, body in enumerate(bodies)]
        return self

    def _pulled(self, acks: Acks, name: str, body: bytes) -> Pulled:
        async def ack() -> None:
            acks.names.append(name)

        event = Event(id=name, source="line", type="line", subject="e", data=body)
        rejected = None if body.startswith(b"{") else Rejected(400, "bad-json", "no JSON")
        return Pulled(event=event, peer="p", verified="", ack=ack, size_bytes=len(body), rejected=rejected)

    def secret_refs(self) -> tuple[SecretRef, ...]:
        return ()

    async def pull(self, secrets: Mapping[SecretRef, bytes]) -> AsyncGenerator[list[Pulled], None]:
        assert secrets == {}
        yield self.batch
        await ManualClock(NOW_US).sleep(3600)


async def test_a_pulled_event_that_is_dropped_is_acknowledged_and_counted():
    log.configure(level="DEBUG")
    bus, metrics, acks = RememberingBus(), Metrics(), Acks()

    async def publish(publications: list[Publication]) -> list[Receipt]:
        return await bus.publish(publications)

    config = LineConfig(filter=ExpressionFilter(expression="n == 1 || m.k"))
    source = Line(config, namespace="ci", event_source="in", event_name="e")
    source.give(acks, b'{"n": 1}', b'{"n": 2, "m": {"k": false}}', b'{"n": 3}', b"not json")
    supervisor = Supervisor(publish, FixedSecrets(), ManualClock(NOW_US), metrics)
    await supervisor.apply([PullSpec(Topic("ci", "default", "in", "e"), source)])
    try:
        await until(lambda: acks.names == ["0", "1", "2", "3"])
        await until(lambda: supervisor.status()[0].events > 0)
        (status,) = supervisor.status()
    finally:
        await supervisor.close()
    assert [publication.topic.event_name for publication in bus.stored] == ["e", "e!rejected"]
    assert (status.events, status.filtered, status.filter_failed) == (2, 2, 1)
    labels = {"event_source": "ci/in", "event_name": "e"}
    for reason in ("filtered", "failed"):
        name = "kikkake_ingest_filtered_total"
        assert metrics.registry.get_sample_value(name, {**labels, "reason": reason}) == 1
