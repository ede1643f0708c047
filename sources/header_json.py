"""Request headers as upstream puts them into an event: canonical names, every value in a list."""

from __future__ import annotations

from functools import lru_cache

import orjson

from sources.delivery import Headers


def headers_json(headers: Headers) -> bytes:
    """`{"Content-Type":["application/json"],...}`, sorted, without `Host`.

    Bytes that are not UTF-8 become U+FFFD, as in Go.
    """
    named = {canonical_name(name): values for name, values in headers.items() if name != "host"}
    try:
        return orjson.dumps(named, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        readable = {name: [_readable(value) for value in values] for name, values in named.items()}
        return orjson.dumps(readable, option=orjson.OPT_SORT_KEYS)


@lru_cache(maxsize=512)
def canonical_name(name: str) -> str:
    """`x-github-event` as Go writes it: `X-Github-Event`."""
    return "-".join(part[:1].upper() + part[1:] for part in name.split("-"))


def _readable(value: str) -> str:
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
