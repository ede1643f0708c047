"""Certificates as people and restores leave them in the Secret: a webhook that ends over them locks its namespaces."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from events.clock import ManualClock
from kikkake.admission.certificates import renewed
from kikkake.admission.rotation import Rotation, RotationSettings
from kikkake.testing.cluster import Cluster
from kikkake.testing.scripted_kube import ScriptedKube
from tests.sources.front import until

NAMES = ("kikkake-admission.kikkake.svc",)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
CONFIGURATION = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingWebhookConfiguration",
    "metadata": {"name": "kikkake-admission"},
    "webhooks": [{"name": "resources.kikkake.io", "clientConfig": {}}],
}


def secret(values):
    data = {name: base64.b64encode(pem).decode() for name, pem in values.items()}
    metadata = {"name": "kikkake-admission-certs", "namespace": "kikkake"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}


def pem_of(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def text_of(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def others_key():
    """Written by hand, or put together from two backups."""
    return {**renewed(None, NAMES, NOW).values(), "tls.key": renewed(None, NAMES, NOW).values()["tls.key"]}


def rsa_authority():
    """Fits, and is nothing that we sign with; what it signed has no name of ours."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "theirs")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=100))
        .sign(key, hashes.SHA256())
    )
    pem, text = pem_of(made), text_of(key)
    return {"ca.crt": pem, "ca.key": text, "bundle.crt": pem, "tls.crt": pem, "tls.key": text}


@pytest.mark.parametrize("stored", [others_key, rsa_authority])
async def test_certificates_that_do_not_belong_together_are_made_anew(stored, caplog):
    clock = ManualClock(round(NOW.timestamp() * 1_000_000))
    values = stored()
    cluster = Cluster([secret(values), CONFIGURATION], clock)
    settings = RotationSettings(namespace="kikkake", names=NAMES)
    rotation = Rotation(ScriptedKube(cluster, iter(())), clock, settings)

    await rotation.begin()

    assert rotation.trouble == ""
    live = cluster.find(("v1", "Secret", "kikkake", "kikkake-admission-certs"))
    assert live["data"] == secret(rotation.current.values())["data"]
    assert rotation.current.serves(NAMES)
    assert rotation.current.authority != values["ca.crt"]
    assert "admission.certificates-unusable" in [record.getMessage() for record in caplog.records]


def weak_key():
    """A pair that fits, signed by our own authority and good for a month, with a key that no TLS library takes."""
    good = renewed(None, NAMES, NOW)
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    model = x509.load_pem_x509_certificate(good.certificate)
    builder = (
        x509.CertificateBuilder()
        .subject_name(model.subject)
        .issuer_name(model.issuer)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(model.not_valid_before_utc)
        .not_valid_after(model.not_valid_after_utc)
    )
    for each in model.extensions:
        builder = builder.add_extension(each.value, each.critical)
    signing = serialization.load_pem_private_key(good.authority_key, password=None)
    made = builder.sign(signing, hashes.SHA256())
    return {**good.values(), "tls.crt": pem_of(made), "tls.key": text_of(key)}


async def test_what_the_tls_library_refuses_is_made_anew_too():
    clock = ManualClock(round(NOW.timestamp() * 1_000_000))
    cluster = Cluster([secret(weak_key()), CONFIGURATION], clock)
    kube = ScriptedKube(cluster, iter(()))
    rotation = Rotation(kube, clock, RotationSettings(namespace="kikkake", names=NAMES))
    beginning = asyncio.create_task(rotation.begin(), name="begin")

    await until(lambda: "cannot be served and are made anew" in rotation.trouble)
    clock.advance(3)
    async with asyncio.timeout(20):
        await beginning
    assert rotation.trouble == ""
