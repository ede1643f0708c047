"""Rules about headers of a delivery, as they stand in the data of an event (spec-sources 4.1, 4.27)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from events.node import Node
from events.rule import Hit, Rule
from sensors.rules.subject import DependencySubject, ParameterSubject

_HEADER = re.compile(r"(headers?\.)([A-Za-z][A-Za-z0-9-]*)(?![\\A-Za-z0-9-])", re.ASCII)
_OF_REQUESTS = frozenset(
    {"accept", "content-length", "content-type", "user-agent", "forwarded", "origin", "referer", "webhook-id"}
)
"""Besides those that begin with `x-`: other names under `headers` may be those of a Kafka record, which are texts."""
_ANCHORED = re.compile(r"\^[^|]*\$", re.DOTALL)


def _header(path: str) -> re.Match[str] | None:
    """The header of a request that a path asks for."""
    found = _HEADER.match(path)
    if found is None:
        return None
    name = found[2].lower()
    return found if name.startswith("x-") or name in _OF_REQUESTS else None


def _paths(dependency: DependencySubject) -> Iterator[tuple[Node, str]]:
    for test in dependency.filters.items("data"):
        yield test, "path"
    for entry in dependency.filters.items("exprs"):
        for field in entry.items("fields"):
            yield field, "path"


def _case_in_filters(dependency: DependencySubject) -> Iterator[Hit]:
    for node, member in _paths(dependency):
        yield from _case(node, member)


def _case_in_parameter(parameter: ParameterSubject) -> Iterator[Hit]:
    yield from _case(parameter.src, "dataKey")


def _case(node: Node, member: str) -> Iterator[Hit]:
    path = node.text(member)
    found = _header(path)
    if found is None:
        return
    canonical = "-".join(part.capitalize() for part in found[2].split("-"))
    if found[2] != canonical:
        fix = f"write {found[1]}{canonical}"
        yield Hit(
            node.at(member),
            f"no header is called `{found[2][:64]}` in an event: its name is `{canonical[:64]}`",
            fix,
        )


def _list_in_filter(dependency: DependencySubject) -> Iterator[Hit]:
    for test in dependency.filters.items("data"):
        values = test.get("value")
        if not _ends_at_header(test.text("path")) or not isinstance(values, list):
            continue
        if test.text("type") != "string" or all(
            isinstance(v, str) and _ANCHORED.fullmatch(v) for v in values
        ):
            yield _list_hit(test, "path")


def _list_in_parameter(parameter: ParameterSubject) -> Iterator[Hit]:
    if _ends_at_header(parameter.src.text("dataKey")):
        yield _list_hit(parameter.src, "dataKey")


def _ends_at_header(path: str) -> bool:
    found = _header(path)
    return found is not None and found.end() == len(path)


def _list_hit(node: Node, member: str) -> Hit:
    path = node.text(member)[:64]
    return Hit(
        node.at(member),
        f"`{path}` is the list of the header's values, not a text",
        f"write {path}.0 for the first",
    )


RULES: tuple[Rule, ...] = (
    Rule(
        code="KK123",
        name="header-case",
        title="A header under another spelling than the event has",
        why="Header names in the data of an event are spelt as Go spells them, as upstream: each word begins "
        "with a capital and goes on in small letters, so GitHub's `X-GitHub-Event` is "
        "`headers.X-Github-Event`. Paths are case-sensitive: another spelling finds nothing. (Only "
        "`body.X-GitHub-Event`, which the kind `github` adds, keeps its own.)",
        fix="write each word with one capital letter",
        bad="""
dependencies:
- filters:
    data:
    - {path: headers.X-GitHub-Event.0, type: string, value: ["^push$"]}
""",
        good="""
dependencies:
- filters:
    data:
    - {path: headers.X-Github-Event.0, type: string, value: ["^push$"]}
""",
        checks=((DependencySubject, _case_in_filters), (ParameterSubject, _case_in_parameter)),
    ),
    Rule(
        code="KK124",
        name="header-is-a-list",
        title="A header is a list of texts",
        why="A header can come several times, so its value in the event is a list, as upstream. As a text "
        'that is `["push"]`: `^push$` never matches it, and a parameter gets the brackets and quotes too.',
        fix="write .0 behind the name for the first value",
        bad="""
dependencies:
- filters:
    data:
    - {path: headers.X-Github-Event, type: string, value: ["^push$"]}
""",
        good="""
dependencies:
- filters:
    data:
    - {path: headers.X-Github-Event.0, type: string, value: ["^push$"]}
""",
        checks=((DependencySubject, _list_in_filter), (ParameterSubject, _list_in_parameter)),
    ),
)
