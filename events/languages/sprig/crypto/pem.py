"""PEM blocks: base64 between `-----BEGIN X-----` and `-----END X-----` (RFC 7468), found as Go finds them."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

_BEGIN, _END, _DASHES = "-----BEGIN ", "-----END ", "-----"


@dataclass(frozen=True, slots=True)
class Block:
    """One block: what it says it is, and the bytes."""

    kind: str
    content: bytes


def first_block(text: str) -> Block | None:
    """The first block that is whole; what stands around it does not matter. One pass."""
    before, *candidates = text.split(_BEGIN)
    for candidate in candidates:
        if not before or before.endswith("\n"):
            block = _block(candidate)
            if block is not None:
                return block
        before = candidate
    return None


def _block(text: str) -> Block | None:
    title, _, rest = text.partition("\n")
    title = title.rstrip(" \t\r")
    body, end, trailer = rest.partition(_END)
    if not title.endswith(_DASHES) or not end:
        return None
    kind = title.removesuffix(_DASHES)
    last_line = trailer.partition("\n")[0].rstrip(" \t\r")
    if last_line != kind + _DASHES:
        return None
    lines = body.split("\n")
    start = next((place for place, line in enumerate(lines) if ":" not in line), len(lines))
    try:
        return Block(kind, base64.b64decode("".join("".join(lines[start:]).split()), validate=True))
    except (binascii.Error, ValueError):
        return None
