"""What one port serves, and what it served until lately."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from sources.ingest import Route
from sources.route import PathPattern, compile_path

_NO_SEGMENTS: Mapping[str, str] = {}


class Router:
    """Finds the route of a path. Replaced as a whole when routes change; requests keep the one they found."""

    def __init__(self, routes: Iterable[Route], gone: Mapping[str, tuple[int, str]]) -> None:
        routes = tuple(routes)
        self.routes = routes
        self._exact = {route.pattern.text: route for route in routes if route.pattern.is_exact}
        self._patterns = tuple(route for route in routes if not route.pattern.is_exact)
        self._gone = gone
        """Declared path -> (until when in microseconds, EventSource)."""

    def find(self, path: str) -> tuple[Route, Mapping[str, str]] | None:
        """The route and the values of its segments. An exact path wins, then the older pattern."""
        route = self._exact.get(path)
        if route is not None:
            return route, _NO_SEGMENTS
        for route in self._patterns:
            segments = route.pattern.match(path)
            if segments is not None:
                return route, segments
        return None

    def gone(self, path: str, now_us: int) -> str:
        """NAMESPACE/NAME of the EventSource that served this path lately, or an empty text."""
        entry = self._gone.get(path)
        if entry is None:
            entry = next((entry for text, entry in self._gone.items() if _matches(text, path)), None)
        return entry[1] if entry is not None and now_us < entry[0] else ""


def _matches(declared: str, path: str) -> bool:
    return "{" in declared and _compiled(declared).match(path) is not None


@lru_cache(maxsize=256)
def _compiled(declared: str) -> PathPattern:
    return compile_path(declared)
