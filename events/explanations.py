"""What the codes mean that reading any resource can give."""

from __future__ import annotations

from events.errors import Severity
from events.rule import Explanation

EXPLANATIONS: tuple[Explanation, ...] = (
    Explanation(
        code="Unparsable",
        name="unparsable",
        title="A file or document that cannot be read",
        why="It is no YAML or JSON, no text in UTF-8, larger or deeper than the limits, or no object. Of a "
        "file with a fault of syntax nothing after the fault is read; everything else stops its own "
        "document only.",
        fix="mend it at the line and column that are given",
        severity=Severity.ERROR,
    ),
    Explanation(
        code="DuplicateKey",
        name="duplicate-key",
        title="One key twice in one object",
        why="YAML forbids it, and readers differ in which one they take: what was reviewed need not be what "
        "runs.",
        fix="keep one",
        severity=Severity.ERROR,
        bad="""
metadata:
  name: push
  name: build
""",
        good="""
metadata:
  name: push
""",
    ),
    Explanation(
        code="InvalidSpec",
        name="invalid-spec",
        title="A field with a value that it cannot have",
        why="A wrong type, a missing name, or another apiVersion or kind. Types are as strict as upstream's: "
        "a port is a text in an EventSource, so a number without quotes is refused. An annotation of ours "
        "is a text as well: `true` needs quotes.",
        fix="write what the message asks for",
        severity=Severity.ERROR,
        bad="""
metadata: {annotations: {kikkake/strict: true}}
""",
        good="""
metadata: {annotations: {kikkake/strict: "true"}}
""",
    ),
    Explanation(
        code="UnknownField",
        name="unknown-field",
        title="A field that nobody reads",
        why="Argo Events drops unknown fields in silence, so a misspelt one does nothing. Here it is a "
        'warning with the nearest known name, and an error with the annotation kikkake/strict: "true".',
        fix="take the name that is proposed, or remove the field",
        severity=Severity.ERROR,
        bad="""
triggers:
- template:
    condition: push
""",
        good="""
triggers:
- template:
    conditions: push
""",
    ),
)
