"""Rules about `http` triggers (spec-sensors 7.5 and 13, defect 60)."""

from __future__ import annotations

from collections.abc import Iterator

from events.resource import Path
from events.rule import Hit, Rule
from sensors.rules.subject import TriggerSubject


def _headers(trigger: TriggerSubject) -> Iterator[tuple[str, Path]]:
    """Names of headers and where they are set, in the order in which they are."""
    fixed = trigger.member.child("headers")
    for name in fixed.names():
        yield name, fixed.at(name)
    for node in trigger.member.items("dynamicHeaders"):
        yield node.text("dest"), node.path
    for node in trigger.member.items("secureHeaders"):
        yield node.text("name"), node.path


def _has_header(trigger: TriggerSubject, name: str) -> bool:
    return any(given.lower() == name for given, _ in _headers(trigger))


def _no_content_type(trigger: TriggerSubject) -> Iterator[Hit]:
    if trigger.kind != "http" or not trigger.member.has("payload") or _has_header(trigger, "content-type"):
        return
    dests = [parameter.node.text("dest").lower() for parameter in trigger.parameters()]
    if not any(dest.endswith("headers.content-type") for dest in dests):
        yield Hit(
            trigger.member.at("payload"),
            "the body is sent without a Content-Type: many receivers do not read it",
        )


def _given_twice(trigger: TriggerSubject) -> Iterator[Hit]:
    if trigger.kind != "http":
        return
    seen: dict[str, str] = {}
    for name, path in _headers(trigger):
        first = seen.setdefault(name.lower(), name)
        if first != name:
            yield Hit(path, f"the header `{name[:64]}` is given as `{first[:64]}` too: both are sent")


def _basic_auth_leads(trigger: TriggerSubject) -> Iterator[Hit]:
    if trigger.kind != "http" or not trigger.member.has("basicAuth"):
        return
    for name, path in _headers(trigger):
        if name.lower() == "authorization":
            yield Hit(path, "is not sent: `basicAuth` sets the header `Authorization`")


RULES: tuple[Rule, ...] = (
    Rule(
        code="KK153",
        name="no-content-type",
        title="A body without a Content-Type",
        why="An `http` trigger sends the headers that are written down and no other, as upstream: a body of "
        "JSON goes out without saying so.",
        fix="add headers: {Content-Type: application/json}",
        bad="""
triggers:
- template:
    http:
      url: https://example.com/
      payload:
      - {src: {dependencyName: push, dataKey: body.ref}, dest: ref}
""",
        good="""
triggers:
- template:
    http:
      url: https://example.com/
      headers: {Content-Type: application/json}
      payload:
      - {src: {dependencyName: push, dataKey: body.ref}, dest: ref}
""",
        checks=((TriggerSubject, _no_content_type),),
    ),
    Rule(
        code="KK154",
        name="header-twice",
        title="One header in two spellings",
        why="Headers are sent as they are typed, as upstream. `X-Team` and `x-team` are the same for a "
        "receiver, which then gets two values.",
        fix="keep one of them",
        bad="""
triggers:
- template:
    http:
      url: https://example.com/
      headers: {X-Team: core, x-team: other}
""",
        good="""
triggers:
- template:
    http:
      url: https://example.com/
      headers: {X-Team: core}
""",
        checks=((TriggerSubject, _given_twice),),
    ),
    Rule(
        code="KK155",
        name="basic-auth-leads",
        title="`basicAuth` replaces a header Authorization",
        why="`basicAuth` is applied last and sets `Authorization`, whatever the headers say, as upstream.",
        fix="keep one of the two",
        bad="""
triggers:
- template:
    http:
      url: https://example.com/
      basicAuth: {username: {name: login, key: user}, password: {name: login, key: password}}
      secureHeaders:
      - {name: Authorization, valueFrom: {secretKeyRef: {name: login, key: header}}}
""",
        good="""
triggers:
- template:
    http:
      url: https://example.com/
      basicAuth: {username: {name: login, key: user}, password: {name: login, key: password}}
""",
        checks=((TriggerSubject, _basic_auth_leads),),
    ),
)
