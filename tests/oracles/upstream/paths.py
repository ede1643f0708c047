"""Paths into a payload, as people write them into Sensors: most find something."""

from __future__ import annotations

import json
from random import Random
from typing import Any

Found = tuple[str, Any]
_SPECIAL = str.maketrans({sign: f"\\{sign}" for sign in '.*?|#@\\{}[]()=<>%!"'})
_FIXED = (
    "",
    "@this",
    "body",
    "nope",
    "body.nope.deep",
    "commits.#",
    "@this.body",
    "..0",
    "a.b",
    "a",
    "@keys",
    "[a,b]",
    '{body.ref,"n":body.commits.#}',
    '!"constant"',
    'body.commits.#(message%"*cart*").id',
    'event_data.resources.#(tag=="1.10.0").digest',
    'alerts.#(status=="firing")#.labels.severity',
    "Records.0.s3.object.key",
    "b*.ref",
    "object_attributes.labels.#.title|0",
    "body.commits.@reverse.0.id",
    "matrix.linux/amd64.ok",
    "outputs.tags|@join",
    "headers.X-Hook\\.Id.0",
    "flags.list.#",
    "a.#.b",
    "#.n",
    "0.name",
)
_TAILS = (".#", "|@tostr", ".nope", "|@this", ".0", ".-1", ".*", "|@ugly", "|@reverse", "|@values")


def random_path(random: Random, data: bytes | None) -> Found:
    """A path, and what probably stands there; None where nobody knows."""
    choice = random.random()
    if choice < 0.15:
        return random.choice(_FIXED), None
    try:
        value = json.loads(data or b"{}")
    except ValueError:
        return random.choice(_FIXED), None
    path, value = _walk(random, value)
    if choice < 0.25:
        return path + random.choice(_TAILS), None
    if choice < 0.3:
        return path.replace("e", "?", 1), value
    return path, value


def _walk(random: Random, value: Any) -> Found:
    parts: list[str] = []
    while isinstance(value, dict | list) and value and (not parts or random.random() < 0.85):
        if isinstance(value, dict):
            name = random.choice(list(value))
            parts.append(name.translate(_SPECIAL))
            value = value[name]
        else:
            index = random.randrange(len(value))
            parts.append(str(index))
            value = value[index]
    return ".".join(parts), value
