"""Checksums of texts: `sha1sum`, `sha256sum`, `sha512sum` in hex, `adler32sum` in decimal."""

from __future__ import annotations

import hashlib
import zlib

from events.languages.go_bytes import to_bytes
from events.languages.go_template.functions import Function, declare


def _sha1(text: str) -> str:
    return hashlib.sha1(to_bytes(text), usedforsecurity=False).hexdigest()


FUNCTIONS: dict[str, Function] = {
    "adler32sum": declare("func(string) string", lambda text: str(zlib.adler32(to_bytes(text)))),
    "sha1sum": declare("func(string) string", _sha1),
    "sha256sum": declare("func(string) string", lambda text: hashlib.sha256(to_bytes(text)).hexdigest()),
    "sha512sum": declare("func(string) string", lambda text: hashlib.sha512(to_bytes(text)).hexdigest()),
}
