"""Rules about filters: what passes more, or less, than it seems to (spec-sensors 3 and 13, defects 27 to 33)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from events.languages.gjson import lint_path
from events.node import Node
from events.rule import Hit, Rule
from sensors.patterns import is_unanchored_word
from sensors.rules.subject import DependencySubject, ParameterSubject

_ORDERINGS = frozenset({">", ">=", "<", "<="})
_KINDS = ("exprs", "data", "context", "time", "script")
_FALLIBLE = frozenset({"exprs", "data", "time", "script"})
"""The kinds of filter that can end in an error: a context filter only says no."""
_IGNORED_ATTRIBUTES = ("id", "specversion", "time")
_COMPARED_ATTRIBUTES = ("type", "subject", "source", "datacontenttype")
_LOOKS_LIKE_PATTERN = re.compile(r"[*^$|]|\.\+|\\[dws]|\[[^\]]+\]")
_GLOB = re.compile(r"[*?{\[]")
_SHOWN = 64


def _data(dependency: DependencySubject) -> Iterator[Node]:
    yield from dependency.filters.items("data")


def _texts(node: Node, name: str) -> list[str]:
    value = node.get(name)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _unanchored_word(dependency: DependencySubject) -> Iterator[Hit]:
    for test in _data(dependency):
        if test.text("type") != "string":
            continue
        for index, value in enumerate(_texts(test, "value")):
            if is_unanchored_word(value):
                shown = value[:_SHOWN]
                yield Hit(
                    test.at("value", index),
                    f"`{shown}` is searched anywhere in the text, so longer texts match too",
                    f"write ^{shown}$ for exactly that",
                )


def _differs_from_any(dependency: DependencySubject) -> Iterator[Hit]:
    for test in _data(dependency):
        values = test.get("value")
        if test.text("comparator") == "!=" and isinstance(values, list) and len(values) > 1:
            what = "`!=` with several values passes as soon as one of them differs, so nearly always"
            yield Hit(test.at("comparator"), what)


def _text_ordering(dependency: DependencySubject) -> Iterator[Hit]:
    for test in _data(dependency):
        comparator = test.text("comparator")
        if test.text("type") == "string" and comparator in _ORDERINGS:
            yield Hit(test.at("comparator"), f"`{comparator}` never matches texts")


def _bool_comparator(dependency: DependencySubject) -> Iterator[Hit]:
    for test in _data(dependency):
        if test.text("type") == "bool" and test.text("comparator") not in {"", "="}:
            what = "a bool filter always asks for equality; its comparator is ignored"
            yield Hit(test.at("comparator"), what)


def _context_ignored(dependency: DependencySubject) -> Iterator[Hit]:
    context = dependency.filters.child("context")
    if any(context.has(name) for name in _IGNORED_ATTRIBUTES):
        what = "only type, subject, source and datacontenttype are compared; the others are ignored"
        yield Hit(context.path, what)


def _context_is_exact(dependency: DependencySubject) -> Iterator[Hit]:
    context = dependency.filters.child("context")
    for name in _COMPARED_ATTRIBUTES:
        value = context.text(name)
        if _LOOKS_LIKE_PATTERN.search(value):
            yield Hit(
                context.at(name),
                f"`{value[:_SHOWN]}` is compared as it stands: a context filter knows no patterns",
            )


def _odd_path(dependency: DependencySubject) -> Iterator[Hit]:
    for test in _data(dependency):
        yield from _odd(test, "path")
    for entry in dependency.filters.items("exprs"):
        for field in entry.items("fields"):
            yield from _odd(field, "path")


def _odd_key(parameter: ParameterSubject) -> Iterator[Hit]:
    for name in ("dataKey", "contextKey"):
        yield from _odd(parameter.src, name)


def _odd(node: Node, name: str) -> Iterator[Hit]:
    path = node.text(name)
    advice = lint_path(path) if path else None
    if advice is not None:
        yield Hit(node.at(name), f"`{path[:_SHOWN]}`: {advice}")


def _empty_or(dependency: DependencySubject) -> Iterator[Hit]:
    filters = dependency.filters
    if (
        isinstance(filters.value, dict)
        and dependency.node.text("filtersLogicalOperator") == "or"
        and not any(filters.has(kind) for kind in _KINDS)
    ):
        yield Hit(filters.path, "no filters under `or` pass nothing")


def _or_ends_at_error(dependency: DependencySubject) -> Iterator[Hit]:
    if dependency.node.text("filtersLogicalOperator") != "or":
        return
    given = [kind for kind in _KINDS if dependency.filters.has(kind)]
    fallible = [kind for kind in given if kind in _FALLIBLE]
    if len(given) > 1 and fallible:
        kinds = " or ".join(fallible)
        what = f"an error in {kinds} (a path that is not there) fails the event, also where {_others(given)}"
        yield Hit(dependency.node.at("filtersLogicalOperator"), what)


def _others(given: list[str]) -> str:
    return "the other passes" if len(given) == 2 else "another one passes"


def _literal_names(dependency: DependencySubject) -> Iterator[Hit]:
    for name in ("eventSourceName", "eventName"):
        value = dependency.node.text(name)
        if _GLOB.search(value):
            yield Hit(
                dependency.node.at(name),
                f"`{value[:_SHOWN]}` is compared as it stands: wildcards match nothing",
            )


RULES: tuple[Rule, ...] = (
    Rule(
        code="KK101",
        name="unanchored-word",
        title="A string filter is searched anywhere in the text",
        why="The values of a string filter are RE2 patterns that may match anywhere, as upstream: `main` also "
        "lets `maintenance` and `domain` pass.",
        fix="write ^main$ for exactly that word",
        bad="""
dependencies:
- filters:
    data:
    - {path: body.branch, type: string, value: ["main"]}
