"""Base64 and base32 with the standard alphabets. What cannot be decoded answers the text of the error, as in sprig."""

from __future__ import annotations

import base64

from events.languages.go_base64 import BadBase64, decode_base64
from events.languages.go_bytes import to_bytes, to_text
from events.languages.go_template.functions import declare
from events.languages.sprig.bounds import bounded

_BASE32 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_PAD = b"="[0]
_LINE_BREAKS = b"\r\n"


def _b64enc(text: str) -> str:
    return bounded(base64.b64encode(to_bytes(text)).decode())


def _b32enc(text: str) -> str:
    return bounded(base64.b32encode(to_bytes(text)).decode())


def _b64dec(text: str) -> str:
    try:
        return to_text(decode_base64(text))
    except BadBase64 as fault:
        return str(fault)


def _b32dec(text: str) -> str:
    raw = to_bytes(text).translate(None, _LINE_BREAKS)
    last = max(len(raw) - 1, 0) // 8 * 8
    if raw[:last].strip(_BASE32):
        return _b32_groups(raw, 0, b"")
    return _b32_groups(raw, last, base64.b32decode(raw[:last]))


def _b32_groups(raw: bytes, start: int, before: bytes) -> str:
    """Group by group of eight, as Go does it: behind a padded group within the last bytes it looks at nothing."""
    decoded = [before]
    for at in range(start, len(raw), 8):
        found = _group32(raw, at, raw[at : at + 8])
        if isinstance(found, int):
            return f"illegal base32 data at input byte {found}"
        decoded.append(base64.b32decode(found + b"=" * (8 - len(found))))
        if len(found) < 8:
            break
    return to_text(b"".join(decoded))


def _group32(raw: bytes, start: int, group: bytes) -> bytes | int:
    """The characters of one group before its padding, or where it is wrong."""
    for filled, byte in enumerate(group):
        at = start + filled
        left = len(raw) - at - 1
        if byte == _PAD and filled >= 2 and left < 8:
            if left + filled < 7:
                return len(raw)
            for index in range(at + 1, min(at + 8 - filled, len(raw))):
                if raw[index] != _PAD:
                    return index - 1
            return at if filled in (1, 3, 6) else group[:filled]
        if byte not in _BASE32:
            return at
    return group if len(group) == 8 else len(raw) - len(group)


FUNCTIONS = {
    "b64enc": declare("func(string) string", _b64enc),
    "b64dec": declare("func(string) string", _b64dec),
    "b32enc": declare("func(string) string", _b32enc),
    "b32dec": declare("func(string) string", _b32dec),
}
