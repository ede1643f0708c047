"""Go's nil slices and nil maps: empty, but `null` in JSON, and not deeply equal to what is only empty.

They are these three objects. No function changes a list in place, and those that change a map ask `is_nil` first,
so they stay empty.
"""

from __future__ import annotations

from typing import Any, Final

from events.languages.go_values import StringList

NIL_LIST: Final[list[Any]] = []
"""A nil `[]any`."""
NIL_STRINGS: Final = StringList()
"""A nil `[]string`."""
NIL_MAP: Final[dict[str, Any]] = {}
"""A nil `map[string]any`; as an argument it may also be None."""


def is_nil(value: object) -> bool:
    """Whether a list or a map is one of Go's nil values."""
    return value is NIL_LIST or value is NIL_STRINGS or value is NIL_MAP
