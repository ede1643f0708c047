"""What Go says of a pattern that it does not take; RE2 says the same in other words, and takes a little more."""

from __future__ import annotations

import re
from typing import Any

from events.patterns import FAULTS_IN_GO

_ESCAPE = re.compile(r"\\Q.*?(?:\\E|\Z)|\\.", re.DOTALL)
_INVALID = re.compile("[\ud800-\udfff]")


def _fault(what: str, where: str) -> str:
    return f"error parsing regexp: {what}: `{where}`"


def explain(err: Exception, pattern: str) -> str:
    """Go's text for an error of RE2 about a pattern that is UTF-8."""
    said = err.args[0]
    text = said.decode("utf-8", "surrogateescape") if isinstance(said, bytes) else str(said)
    what, _, where = text.partition(": ")
    if where in ("(?<!", "(?<="):  # to Go this begins a name
        rest = pattern[pattern.find(where) :]
        return _fault("invalid named capture", rest[: rest.find(">") + 1] or rest)
    if where in ("\\p", "\\P") and pattern.endswith(where) and not pattern.endswith(f"-{where}"):
        return _fault("invalid character class range", where)
    if what == "invalid UTF-8":  # RE2 has read on behind the end
        return _fault("invalid escape sequence", pattern[pattern.rfind("\\") :])
    return _fault(FAULTS_IN_GO.get(what, what), where)


def bytes_fault(pattern: str) -> str | None:
    """The fault of a pattern that is not UTF-8."""
    found = _INVALID.search(pattern)
    return _fault("invalid UTF-8", pattern[found.start() :]) if found else None


def late_fault(pattern: str, regex: Any) -> str | None:
    """The fault of a pattern that RE2 has taken and Go does not: the escape C, and names that are not ASCII."""
    if "\\C" in pattern and any(found[0] == "\\C" for found in _ESCAPE.finditer(pattern)):
        return _fault("invalid escape sequence", "\\C")
    for name in [] if pattern.isascii() else regex.groupindex:
        if not name.isascii():
            long = f"(?P<{name}>"
            return _fault("invalid named capture", long if long in pattern else f"(?<{name}>")
    return None
