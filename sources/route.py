"""Endpoints and how a request finds its route: exact paths by dictionary, patterns one after the other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote_to_bytes

import re2

from events.ports import SecretRef

_SHOWN_LENGTH = 64
"""A value in a message is cut here (spec: bad-input 1.2)."""
_MAX_PATH_LENGTH = 4096
"""A request line may have 8 KiB, of which percent-encoding takes its part."""
_SEGMENT = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(?::((?:[^{}]|\{[^{}]*\})+))?\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A path on a port; `cert` and `key` (PEM) make the port speak TLS."""

    port: int
    path: str
    max_body_bytes: int
    cert: SecretRef | None = None
    key: SecretRef | None = None


class _Matcher(Protocol):
    def fullmatch(self, text: str) -> re.Match[str] | None: ...


@dataclass(frozen=True, slots=True)
class PathPattern:
    """A compiled path. Without `{name}` segments it is matched by equality."""

    text: str
    matcher: _Matcher | None = None

    @property
    def is_exact(self) -> bool:
        return self.matcher is None

    def match(self, path: str) -> dict[str, str] | None:
        """The values of the segments, or None when the path is another one."""
        if self.matcher is None:
            return {} if path == self.text else None
        found = self.matcher.fullmatch(path)
        return None if found is None else dict(found.groupdict())

    def fill(self, segments: dict[str, str]) -> str:
        """The path with values for its segments, for sending to it."""
        return _SEGMENT.sub(lambda match: segments.get(match[1], match[0]), self.text)


def compile_path(path: str) -> PathPattern:
    """Compile an endpoint of `path_fault(path) == ""`. User regular expressions run in linear time (RE2)."""
    if "{" not in path:
        return PathPattern(path)
    pattern = ""
    position = 0
    for match in _SEGMENT.finditer(path):
        pattern += re.escape(path[position : match.start()])
        pattern += f"(?P<{match[1]}>{match[2] or '[^/]+'})"
        position = match.end()
    return PathPattern(path, re2.compile(pattern + re.escape(path[position:]), _QUIET))


def path_fault(path: str) -> str:
    """Why an endpoint can never be reached, or an empty text (spec-sources 3.2)."""
    what = _shape_fault(path)
    if what:
        shown = path if len(path) <= _SHOWN_LENGTH else path[:_SHOWN_LENGTH] + "…"
        return f"`{shown}` {what}, so no request ever matches it"
    names = [match[1] for match in _SEGMENT.finditer(path)]
    if len(set(names)) != len(names):
        return f"`{path}` uses one segment name twice"
    try:
        compile_path(path)
    except re2.error:
        return f"`{path}` has a regular expression that does not compile"
    return ""


def _shape_fault(path: str) -> str:
    if not path.startswith("/"):
        return "has no leading slash"
    if len(path) > _MAX_PATH_LENGTH:
        return f"is longer than {_MAX_PATH_LENGTH} characters"
    plain = _SEGMENT.sub("x", path)
    if "{" in plain or "}" in plain:
        return "has a brace that is never closed"
    if "//" in plain or any(part in {".", ".."} for part in plain.split("/")) or "?" in plain or "#" in plain:
        return "is no clean path"
    return ""


def _quiet() -> re2.Options:
    options = re2.Options()
    options.log_errors = False
    return options


_QUIET = _quiet()


def decoded_path(target: str) -> str:
    """The path of a request target in origin form, percent-decoded, without its query."""
    path = target.partition("?")[0].partition("#")[0]
    return unquote_to_bytes(path).decode("utf-8", "replace") if "%" in path else path


def raw_query(target: str) -> str:
    """The query of a request target, as it stands."""
    return target.partition("#")[0].partition("?")[2]


def path_key(path: str) -> str:
    """Equal for two endpoints that would match the same paths: segment names do not tell patterns apart."""
    return _SEGMENT.sub(lambda match: "{:" + (match[2] or "") + "}", path)
