"""The first line of a module's docstring, read from its text: listing things must not import them."""

from __future__ import annotations

import re
from pathlib import Path

_DOCSTRING = re.compile(r'\s*[rR]?"""(.*?)(?:"""|\n)')
_REFERENCE = re.compile(r" \(spec[-:][^)]*\)")
"""Where a rule comes from: for readers of the code, not of a table."""


def docline(path: Path) -> str:
    """What the module says it is, without references and the last full stop; empty where it says nothing."""
    with path.open(encoding="utf-8") as file:
        head = file.readline() + file.readline()
    match = _DOCSTRING.match(head)
    return _REFERENCE.sub("", match[1]).strip().removesuffix(".") if match else ""
