"""Standard base64 as Go reads it: padded, line breaks anywhere, and an error that names the byte."""

from __future__ import annotations

import binascii
import re
import string

from events.errors import KikkakeError
from events.languages.go_bytes import to_bytes

_ALPHABET = frozenset((string.ascii_letters + string.digits + "+/").encode())
_WHOLE = re.compile(rb"(?:[A-Za-z0-9+/]{4})*+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_BREAKS = b"\r\n"
_PAD = ord("=")


class BadBase64(KikkakeError):
    """The text is no base64; the message is Go's."""


def decode_base64(text: str) -> bytes:
    """`base64.StdEncoding.DecodeString`.

    Raises:
        BadBase64: `illegal base64 data at input byte N`.
    """
    raw = to_bytes(text)
    letters = raw.translate(None, _BREAKS)
    if _WHOLE.fullmatch(letters) is None:
        raise BadBase64(f"illegal base64 data at input byte {_fault(raw)}")
    return binascii.a2b_base64(letters)


def _fault(raw: bytes) -> int:
    """Where Go stops. Letters come in fours; the last four may end in one or two signs of padding."""
    at = letters = 0
    while at < len(raw):
        byte = raw[at]
        if byte in _ALPHABET:
            letters = (letters + 1) % 4
        elif byte == _PAD and letters >= 2:
            return _fault_in_padding(raw, at, letters)
        elif byte not in _BREAKS:
            return at
        at += 1
    return at - letters


def _fault_in_padding(raw: bytes, at: int, letters: int) -> int:
    end = _after_breaks(raw, at + 1)
    if letters == 2:
        if end == len(raw):
            return end
        if raw[end] != _PAD:
            return end - 1
        end = _after_breaks(raw, end + 1)
    return end


def _after_breaks(raw: bytes, at: int) -> int:
    while at < len(raw) and raw[at] in _BREAKS:
        at += 1
    return at
