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

LOCAL_SOURCES = frozenset({"inline", "resource"})
"""The members of an `ArtifactLocation` that need nothing from outside."""


def fetch_local(source: Mapping[str, Any]) -> dict[str, Any]:
    """The object of an `ArtifactLocation` as plain JSON; a copy that the caller may change.

    Raises RenderFailed: neither `inline` nor `resource`, or a text that is not one object.
    """
    try:
        fetched: dict[str, Any] = orjson.loads(fetch_local_json(source))
    except orjson.JSONDecodeError as error:
        # Of a text that we wrote: only an integer beyond all floats (1e400) cannot be read again.
        raise RenderFailed("source: holds a number that no reader of JSON takes; put it in quotes") from error
    return fetched


def fetch_local_json(source: Mapping[str, Any]) -> bytes:
    """The same as JSON bytes, with integers of any size kept. `inline` leads, as upstream."""
    inline = source.get("inline")
    if inline is not None:
        return _read_inline(str(inline))
    resource = source.get("resource")
    if isinstance(resource, Mapping):
        return json_bytes(resource)
    raise RenderFailed("source: has neither `inline` nor `resource`")


def one_object(raw: bytes, at: str) -> dict[str, Any]:
    """The first document of a fetched text, YAML or JSON; `at` names where it came from.

    Raises RenderFailed: it is not UTF-8, or not one object.
    """
    try:
        text = raw.decode("utf-8-sig", "surrogatepass")
    except UnicodeDecodeError as error:
        raise RenderFailed(f"{at}: is not UTF-8 at byte {error.start}") from error
    documents, findings = read_documents(text, at)
    if findings:
        first = findings[0]
        raise RenderFailed(f"{at} line {first.line} column {first.column}: {first.what}")
    if not documents:
        raise RenderFailed(f"{at}: is empty; write one object")
    return dict(documents[0].value)


@functools.lru_cache(maxsize=1024)
def _read_inline(text: str) -> bytes:
    return json_bytes(one_object(text.encode("utf-8", "surrogatepass"), "source.inline"))


def json_bytes(value: Any) -> bytes:
    """Compact JSON with integers of any size. Raises RenderFailed: NaN or infinity."""
    # The standard library's encoder, since orjson refuses integers beyond 64 bits.
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except ValueError as error:
        raise RenderFailed(f"source: {error}") from error
