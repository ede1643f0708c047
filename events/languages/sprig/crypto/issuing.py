"""Writing X.509 certificates: subject, validity, alternative names, extensions, signature (RFC 5280)."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from events.errors import KikkakeError
from events.languages.go_bytes import to_bytes
from events.languages.go_template.functions import FunctionError, RenderContext
from events.languages.go_template.plain import print_value
from events.languages.go_template.quoting import quote
from events.languages.go_values import wrap64

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST = datetime(1950, 1, 1, tzinfo=UTC)
"""What the encoder can write."""
_DAY_NS = 86_400 * 10**9
_LONGEST_NAME = 64


class CannotSign(KikkakeError):
    """Go's `x509.CreateCertificate` would refuse it; the message is Go's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a certificate shall say."""

    name: str
    addresses: tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, ...] = ()
    hosts: tuple[str, ...] = ()
    not_before: datetime
    not_after: datetime
    serial: int
    is_authority: bool = False


def wish_for(
    context: RenderContext,
    name: str,
    days: int,
    *,
    addresses: list[object] | None = None,
    hosts: list[object] | None = None,
    is_authority: bool = False,
) -> Wish:
    end_ns = context.now_ns + wrap64(days * _DAY_NS)
    # The encoder refuses an end before the start, which Go writes: expired it is either way.
    start, end = (
        max(_EARLIEST, _EPOCH + timedelta(seconds=moment // 10**9))
        for moment in (min(context.now_ns, end_ns), end_ns)
    )
    return Wish(
        name=name,
        addresses=tuple(_address(address) for address in addresses or ()),
        hosts=tuple(_host(host) for host in hosts or ()),
        not_before=start,
        not_after=end,
        serial=int.from_bytes(context.randomness.bytes(16)) or 1,
        is_authority=is_authority,
    )


def _address(value: object) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    if not isinstance(value, str):
        raise FunctionError(f"error parsing ip: {print_value(value)} is not a string")
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        raise FunctionError(f"error parsing ip: {value}") from None
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            raise FunctionError(f"error parsing ip: {value}")
        return address.ipv4_mapped or address
    return address


def _host(value: object) -> str:
    if not isinstance(value, str):
        raise FunctionError(f"error processing alternate dns name: {print_value(value)} is not a string")
    return value


def issue(
    wish: Wish, key: PrivateKeyTypes, issuer: x509.Certificate | None, issuer_key: PrivateKeyTypes
) -> str:
    """The signed certificate as PEM; without an issuer it is its own.

    Raises:
        CannotSign: one of the keys is of no use for that, or a name cannot be written.
    """
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415 - see the package

    hash_for_key = _hash_for(issuer_key)
    if issuer is not None and issuer_key.public_key() != issuer.public_key():
        raise CannotSign("x509: provided PrivateKey doesn't match parent's PublicKey")
    signed = _builder(wish, key, issuer).sign(issuer_key, hash_for_key)  # type: ignore[arg-type]  # checked by _hash_for
    return signed.public_bytes(Encoding.PEM).decode()


def _builder(wish: Wish, key: PrivateKeyTypes, issuer: x509.Certificate | None) -> x509.CertificateBuilder:
    from cryptography import x509  # noqa: PLC0415 - see the package
    from cryptography.hazmat.primitives.asymmetric import dsa  # noqa: PLC0415
    from cryptography.x509.oid import ExtendedKeyUsageOID  # noqa: PLC0415

    if isinstance(key, dsa.DSAPrivateKey):
        raise CannotSign("x509: unsupported public key type: *dsa.PublicKey")
    subject = _subject(wish.name)
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer is not None else subject)
        .public_key(key.public_key())  # type: ignore[arg-type]  # the encoder says what it cannot write
        .serial_number(wish.serial)
        .not_valid_before(wish.not_before)
        .not_valid_after(wish.not_after)
        .add_extension(_key_usage(wish), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(x509.BasicConstraints(wish.is_authority, path_length=None), critical=True)
    )
    if wish.is_authority:
        own_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())  # type: ignore[arg-type]  # as above
        builder = builder.add_extension(own_id, critical=False)
    issuer_id = _key_id(issuer) if issuer is not None and issuer.subject != subject else None
    if issuer_id is not None:
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier(
                issuer_id, authority_cert_issuer=None, authority_cert_serial_number=None
            ),
            critical=False,
        )
    names = _alternative_names(wish)
    if names:
        # Where the subject is empty these names are all that there is (RFC 5280, 4.2.1.6).
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=not wish.name)
    return builder


def _subject(name: str) -> x509.Name:
    from cryptography import x509  # noqa: PLC0415 - see the package
    from cryptography.x509.oid import NameOID  # noqa: PLC0415

    if not name:
        return x509.Name([])
    if len(to_bytes(name)) > _LONGEST_NAME:
        raise CannotSign(f"the common name has more than the {_LONGEST_NAME} bytes that RFC 5280 allows")
    try:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    except ValueError:  # bytes that are no UTF-8
        raise CannotSign("invalid UTF-8 string") from None


def _key_usage(wish: Wish) -> x509.KeyUsage:
    from cryptography import x509  # noqa: PLC0415 - see the package

    return x509.KeyUsage(
        digital_signature=True,
        key_encipherment=True,
        key_cert_sign=wish.is_authority,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _key_id(issuer: x509.Certificate) -> bytes | None:
    from cryptography import x509  # noqa: PLC0415 - see the package

    try:
        return issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return None


def _alternative_names(wish: Wish) -> list[x509.GeneralName]:
    from cryptography import x509  # noqa: PLC0415 - see the package

    for host in wish.hosts:
        if not host.isascii():
            raise CannotSign(f"x509: {quote(host)} cannot be encoded as an IA5String")
    names: list[x509.GeneralName] = [x509.DNSName(host) for host in wish.hosts]
    return names + [x509.IPAddress(address) for address in wish.addresses]


def _hash_for(key: PrivateKeyTypes) -> object:
    """The hash that Go signs with; None for Ed25519, which has its own."""
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - see the package
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa  # noqa: PLC0415

    if isinstance(key, rsa.RSAPrivateKey):
        return hashes.SHA256()
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return None
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return {"secp384r1": hashes.SHA384(), "secp521r1": hashes.SHA512()}.get(
            key.curve.name, hashes.SHA256()
        )
    raise CannotSign("x509: certificate private key does not implement crypto.Signer")
