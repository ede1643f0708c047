"""The webhook's own certificates: trusted from the first to the last second, and renewed long before they end."""

import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature

from kikkake.admission.certificates import Certificates, CertificatesUnusable, renewed

NAMES = ("kikkake-admission.kikkake.svc",)
START = datetime(2026, 1, 1, tzinfo=UTC)
OTHERS = renewed(None, NAMES, START).values()
"""Good ones of somebody else."""


def at(days):
    return START + timedelta(days=days)


def certificate(pem):
    return x509.load_pem_x509_certificate(pem)


def is_trusted(serving, bundle, now):
    """As a TLS client checks it: signed by one of the bundle, and all of them alive."""
    leaf = certificate(serving)
    for authority in x509.load_pem_x509_certificates(bundle):
        try:
            leaf.verify_directly_issued_by(authority)
        except (ValueError, TypeError, InvalidSignature):
            continue  # another authority has signed it
        return all(each.not_valid_before_utc <= now <= each.not_valid_after_utc for each in (leaf, authority))
    return False


def test_what_is_good_for_a_while_stays():
    first = renewed(None, NAMES, START)
    assert renewed(first, NAMES, at(19)) is first
    assert is_trusted(first.certificate, first.bundle, START)


def test_a_serving_certificate_is_renewed_after_two_thirds_of_its_life_by_the_same_authority():
    first = renewed(None, NAMES, START)
    second = renewed(first, NAMES, at(21))
    assert second.certificate != first.certificate
    assert (second.authority, second.bundle) == (first.authority, first.bundle)


def test_over_ten_years_old_and_new_certificates_are_trusted_while_replicas_change_over():
    stored = renewed(None, NAMES, START)
    for day in range(3650):
        now = at(day)
        newer = renewed(stored, NAMES, now)
        # The bundle is announced first; a replica that has not looked yet still serves the old certificate.
        assert is_trusted(stored.certificate, newer.bundle, now), day
        assert is_trusted(newer.certificate, newer.bundle, now), day
        stored = newer
        assert len(x509.load_pem_x509_certificates(stored.bundle)) <= 3


def test_other_names_ask_for_another_certificate():
    first = renewed(None, NAMES, START)
    second = renewed(first, ("other.kikkake.svc",), START)
    assert second.serves(["other.kikkake.svc"])
    assert second.authority == first.authority


def test_a_tls_context_takes_it(tmp_path):
    made = renewed(None, NAMES, datetime.now(UTC))
    (tmp_path / "crt").write_bytes(made.certificate)
    (tmp_path / "key").write_bytes(made.key)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tmp_path / "crt", tmp_path / "key")


@pytest.mark.parametrize(
    "spoil",
    [
        dict.clear,
        lambda v: v.update({"tls.key": b"x"}),
        lambda v: v.pop("ca.crt"),
        lambda v: v.update({"tls.key": OTHERS["tls.key"]}),
        lambda v: v.update({"ca.key": OTHERS["ca.key"]}),
        lambda v: v.update({name: OTHERS[name] for name in ("tls.crt", "tls.key")}),
    ],
    ids=["empty", "no key", "no authority", "another's key", "another authority's key", "another's pair"],
)
def test_what_cannot_be_read_says_so_and_shows_nothing(spoil):
    values = renewed(None, NAMES, START).values()
    spoil(values)
    with pytest.raises(CertificatesUnusable) as refused:
        Certificates.read(values)
    assert "PRIVATE" not in str(refused.value)


def test_keys_stand_in_no_repr():
    assert "PRIVATE" not in repr(renewed(None, NAMES, START))
