"""EventSources of which tests ask what they need."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from events.resource import ResourceDocument, read_documents
from sources.spec import EventSourceSpec, read_event_source


def source(spec: str, *, namespace: str = "ci") -> EventSourceSpec:
    """An EventSource `hook` with this spec."""
    head = f"apiVersion: argoproj.io/v1alpha1\nkind: EventSource\nmetadata: {{name: hook, namespace: {namespace}}}\n"
    [document] = documents(head + "spec:\n" + textwrap.indent(textwrap.dedent(spec), "  "))
    return read_event_source(document)


def documents(text: str) -> Iterator[ResourceDocument]:
    """Every document of a text without faults."""
    found, findings = read_documents(text, "given.yaml")
    assert findings == []
    yield from found
