"""`{name, key}`: how a resource points at a value in a Secret of its own namespace (spec-sources 1)."""

from __future__ import annotations

from events.model import SpecModel
from events.ports import SecretRef


class SecretSelector(SpecModel):
    """One key of a Secret."""

    name: str
    """The Secret's name; it is looked up in the EventSource's own namespace."""
    key: str
    """The key in it. One trailing newline of the value is ignored, as upstream does."""
    optional: bool = False
    """Accepted for compatibility; a Secret that cannot be read always closes the endpoint (503)."""

    def ref(self, namespace: str) -> SecretRef:
        return SecretRef(namespace, self.name, self.key)


def refs(namespace: str, *selectors: SecretSelector | None) -> tuple[SecretRef, ...]:
    """The references of those that are given, in order."""
    return tuple(selector.ref(namespace) for selector in selectors if selector is not None)
