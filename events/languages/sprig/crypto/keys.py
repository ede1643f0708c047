"""Private keys: making them (`genPrivateKey`), and reading and writing the forms that sprig knows.

RSA keys are PKCS #1, those of elliptic curves SEC 1, DSA keys OpenSSL's own form, all others PKCS #8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from events.errors import KikkakeError
from events.languages.go_template.functions import Function, declare
from events.languages.sprig.crypto.pem import first_block

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

_KINDS = frozenset({"RSA", "EC", "DSA"})


class UnreadableKey(KikkakeError):
    """The text holds no private key; the message is sprig's, as far as it does not quote Go's ASN.1 reader."""


def generate_rsa(bits: int) -> PrivateKeyTypes:
    """An RSA key; 2048 bits take about 30 ms, 4096 bits up to seconds."""
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 - see the package

    return rsa.generate_private_key(65537, bits)


def read_private_key(text: str) -> PrivateKeyTypes:
    """The private key in the first PEM block of a text.

    Raises:
        UnreadableKey: there is none, or it is damaged.
    """
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - see the package
    from cryptography.hazmat.primitives.serialization import load_der_private_key  # noqa: PLC0415

    block = first_block(text)
    if block is None:
        raise UnreadableKey("no PEM data in input")
    kind = block.kind.removesuffix("PRIVATE KEY").rstrip(" ")
    if block.kind != "PRIVATE KEY":
        if not block.kind.endswith(" PRIVATE KEY"):
            raise UnreadableKey(f"no private key data in PEM block of type {block.kind}")
        if kind not in _KINDS:
            raise UnreadableKey(f"invalid private key type {kind}")
    try:
        return load_der_private_key(block.content, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Neither the reader's nor OpenSSL's message: they could quote what they read.
        where = f"parsing {kind} private key from PEM" if kind else "decoding PEM as PKCS#8"
        raise UnreadableKey(f"{where}: the block holds no such key") from None


def write_private_key(key: PrivateKeyTypes) -> str:
    """The key as PEM, in the form that its kind has."""
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa  # noqa: PLC0415 - see the package
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    has_own_form = isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | dsa.DSAPrivateKey)
    form = PrivateFormat.TraditionalOpenSSL if has_own_form else PrivateFormat.PKCS8
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def _generate(kind: str) -> str:
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519  # noqa: PLC0415 - see the package

    if kind in {"", "rsa"}:
        return write_private_key(generate_rsa(4096))
    if kind == "dsa":
        return write_private_key(dsa.generate_private_key(2048))
    if kind == "ecdsa":
        return write_private_key(ec.generate_private_key(ec.SECP256R1()))
    if kind == "ed25519":
        return write_private_key(ed25519.Ed25519PrivateKey.generate())
    return f"Unknown type {kind}"


FUNCTIONS: dict[str, Function] = {"genPrivateKey": declare("func(string) string", _generate)}
