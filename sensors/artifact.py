"""Where the object of a `k8s` trigger comes from: the sources that need nothing from outside (spec-sensors 8).

`resource` is the object itself, `inline` a YAML or JSON text of one. Their text is constant, so it is read once.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any

import orjson

from events.resource import read_documents
from sensors.trigger import RenderFailed


def fetch_local(source: Mapping[str, Any]) -> dict[str, Any]:
    """The object of an `ArtifactLocation` as plain JSON; a copy that the caller may change.

    Raises RenderFailed: neither `inline` nor `resource`, or a text that is not one object.
    """
    fetched: dict[str, Any] = orjson.loads(fetch_local_json(source))
    return fetched


def fetch_local_json(source: Mapping[str, Any]) -> bytes:
    """The same as JSON bytes, with integers of any size kept. `inline` leads, as upstream."""
    inline = source.get("inline")
    if inline is not None:
        return _read_inline(str(inline))
    resource = source.get("resource")
    if isinstance(resource, Mapping):
        return _dumps(resource)
    raise RenderFailed("source: has neither `inline` nor `resource`")


@functools.lru_cache(maxsize=1024)
def _read_inline(text: str) -> bytes:
    documents, findings = read_documents(text, "inline")
    if findings:
        first = findings[0]
        raise RenderFailed(f"source.inline line {first.line} column {first.column}: {first.what}")
    if not documents:
        raise RenderFailed("source.inline: is empty; write one object")
    return _dumps(documents[0].value)


def _dumps(value: Any) -> bytes:
    # The standard library's encoder, since orjson refuses integers beyond 64 bits.
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except ValueError as error:
        raise RenderFailed(f"source: {error}") from error
