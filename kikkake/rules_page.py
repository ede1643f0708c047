"""The page docs/reference/lint.md, made from the catalogue: `python -m kikkake.rules_page` writes it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from events.rule import Explanation
from kikkake import rules
from kikkake.suppress import LINT_IGNORE

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "lint.md"

_HEAD = f"""\
# Lint: every code, and why

<!-- Made from the rules by `make docs`; edits belong there. -->

`kikkake lint` looks at EventSources and Sensors alone and against one another, and reports all faults at once, each
with its file, line and column. Errors stop something: what Argo Events refuses is refused whole, everything else
stops only its own trigger, dependency or event, and the message says which. Warnings stop nothing. `kikkake lint
--explain CODE` prints the entries of this page, `kikkake lint --rules` lists them, and `-o json` works with both.

## Silencing a warning

A warning that is meant is silenced on its resource by an annotation:

```yaml
metadata:
  annotations:
    {LINT_IGNORE}: "KK101, KK110:trigger/build"
```

- Elements are separated by commas. Each is a code or a name of this page (`KK101` or `unanchored-word`).
- `:dependency/NAME`, `:trigger/NAME` or `:event/NAME` behind it narrows it to that part of the resource.
- It holds for `kikkake lint`, for what `kikkake run` says at its start, and for the API.
- Errors cannot be silenced.
- What silences nothing is a warning (KK301), and so is a code that does not exist (KK302).
"""


def page() -> str:
    """The whole page."""
    entries = list(rules.catalogue().values())
    traps = [entry for entry in entries if rules.is_rule(entry)]
    others = [entry for entry in entries if not rules.is_rule(entry)]
    lines = [
        _HEAD,
        "## All codes",
        "",
        "| code | name | gravest | what it says |",
        "|---|---|---|---|",
        *(_row(entry) for entry in entries),
        "",
        "## Rules",
        "",
        "What Argo Events does to the letter and few people expect, and what is different here.",
    ]
    for entry in traps:
        lines += ["", *_section(entry)]
    lines += ["", "## Other codes"]
    for entry in others:
        lines += ["", *_section(entry)]
    return "\n".join(lines) + "\n"


def _row(entry: Explanation) -> str:
    title = entry.title.replace("|", "\\|")
    return f"| [{entry.code}](#{_anchor(entry)}) | {entry.name} | {entry.severity} | {title} |"


def _section(entry: Explanation) -> Iterator[str]:
    yield f"### {_heading(entry)}"
    yield ""
    yield f"**{entry.title}.** {entry.why}"
    yield ""
    yield f"Fix: {entry.fix}."
    for label, example in (("Found:", entry.bad), ("Better:", entry.good)):
        if example:
            yield ""
            yield label
            yield ""
            yield f"```yaml\n{example.strip()}\n```"


def _heading(entry: Explanation) -> str:
    return f"{entry.code}: {entry.name}"


def _anchor(entry: Explanation) -> str:
    """As code hosts make it from a heading."""
    return re.sub(r"[^a-z0-9 -]", "", _heading(entry).lower()).replace(" ", "-")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE.relative_to(Path.cwd())}: {len(rules.catalogue())} codes\n")
