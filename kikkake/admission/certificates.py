"""The certificates of the admission webhook: an authority of its own, and a serving certificate that it signs. Pure.

Times are arguments. A serving certificate is renewed long before it ends; a new authority is trusted before anything is
signed with it, and the old one stays trusted until what it signed has ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from events.errors import KikkakeError

AUTHORITY, AUTHORITY_KEY, BUNDLE = "ca.crt", "ca.key", "bundle.crt"
CERTIFICATE, KEY = "tls.crt", "tls.key"

_AUTHORITY_DAYS = 365
_SERVING_DAYS = 30
_RENEW_AFTER = 2 / 3
"""Of its life; the authority is renewed while it lives longer than anything that it has signed."""
_SKEW = timedelta(minutes=10)
"""Clocks of an API server may be behind ours."""


class CertificatesUnusable(KikkakeError):
    """What is stored cannot be read, or its parts do not belong together: it is made anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """PEM texts."""

    authority: bytes
    authority_key: bytes = field(repr=False)
    bundle: bytes
    """Every authority that is to be trusted: this one, and former ones that have signed what still lives."""
    certificate: bytes
    key: bytes = field(repr=False)

    @classmethod
    def read(cls, values: Mapping[str, bytes]) -> Certificates:
        """From a Secret's values. Raises CertificatesUnusable."""
        try:
            found = cls(
                authority=values[AUTHORITY],
                authority_key=values[AUTHORITY_KEY],
                bundle=values[BUNDLE],
                certificate=values[CERTIFICATE],
                key=values[KEY],
            )
            x509.load_pem_x509_certificates(found.bundle)
            authority = _read_pair(AUTHORITY, found.authority, found.authority_key)
            _read_pair(CERTIFICATE, found.certificate, found.key).verify_directly_issued_by(authority)
        except (KeyError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise CertificatesUnusable(
                f"the stored certificates cannot be read: {type(error).__name__}"
            ) from error
        except InvalidSignature as error:
            raise CertificatesUnusable(
                f"{CERTIFICATE} is signed by another authority than {AUTHORITY}"
            ) from error
        return found

    def values(self) -> dict[str, bytes]:
        """For a Secret."""
        return {
            AUTHORITY: self.authority,
            AUTHORITY_KEY: self.authority_key,
            BUNDLE: self.bundle,
            CERTIFICATE: self.certificate,
            KEY: self.key,
        }

    def serves(self, names: Sequence[str]) -> bool:
        """Whether the serving certificate is for these DNS names."""
        found = x509.load_pem_x509_certificate(self.certificate)
        try:
            extension = found.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        except x509.ExtensionNotFound:
            return False
        return set(extension.value.get_values_for_type(x509.DNSName)) == set(names)


def renewed(stored: Certificates | None, names: Sequence[str], now: datetime) -> Certificates:
    """What is to be used now: `stored` itself where all of it is good for a while yet."""
    if stored is None:
        authority, key = _make_authority(now)
        return _signed(authority, key, authority, names, now)
    bundle = _living(stored.bundle, now)
    if _is_old(stored.authority, now):
        authority, key = _make_authority(now)
        # The old one stays trusted: API servers and other replicas learn of the new one with delay.
        return _signed(authority, key, authority + bundle, names, now)
    if _is_old(stored.certificate, now) or not stored.serves(names):
        return _signed(stored.authority, stored.authority_key, bundle, names, now)
    if bundle != stored.bundle:
        return Certificates(
            authority=stored.authority,
            authority_key=stored.authority_key,
            bundle=bundle,
            certificate=stored.certificate,
            key=stored.key,
        )
    return stored


def _read_pair(name: str, pem: bytes, key_pem: bytes) -> x509.Certificate:
    """A certificate with its key. Raises CertificatesUnusable where they are no pair, else what cryptography raises."""
    found = x509.load_pem_x509_certificate(pem)
    key = serialization.load_pem_private_key(key_pem, password=None)
    if key.public_key() != found.public_key():
        raise CertificatesUnusable(f"the stored key of {name} does not fit it")
    return found


def _is_old(pem: bytes, now: datetime) -> bool:
    found = x509.load_pem_x509_certificate(pem)
    life = found.not_valid_after_utc - found.not_valid_before_utc
    return now >= found.not_valid_before_utc + life * _RENEW_AFTER


def _living(bundle: bytes, now: datetime) -> bytes:
    """Without what has ended."""
    found = x509.load_pem_x509_certificates(bundle)
    return b"".join(
        each.public_bytes(serialization.Encoding.PEM) for each in found if each.not_valid_after_utc > now
    )


def _make_authority(now: datetime) -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"kikkake-admission {now:%Y-%m-%d}")])
    certificate = (
        _builder(name, name, key.public_key(), now, _AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM), _pem(key)


def _signed(
    authority: bytes, authority_key: bytes, bundle: bytes, names: Sequence[str], now: datetime
) -> Certificates:
    issuer = x509.load_pem_x509_certificate(authority)
    signing = serialization.load_pem_private_key(authority_key, password=None)
    if not isinstance(signing, ec.EllipticCurvePrivateKey):
        raise CertificatesUnusable("the stored authority has another kind of key than ours")
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    certificate = (
        _builder(subject, issuer.subject, key.public_key(), now, _SERVING_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False
        )
        .sign(signing, hashes.SHA256())
    )
    return Certificates(
        authority=authority,
        authority_key=authority_key,
        bundle=bundle,
        certificate=certificate.public_bytes(serialization.Encoding.PEM),
        key=_pem(key),
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now.astimezone(UTC) - _SKEW)
        .not_valid_after(now.astimezone(UTC) + timedelta(days=days))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
