"""`$NAME` and `${NAME}` in a text, as Go's `os.Expand`."""

from __future__ import annotations

import re
from collections.abc import Callable

_SPECIAL_OR_NAME = r"([*#$@!?0-9-]|[A-Za-z0-9_]+)"
_CLOSED = re.compile(rf"\$(?:\{{([^}}]*)\}}|{_SPECIAL_OR_NAME})")
_UNCLOSED = re.compile(rf"\$(?:(\{{)|{_SPECIAL_OR_NAME})")


def expand(text: str, value_of: Callable[[str], str]) -> str:
    """Replace what is named; `${}` and an unclosed `${` vanish, a `$` before anything else stays."""
    # Only before the last brace can a `${` find its end: so no text is searched twice.
    end = text.rfind("}") + 1
    closed = _CLOSED.sub(lambda match: _value(match[1] or match[2], value_of), text[:end])
    return closed + _UNCLOSED.sub(lambda match: _value(match[2], value_of), text[end:])


def _value(name: str | None, value_of: Callable[[str], str]) -> str:
    return value_of(name) if name else ""
