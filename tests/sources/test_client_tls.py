import ssl
from pathlib import Path

import pytest

from events.ports import SecretRef
from sources.client_tls import ClientTls, TlsUnusable, ssl_context
from sources.selector import SecretSelector
from tests.servers.certificates import Certificates

_CA = SecretSelector(name="broker", key="ca.crt")
_CERT = SecretSelector(name="broker", key="tls.crt")
_KEY = SecretSelector(name="broker", key="tls.key")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates.make(tmp_path_factory.mktemp("pki"))


def values(certificates: Certificates, **changes: bytes) -> dict[SecretRef, bytes]:
    found = {
        "ca.crt": certificates.ca.read_bytes(),
        "tls.crt": certificates.server.read_bytes(),
        "tls.key": certificates.server_key.read_bytes(),
        **{name.replace("_", "."): value for name, value in changes.items()},
    }
    return {SecretRef("ci", "broker", key): value for key, value in found.items()}


@pytest.mark.parametrize(
    ("tls", "fault"),
    [
        (
            ClientTls(),
            "please configure either caCertSecret, or clientCertSecret and clientKeySecret, or both",
        ),
        (ClientTls(enabled=True), ""),
        (ClientTls(insecure_skip_verify=True, client_cert_secret=_CERT), ""),
        (ClientTls(ca_cert_secret=_CA), ""),
        (ClientTls(client_cert_secret=_CERT, client_key_secret=_KEY), ""),
        (
            ClientTls(client_cert_secret=_CERT),
            "both clientCertSecret and clientKeySecret need to be configured",
        ),
        (
            ClientTls(enabled=True, client_key_secret=_KEY),
            "both clientCertSecret and clientKeySecret need to be configured",
        ),
    ],
)
def test_faults_have_the_words_of_upstream(tls: ClientTls, fault: str) -> None:
    assert tls.fault() == (f"invalid tls config, {fault}" if fault else "")


def test_a_given_authority_replaces_those_of_the_system(certificates: Certificates) -> None:
    context = ssl_context(ClientTls(ca_cert_secret=_CA), "ci", values(certificates))

    assert len(context.get_ca_certs()) == 1
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_skipping_verification_verifies_nothing() -> None:
    context = ssl_context(ClientTls(insecure_skip_verify=True), "ci", {})

    assert context.verify_mode is ssl.CERT_NONE
    assert not context.check_hostname


def test_a_client_certificate_is_taken_and_no_file_is_left(
    certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    tls = ClientTls(ca_cert_secret=_CA, client_cert_secret=_CERT, client_key_secret=_KEY)

    ssl_context(tls, "ci", values(certificates))

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"no certificate", b"\xff\xfe"])
def test_an_authority_without_a_certificate_is_refused_by_name(
    certificates: Certificates, content: bytes
) -> None:
    with pytest.raises(TlsUnusable, match=r"tls\.caCertSecret: secret ci/broker key `ca\.crt` has no"):
        ssl_context(ClientTls(ca_cert_secret=_CA), "ci", values(certificates, ca_crt=content))


def test_a_key_that_belongs_to_another_certificate_is_refused_by_name(certificates: Certificates) -> None:
    tls = ClientTls(client_cert_secret=_CERT, client_key_secret=_KEY)

    with pytest.raises(
        TlsUnusable, match=r"`tls\.crt` and secret ci/broker key `tls\.key` are no usable key pair"
    ):
        ssl_context(tls, "ci", values(certificates, tls_crt=certificates.ca.read_bytes()))
