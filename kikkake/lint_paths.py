"""Paths of a Sensor into members that the data of the event's kind does not have (spec-sources 4). Pure.

Only across files it is known what a dependency's events look like: `headers` of a webhook is `header`, and what was
sent stands below `body`. Nothing is said where a transform changes the data, or of a kind that is not listed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from events.errors import Finding, Severity
from events.node import Node
from events.resource import ResourceDocument, nearest_name
from kikkake.explanations import FOREIGN_MEMBER

_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "webhook": ("header", "body", "metadata", "bodyEncoding"),
    "github": ("headers", "body", "metadata"),
    "kafka": ("topic", "key", "partition", "body", "timestamp", "headers", "metadata"),
}
_FIRST = re.compile(r"([A-Za-z_][A-Za-z0-9_-]*)(?=[.|]|$)")


def foreign_member_findings(document: ResourceDocument, kinds: Mapping[str, str]) -> Iterator[Finding]:
    """A warning for each such path of the Sensor; `kinds` has the kinds of its dependencies' events by name."""
    for node, member, dependency in _paths(Node(document.value.get("spec"), ("spec",))):
        kind = kinds.get(dependency, "")
        known = _MEMBERS.get(kind)
        found = _FIRST.match(node.text(member))
        if known is None or found is None or found[1] in known:
            continue
        nearest = nearest_name(found[1], known)
        yield document.finding(
            node.at(member),
            f"the data of a `{kind}` event has no member `{found[1][:64]}`; it has: {', '.join(known)}",
            f"did you mean `{nearest}`?" if nearest else "what was sent stands below `body`",
            code=FOREIGN_MEMBER,
            severity=Severity.WARNING,
        )


def _paths(spec: Node) -> Iterator[tuple[Node, str, str]]:
    """Every path into data: where it stands, and the dependency whose data it is."""
    transformed = set()
    for dependency in spec.items("dependencies"):
        name = dependency.text("name")
        if dependency.has("transform"):
            transformed.add(name)
            continue
        filters = dependency.child("filters")
        for test in filters.items("data"):
            yield test, "path", name
        for entry in filters.items("exprs"):
            for field in entry.items("fields"):
                yield field, "path", name
    for node in spec.child("triggers").walk():
        source = node.child("src")
        name = source.text("dependencyName")
        if source.has("dataKey") and name not in transformed:
            yield source, "dataKey", name
