"""What to say about a path that leads nowhere: which part is there, which names stand beside it. Names, no values."""

from __future__ import annotations

from events.errors import KikkakeError
from events.languages.gjson import Document, compile_path
from events.languages.gjson.result import Kind
from events.resource import nearest_name

MAX_SHOWN_KEYS = 12


def describe_missing(document: Document, path: str) -> str:
    """Path `body.reff` is not in the event; did you mean `body.ref`? Keys at `body`: ref, sha."""
    text = f"path `{path}` is not in the event"
    found = _deepest(document, path)
    if found is None:
        return f"{text}; it has no keys"
    parent, missing, names = found
    nearest = nearest_name(missing, names)
    prefix = f"{parent}." if parent else ""
    hint = f"; did you mean `{prefix}{nearest}`?" if nearest else ""
    return f"{text}{hint}; {known_keys(document, path)}"


def known_keys(document: Document, path: str) -> str:
    """The member names at the deepest part of a path that exists."""
    found = _deepest(document, path)
    if found is None:
        return "the event has no keys"
    parent, _missing, names = found
    shown = ", ".join(names[:MAX_SHOWN_KEYS]) or "none"
    more = ", …" if len(names) > MAX_SHOWN_KEYS else ""
    return f"keys {f'at `{parent}`' if parent else 'of the event'}: {shown}{more}"


def _deepest(document: Document, path: str) -> tuple[str, str, list[str]] | None:
    """The longest beginning of the path that is an object, the part after it, and the object's names."""
    parts = path.split(".")
    for length in range(len(parts) - 1, -1, -1):
        parent = ".".join(parts[:length])
        try:
            result = compile_path(parent or "@this").get(document)
            value = result.value() if result.kind is Kind.JSON else None
        except KikkakeError:
            continue
        if isinstance(value, dict):
            return parent, parts[length], list(value)
    return None
