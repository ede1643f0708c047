"""The operations of a JSON patch as a resource writes them (RFC 6902). Pure."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from events.model import SpecModel

_VALUED = frozenset({"add", "replace", "test"})
_FROM = frozenset({"move", "copy"})


class JsonPatchOperation(SpecModel):
    """One operation."""

    op: str = ""
    """`add`, `remove`, `replace`, `move`, `copy` or `test`."""
    path: str = ""
    """JSON pointer: `/spec/template/spec/containers/0/image`; `~1` is a slash in a name, `~0` a tilde."""
    value: Any = None
    """Of `add`, `replace` and `test`."""
    from_: str = Field(default="", alias="from")
    """JSON pointer of what `move` and `copy` take."""

    def as_sent(self) -> dict[str, Any]:
        """As the API server reads it."""
        members: dict[str, Any] = {"op": self.op, "path": self.path}
        if self.op in _VALUED:
            members["value"] = self.value
        if self.op in _FROM:
            members["from"] = self.from_
        return members


def operation_fault(operation: JsonPatchOperation) -> str:
    """What is wrong with it; empty = nothing."""
    if operation.op not in {*_VALUED, *_FROM, "remove"}:
        return f"`{operation.op[:64]}` is no operation: write add, remove, replace, move, copy or test"
    if not operation.path.startswith("/"):
        return "`path` has to be a JSON pointer: it begins with `/`"
    if operation.op in _FROM and not operation.from_.startswith("/"):
        return f"`{operation.op}` needs `from`, a JSON pointer"
    return ""
