"""`encryptAES` and `decryptAES`: AES-256 in CBC mode, in base64; the password, cut or filled with zeros, is the key."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from events.languages.go_base64 import BadBase64, decode_base64
from events.languages.go_bytes import to_bytes, to_text
from events.languages.go_template.functions import Function, FunctionError, RenderContext, declare

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.modes import CBC

_KEY_BYTES = 32
_BLOCK_BYTES = 16


def _encrypt(context: RenderContext, password: str, text: str) -> str:
    if not text:
        return ""
    content = to_bytes(text)
    padding = _BLOCK_BYTES - len(content) % _BLOCK_BYTES
    start = context.randomness.bytes(_BLOCK_BYTES)
    encryptor = _cipher(password, start).encryptor()
    encrypted = encryptor.update(content + bytes([padding]) * padding) + encryptor.finalize()
    return base64.b64encode(start + encrypted).decode()


def _decrypt(password: str, packed: str) -> str:
    """The errors are those of Go's run time: upstream looks at no lengths."""
    if not packed:
        return ""
    try:
        raw = decode_base64(packed)
    except BadBase64 as fault:
        raise FunctionError(str(fault)) from None
    if len(raw) < _BLOCK_BYTES:
        capacity = len(to_bytes(packed)) // 4 * 3
        part = f"[:16] with capacity {capacity}" if capacity < _BLOCK_BYTES else f"[16:{len(raw)}]"
        raise FunctionError(f"runtime error: slice bounds out of range {part}")
    start, encrypted = raw[:_BLOCK_BYTES], raw[_BLOCK_BYTES:]
    if len(encrypted) % _BLOCK_BYTES:
        raise FunctionError("crypto/cipher: input not full blocks")
    if not encrypted:
        raise FunctionError("runtime error: index out of range [-1]")
    decryptor = _cipher(password, start).decryptor()
    content = decryptor.update(encrypted) + decryptor.finalize()
    end = len(content) - content[-1]
    if end < 0:
        raise FunctionError(f"runtime error: slice bounds out of range [:{end}]")
    return to_text(content[:end])


def _cipher(password: str, start: bytes) -> Cipher[CBC]:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415 - see the package

    key = to_bytes(password)[:_KEY_BYTES].ljust(_KEY_BYTES, b"\0")
    return Cipher(algorithms.AES(key), modes.CBC(start))


FUNCTIONS: dict[str, Function] = {
    "decryptAES": declare("func(string, string) (string, error)", _decrypt),
    "encryptAES": declare("func(string, string) (string, error)", _encrypt, context=True),
}
