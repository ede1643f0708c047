"""Whether the value of a secret can prove anything, and what is odd about one that can.

Pure; the rules are 3, 4 and 8 of spec: signatures. The texts name neither the secret nor its value: who asks knows
the first and must not tell the second.
"""

from __future__ import annotations

from typing import NamedTuple

SAMPLE_SECRETS = frozenset(
    {b"It's a Secret to Everybody", b"changeme", b"your-secret", b"YOUR_SECRET", b"<secret>", b"REPLACE_ME"}
)
"""Printed in documentation, so known to everybody: refused like no secret at all."""

MIN_PATH_TOKEN_LENGTH = 22
"""128 bits in base64url: what makes a path unguessable (rule 8)."""

_MIN_LENGTH = 16
_REWRITE = "write it anew with `printf %s`"


class Unfit(NamedTuple):
    """What is wrong with a secret: `SecretEmpty`, `SecretKnown`, `SecretHasNewline` or `SecretTooShort`."""

    code: str
    what: str


def key_fault(value: bytes) -> Unfit | None:
    """Why a key of a signature must not be used."""
    if not value or value.isspace():
        return Unfit(code="SecretEmpty", what="is empty")
    if value in SAMPLE_SECRETS:
        return Unfit(code="SecretKnown", what="is a sample value from documentation")
    return None


def sent_fault(value: bytes) -> Unfit | None:
    """Why a secret that the sender sends as it is must not be used."""
    if fault := key_fault(value):
        return fault
    if b"\n" in value or b"\r" in value:
        # Neither a header nor a path can carry one: it would be 401 for ever, and nobody would know why.
        return Unfit(code="SecretHasNewline", what=f"has a line break in it; {_REWRITE}")
    return None


def path_fault(value: bytes) -> Unfit | None:
    """Why a secret must not be used as a part of a path."""
    if fault := sent_fault(value):
        return fault
    if len(value) < MIN_PATH_TOKEN_LENGTH:
        what = f"is shorter than {MIN_PATH_TOKEN_LENGTH} characters: guessable as a path"
        return Unfit(code="SecretTooShort", what=what)
    return None


def advice(value: bytes) -> Unfit | None:
    """What is odd about a secret that works."""
    if value.endswith((b"\n", b"\r")):
        what = f"ends in a line break; if signatures never match, {_REWRITE}"
        return Unfit(code="SecretHasNewline", what=what)
    if len(value) < _MIN_LENGTH:
        return Unfit(code="SecretTooShort", what=f"is shorter than {_MIN_LENGTH} bytes")
    return None
