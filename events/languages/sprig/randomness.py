"""sprig: random texts, bytes, numbers and UUIDs, all drawn from the randomness of the run.

Texts have at most `MAX_LENGTH` characters.
"""

from __future__ import annotations

import base64
import string
import uuid

from events.languages.go_template.functions import Function, FunctionError, RenderContext, declare
from events.languages.go_values import wrap64

MAX_LENGTH = 100_000
"""Upstream has no limit; nobody needs a longer password, and a draw takes about a microsecond."""

_PRINTABLE = "".join(map(chr, range(32, 127)))


def _random_text(context: RenderContext, count: int, characters: str) -> str:
    if count <= 0:
        return ""
    _check_length(count)
    draw = context.randomness.integer
    return "".join([characters[draw(len(characters))] for _ in range(count)])


def _check_length(count: int) -> None:
    if count > MAX_LENGTH:
        raise FunctionError(
            f"{count} random characters are more than the {MAX_LENGTH} that are drawn at once"
        )


def _random_bytes(context: RenderContext, count: int) -> str:
    if count < 0:
        raise FunctionError("runtime error: makeslice: len out of range")
    _check_length(count)
    return base64.b64encode(context.randomness.bytes(count)).decode()


def _random_int(context: RenderContext, low: int, high: int) -> int:
    """From `low` up to, not including, `high`."""
    span = wrap64(high - low)
    if span <= 0:
        raise FunctionError("invalid argument to Intn")
    return wrap64(context.randomness.integer(span) + low)


def _uuid(context: RenderContext) -> str:
    return str(uuid.UUID(bytes=context.randomness.bytes(16), version=4))


FUNCTIONS: dict[str, Function] = {
    "randAlpha": declare(
        "func(int) string", lambda run, count: _random_text(run, count, string.ascii_letters), context=True
    ),
    "randAlphaNum": declare(
        "func(int) string",
        lambda run, count: _random_text(run, count, string.ascii_letters + string.digits),
        context=True,
    ),
    "randAscii": declare(
        "func(int) string", lambda run, count: _random_text(run, count, _PRINTABLE), context=True
    ),
    "randBytes": declare("func(int) (string, error)", _random_bytes, context=True),
    "randInt": declare("func(int, int) int", _random_int, context=True),
    "randNumeric": declare(
        "func(int) string", lambda run, count: _random_text(run, count, string.digits), context=True
    ),
    "uuidv4": declare("func() string", _uuid, context=True),
}
