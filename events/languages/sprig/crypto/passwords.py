"""`bcrypt` and `htpasswd` (cost 10), and `derivePassword`, which is the Master Password algorithm of lyndir.com.

Both are slow on purpose: about 50 and 150 ms.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import string

from events.languages.go_bytes import to_bytes
from events.languages.go_template.functions import Function, RenderContext, declare

_COST = 10
_LONGEST_PASSWORD = 72
"""bcrypt looks at no more bytes."""
_BASE64 = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
_TO_BCRYPT = str.maketrans(_BASE64, "./" + string.ascii_uppercase + string.ascii_lowercase + string.digits)

_SCOPE = b"com.lyndir.masterpassword"
_SCRYPT_MEMORY = 64 << 20
"""What N = 32768, r = 8 and p = 2 need is 32 MiB and a little."""
_SHAPES = {
    "maximum": "anoxxxxxxxxxxxxxxxxx axxxxxxxxxxxxxxxxxno",
    "long": (
        "CvcvnoCvcvCvcv CvcvCvcvnoCvcv CvcvCvcvCvcvno CvccnoCvcvCvcv CvccCvcvnoCvcv CvccCvcvCvcvno CvcvnoCvccCvcv "
        "CvcvCvccnoCvcv CvcvCvccCvcvno CvcvnoCvcvCvcc CvcvCvcvnoCvcc CvcvCvcvCvccno CvccnoCvccCvcv CvccCvccnoCvcv "
        "CvccCvccCvcvno CvcvnoCvccCvcc CvcvCvccnoCvcc CvcvCvccCvccno CvccnoCvcvCvcc CvccCvcvnoCvcc CvccCvcvCvccno"
    ),
    "medium": "CvcnoCvc CvcCvcno",
    "short": "Cvcn",
    "basic": "aaanaaan aannaaan aaannaaa",
    "pin": "nnnn",
}
_LOWER, _UPPER = "bcdfghjklmnpqrstvwxyz", "BCDFGHJKLMNPQRSTVWXYZ"
_CHARACTERS = {
    "V": "AEIOU",
    "C": _UPPER,
    "v": "aeiou",
    "c": _LOWER,
    "a": "AEIOUaeiou" + _UPPER + _LOWER,
    "n": string.digits,
    "o": "@&%?,=[]_:-+*$#!'^~;()/.",
    "x": "AEIOUaeiou" + _UPPER + _LOWER + string.digits + "!@#$%^&*()",
}


def _bcrypt(context: RenderContext, password: str) -> str:
    secret = to_bytes(password)
    if len(secret) > _LONGEST_PASSWORD:
        return "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes"
    import bcrypt  # noqa: PLC0415 - only templates that hash passwords pay for it

    salt = base64.b64encode(context.randomness.bytes(16)).decode().rstrip("=").translate(_TO_BCRYPT)
    return bcrypt.hashpw(secret, f"$2a${_COST}${salt}".encode()).decode()


def _htpasswd(context: RenderContext, user: str, password: str) -> str:
    if ":" in user:
        return f"invalid username: {user}"
    return f"{user}:{_bcrypt(context, password)}"


def _derive_password(counter: int, kind: str, password: str, user: str, site: str) -> str:
    if kind not in _SHAPES:
        return f"cannot find password template {kind}"
    # A number in the template that is too large loses its upper bits.
    count = (counter % (1 << 32)).to_bytes(4)
    key = hashlib.scrypt(
        to_bytes(password),
        salt=_SCOPE + _sized(user),
        n=32768,
        r=8,
        p=2,
        maxmem=_SCRYPT_MEMORY,
        dklen=64,
    )
    seed = hmac.digest(key, _SCOPE + _sized(site) + count, "sha256")
    shapes = _SHAPES[kind].split()
    shape = shapes[seed[0] % len(shapes)]
    classes = [_CHARACTERS[letter] for letter in shape]
    return "".join(
        characters[byte % len(characters)] for characters, byte in zip(classes, seed[1:], strict=False)
    )


def _sized(text: str) -> bytes:
    raw = to_bytes(text)
    return len(raw).to_bytes(4) + raw


FUNCTIONS: dict[str, Function] = {
    "bcrypt": declare("func(string) string", _bcrypt, context=True),
    "derivePassword": declare("func(uint32, string, string, string, string) string", _derive_password),
    "htpasswd": declare("func(string, string) string", _htpasswd, context=True),
}
