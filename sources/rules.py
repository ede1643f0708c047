"""Rules of lint for EventSources: what upstream does to the letter and few people expect (spec-sources 7)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from events.errors import Finding
from events.node import Node
from events.resource import ResourceDocument
from events.rule import Hit, Rule, RuleBook

_NOT_ON_JETSTREAM = re.compile(r"[.*>\s]")


@dataclass(frozen=True, slots=True)
class EventSubject:
    """One event of an EventSource."""

    kind: str
    name: str
    node: Node


@dataclass(frozen=True, slots=True)
class EventSourceSubject:
    """An EventSource as a whole."""

    name: str
    events: tuple[EventSubject, ...]


def _foreign_metadata(event: EventSubject) -> Iterator[Hit]:
    context = event.node.child("webhook")
    if event.kind != "webhook" and context.has("metadata"):
        yield Hit(context.at("metadata"), f"is ignored: `{event.kind}` has a `metadata` of its own")


def _base64_body(event: EventSubject) -> Iterator[Hit]:
    if event.kind == "kafka" and isinstance(event.node.value, dict) and not event.node.is_true("jsonBody"):
        yield Hit(
            event.node.path,
            "without `jsonBody` the `body` of each event is base64 text: no path leads into it",
        )


def _limit_of_all(event: EventSubject) -> Iterator[Hit]:
    if event.kind == "kafka" and event.node.has("limitEventsPerSecond"):
        what = "counts over all partitions here; Argo Events allows as many for each partition"
        yield Hit(event.node.at("limitEventsPerSecond"), what)


def _events_do_not_filter(event: EventSubject) -> Iterator[Hit]:
    names = event.node.get("events")
    if event.kind == "github" and isinstance(names, list) and names and "*" not in names:
        what = "only says what a hook is made for: every delivery becomes an event, whatever its type"
        yield Hit(event.node.at("events"), what)


def _name_on_jetstream(event: EventSubject) -> Iterator[Hit]:
    if _NOT_ON_JETSTREAM.search(event.name):
        yield Hit(
            event.node.path,
            f"an event called `{event.name[:64]}` cannot be published by Argo Events on JetStream",
        )


def _source_on_jetstream(source: EventSourceSubject) -> Iterator[Hit]:
    if source.events and _NOT_ON_JETSTREAM.search(source.name):
        what = f"the events of `{source.name[:64]}` cannot be published by Argo Events on JetStream"
        yield Hit(("metadata", "name"), what)


RULES: tuple[Rule, ...] = (
    Rule(
        code="KK202",
        name="foreign-metadata",
        title="Metadata in the wrong place",
        why="`webhook.metadata` belongs to the kind `webhook`. The other kinds have a field `metadata` beside "
        "`webhook`, and ignore this one, as upstream.",
        fix="move it one level up",
        bad="""
github:
  push:
    repositories: [{owner: acme, names: [shop]}]
    webhook: {port: "12000", endpoint: /push, method: POST, metadata: {team: core}}
    webhookSecret: {name: github, key: secret}
""",
        good="""
github:
  push:
    repositories: [{owner: acme, names: [shop]}]
    webhook: {port: "12000", endpoint: /push, method: POST}
    webhookSecret: {name: github, key: secret}
    metadata: {team: core}
""",
        checks=((EventSubject, _foreign_metadata),),
    ),
    Rule(
        code="KK203",
        name="base64-body",
        title="A Kafka record is base64 unless it is said to be JSON",
        why="Without `jsonBody: true` the value of a record stands in `body` as base64, as upstream, so that "
        "filters and parameters find nothing inside.",
        fix="add `jsonBody: true` if the values are JSON",
        bad="""
kafka:
  orders: {url: "broker:9092", topic: orders, consumerGroup: {groupName: gateway}}
""",
        good="""
kafka:
  orders: {url: "broker:9092", topic: orders, consumerGroup: {groupName: gateway}, jsonBody: true}
""",
        checks=((EventSubject, _base64_body),),
    ),
    Rule(
        code="KK204",
        name="limit-of-all-partitions",
        title="The rate limit of a Kafka source is for all of it",
        why="Upstream waits after each record of each partition, so it reads as many times the limit as there "
        "are partitions. Here the number is what it says.",
        fix="nothing to do if that is meant; multiply it by the partitions to get upstream's rate",
        bad="""
kafka:
  orders:
    url: broker:9092
    topic: orders
    consumerGroup: {groupName: gateway}
    jsonBody: true
    limitEventsPerSecond: 10
""",
        good="""
kafka:
  orders: {url: "broker:9092", topic: orders, consumerGroup: {groupName: gateway}, jsonBody: true}
""",
        checks=((EventSubject, _limit_of_all),),
    ),
    Rule(
        code="KK205",
        name="name-on-jetstream",
        title="A name that Argo Events cannot publish under",
        why="On upstream's JetStream bus names of EventSources and events are parts of a subject. With a dot, "
        "a blank, `*` or `>` in one, validation passes and every event is lost. Here any name works.",
        fix="use letters, digits, `-` and `_` if the resource is to work on both",
        bad="""
webhook:
  push.main: {port: "12000", endpoint: /push, method: POST, authSecret: {name: tokens, key: push}}
""",
        good="""
webhook:
  push-main: {port: "12000", endpoint: /push, method: POST, authSecret: {name: tokens, key: push}}
""",
        checks=((EventSubject, _name_on_jetstream), (EventSourceSubject, _source_on_jetstream)),
    ),
    Rule(
        code="KK206",
        name="events-do-not-filter",
        title="`events` of a GitHub source filters nothing",
        why="The list is for the hook that upstream creates at GitHub. What a hook delivers becomes an event, whatever "
        "its type.",
        fix="choose the events in the hook's settings at GitHub, and filter by body.X-GitHub-Event in the "
        "Sensor",
        bad="""
github:
  push:
    repositories: [{owner: acme, names: [shop]}]
    webhook: {port: "12000", endpoint: /push, method: POST}
    webhookSecret: {name: github, key: secret}
    events: [push]
""",
        good="""
github:
  push:
    repositories: [{owner: acme, names: [shop]}]
    webhook: {port: "12000", endpoint: /push, method: POST}
    webhookSecret: {name: github, key: secret}
    events: ["*"]
""",
        checks=((EventSubject, _events_do_not_filter),),
    ),
)

SOURCE_RULES = RuleBook.of(RULES)


def event_source_traps(document: ResourceDocument, fields: frozenset[str]) -> list[Finding]:
    """Every trap of an EventSource: warnings. `fields` are the members of `spec` that are no kind."""
    spec = Node(document.value.get("spec"), ("spec",))
    events = tuple(
        EventSubject(kind, name, spec.child(kind).child(name))
        for kind in spec.names()
        if kind not in fields
        for name in spec.child(kind).names()
    )
    return list(SOURCE_RULES.findings(document, [EventSourceSubject(document.name, events), *events]))
