"""X.509 certificates: `genCA`, `genSelfSignedCert`, `genSignedCert`, the same with a given key, `buildCustomCert`.

A new key is RSA with 2048 bits. Certificates are good for servers and clients from now on; those of an authority may
sign others. RFC 5280 has the terms.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from events.languages.go_bytes import to_text
from events.languages.go_template.functions import Function, FunctionError, RenderContext, declare
from events.languages.go_values import GoObject
from events.languages.sprig.crypto.issuing import CannotSign, Wish, issue, wish_for
from events.languages.sprig.crypto.keys import (
    UnreadableKey,
    generate_rsa,
    read_private_key,
    write_private_key,
)
from events.languages.sprig.crypto.pem import first_block

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

_KEY_BITS = 2048


@dataclass(frozen=True, slots=True)
class Certificate(GoObject):
    """A certificate and its private key, both PEM: `.Cert` and `.Key`."""

    go_type: ClassVar[str] = "sprig.certificate"
    go_fields: ClassVar[dict[str, str]] = {"Cert": "cert", "Key": "key"}

    cert: str
    key: str


def _certify(
    wish: Wish, key: PrivateKeyTypes, issuer: x509.Certificate | None, issuer_key: PrivateKeyTypes
) -> Certificate:
    try:
        return Certificate(issue(wish, key, issuer, issuer_key), write_private_key(key))
    except CannotSign as fault:
        raise FunctionError(f"error creating certificate: {fault}") from None


def _given_key(text: str) -> PrivateKeyTypes:
    try:
        return read_private_key(text)
    except UnreadableKey as fault:
        raise FunctionError(f"parsing private key: {fault}") from None


def _authority(
    context: RenderContext, name: str, days: int, key: PrivateKeyTypes | None = None
) -> Certificate:
    key = key or generate_rsa(_KEY_BITS)
    return _certify(wish_for(context, name, days, is_authority=True), key, None, key)


def _authority_with_key(context: RenderContext, name: str, days: int, key: str) -> Certificate:
    return _authority(context, name, days, _given_key(key))


def _self_signed(
    context: RenderContext,
    name: str,
    addresses: list[object] | None,
    hosts: list[object] | None,
    days: int,
    key: str | None = None,
) -> Certificate:
    own_key = generate_rsa(_KEY_BITS) if key is None else _given_key(key)
    wish = wish_for(context, name, days, addresses=addresses, hosts=hosts)
    return _certify(wish, own_key, None, own_key)


def _signed(
    context: RenderContext,
    name: str,
    addresses: list[object] | None,
    hosts: list[object] | None,
    days: int,
    authority: Certificate,
    key: str | None = None,
) -> Certificate:
    own_key = generate_rsa(_KEY_BITS) if key is None else _given_key(key)
    block = first_block(authority.cert)
    if block is None:
        raise FunctionError("unable to decode certificate")
    issuer = _read_certificate(block.content, "decodedSignerCert")
    try:
        issuer_key = read_private_key(authority.key)
    except UnreadableKey as fault:
        raise FunctionError(f"error parsing private key: {fault}") from None
    wish = wish_for(context, name, days, addresses=addresses, hosts=hosts)
    return _certify(wish, own_key, issuer, issuer_key)


def _read_certificate(content: bytes, name: str) -> x509.Certificate:
    from cryptography import x509  # noqa: PLC0415 - see the package

    try:
        certificate = x509.load_der_x509_certificate(content)
        certificate.public_key()
    except (ValueError, TypeError, x509.InvalidVersion):
        raise FunctionError(
            f"error parsing certificate: {name}.Bytes: the block holds no certificate"
        ) from None
    return certificate


def _build_custom(packed_certificate: str, packed_key: str) -> Certificate:
    """Both texts out of base64, once they are checked."""
    certificate = _unpacked(packed_certificate, "certificate")
    key = _unpacked(packed_key, "private key")
    block = first_block(certificate)
    if block is None:
        raise FunctionError("unable to decode certificate")
    _read_certificate(block.content, "decodedCert")
    try:
        read_private_key(key)
    except UnreadableKey as fault:
        raise FunctionError(f"error parsing private key: {fault}") from None
    return Certificate(certificate, key)


def _unpacked(text: str, name: str) -> str:
    try:
        raw = base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        raise FunctionError(f"unable to decode base64 {name}") from None
    return to_text(raw)


def _declare(parameters: str, call: Callable[..., Certificate]) -> Function:
    return declare(f"func({parameters}) (sprig.certificate, error)", call, context=True)


FUNCTIONS: dict[str, Function] = {
    "buildCustomCert": declare("func(string, string) (sprig.certificate, error)", _build_custom),
    "genCA": _declare("string, int", _authority),
    "genCAWithKey": _declare("string, int, string", _authority_with_key),
    "genSelfSignedCert": _declare("string, []any, []any, int", _self_signed),
    "genSelfSignedCertWithKey": _declare("string, []any, []any, int, string", _self_signed),
    "genSignedCert": _declare("string, []any, []any, int, sprig.certificate", _signed),
    "genSignedCertWithKey": _declare("string, []any, []any, int, sprig.certificate, string", _signed),
}
