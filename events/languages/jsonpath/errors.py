"""The one error of JSONPath."""

from __future__ import annotations

from events.errors import KikkakeError


class JsonPathError(KikkakeError):
    """A path that cannot be read, or that leads nowhere in this document."""


class Missing(JsonPathError):
    """What a step looks for is not there: an error alone, left out in a list."""
