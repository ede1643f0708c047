"""sprig: hashes, password hashes, AES, private keys and certificates.

`cryptography` and `bcrypt` are imported when a function that needs them is called.
"""

from __future__ import annotations

from events.languages.go_template.functions import Function
from events.languages.sprig.crypto import certificates, cipher, hashes, keys, passwords

FUNCTIONS: dict[str, Function] = {
    **hashes.FUNCTIONS,
    **passwords.FUNCTIONS,
    **cipher.FUNCTIONS,
    **keys.FUNCTIONS,
    **certificates.FUNCTIONS,
}