""",
        good="""
dependencies:
- filters:
    data:
    - {path: body.branch, type: string, value: ["^main$"]}
""",
        checks=((DependencySubject, _unanchored_word),),
    ),
    Rule(
        code="KK102",
        name="differs-from-any",
        title="`!=` with several values passes nearly everything",
        why="The values of a data filter are alternatives for every comparator, as upstream. With `!=` one of "
        "them has to differ, and two values never equal the same text both.",
        fix="write one filter for each value",
        bad="""
dependencies:
- filters:
    data:
    - {path: body.branch, type: string, comparator: "!=", value: ["^main$", "^dev$"]}
""",
        good="""
dependencies:
- filters:
    data:
    - {path: body.branch, type: string, comparator: "!=", value: ["^main$"]}
    - {path: body.branch, type: string, comparator: "!=", value: ["^dev$"]}
""",
        checks=((DependencySubject, _differs_from_any),),
    ),
    Rule(
        code="KK103",
        name="text-ordering",
        title="`>`, `>=`, `<` and `<=` never match texts",
        why="Upstream compares the order of numbers only. With `type: string` these four never pass, and it "
        "says nothing.",
        fix="write `type: number`",
        bad="""
dependencies:
- filters:
    data:
    - {path: body.size, type: string, comparator: ">", value: ["^10$"]}
""",
        good="""
dependencies:
- filters:
    data:
    - {path: body.size, type: number, comparator: ">", value: ["10"]}
""",
        checks=((DependencySubject, _text_ordering),),
    ),
    Rule(
        code="KK104",
        name="bool-comparator",
        title="A bool filter ignores its comparator",
        why="With `type: bool` both sides are read as true or false and have to be equal, whatever "
        "`comparator` says; a text that is neither counts as false. As upstream.",
        fix="name the other value instead",
        bad="""
dependencies:
- filters:
    data:
    - {path: body.draft, type: bool, comparator: "!=", value: ["true"]}
""",
        good="""
dependencies:
- filters:
    data:
    - {path: body.draft, type: bool, value: ["false"]}
""",
        checks=((DependencySubject, _bool_comparator),),
    ),
    Rule(
        code="KK105",
        name="context-ignored",
        title="A context filter compares four attributes only",
        why="`id`, `specversion` and `time` of a context filter are read and ignored, as upstream: an event "
        "passes whatever they say.",
        fix="remove them, or use a time filter",
        bad="""
dependencies:
- filters:
    context: {type: webhook, id: "1"}
""",
        good="""
dependencies:
- filters:
    context: {type: webhook}
""",
        checks=((DependencySubject, _context_ignored),),
    ),
    Rule(
        code="KK106",
        name="odd-path",
        title="A path that hardly finds what was meant",
        why="Every text is a path for gjson, so a mistake is no error: it finds nothing. A comma means "
        "something only inside brackets (`[a,b]`), elements stand behind a dot (`items.0`), and there is "
        "no `$` at the start. Upstream's documentation shows `a,b`, which does not work.",
        fix="write the path as gjson reads it",
        bad="""
dependencies:
- filters:
    data:
    - {path: "body.items[0].name", type: string, value: ["^x$"]}
""",
        good="""
dependencies:
- filters:
    data:
    - {path: body.items.0.name, type: string, value: ["^x$"]}
""",
        checks=((DependencySubject, _odd_path), (ParameterSubject, _odd_key)),
    ),
    Rule(
        code="KK107",
        name="empty-or",
        title="No filters joined by `or` pass nothing",
        why="`filters: {}` passes everything when its kinds are joined by `and`, and nothing when they are "
        "joined by `or`, as upstream.",
        fix="remove `filters`, or join with `and`",
        bad="""
dependencies:
- filters: {}
  filtersLogicalOperator: or
""",
        good="""
dependencies:
- filters: {}
""",
        checks=((DependencySubject, _empty_or),),
    ),
    Rule(
        code="KK120",
        name="or-ends-at-error",
        title="Under `or`, an error in one kind of filter beats a pass in another",
        why="Upstream joins the kinds of filter after all of them were looked at, and any error makes the "
        "whole false. A path that is not in the event is an error. So `data` that fails hides a `context` "
        "that passes. Kikkake gives the same verdict and shows the reason.",
        fix="make two dependencies, one for each kind of filter, and join them by `||` in `conditions`",
        bad="""
dependencies:
- filtersLogicalOperator: or
  filters:
    context: {type: webhook}
    data:
    - {path: body.branch, type: string, value: ["^main$"]}
""",
        good="""
dependencies:
- filters:
    context: {type: webhook}
    data:
    - {path: body.branch, type: string, value: ["^main$"]}
""",
        checks=((DependencySubject, _or_ends_at_error),),
    ),
    Rule(
        code="KK121",
        name="context-is-exact",
        title="A context filter knows no patterns",
        why="Attributes of a context filter are compared letter by letter, unlike the values of a string "
        "filter.",
        fix="write the whole value",
        bad="""
dependencies:
- filters:
    context: {type: "^webhook$"}
""",
        good="""
dependencies:
- filters:
    context: {type: webhook}
""",
        checks=((DependencySubject, _context_is_exact),),
    ),
    Rule(
        code="KK122",
        name="wildcard-name",
        title="Wildcards in the name of an event match nothing",
        why='Only upstream\'s old bus (STAN) reads `eventName: "*"` as a pattern. On its other buses, and '
        "here, the names are compared as they stand: nothing ever arrives.",
        fix="write a dependency for each event",
        bad="""
dependencies:
- {name: any, eventSourceName: github, eventName: "*"}
""",
        good="""
dependencies:
- {name: any, eventSourceName: github, eventName: push}
""",
        checks=((DependencySubject, _literal_names),),
    ),
)
