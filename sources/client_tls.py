"""TLS of a source that connects to a broker: the block `tls` of pull kinds (spec-sources 1.3).

Two differences on purpose: a CA without a certificate is an error (upstream trusts an empty pool, which refuses
everybody), and a client certificate is shown with `insecureSkipVerify` too.
"""

from __future__ import annotations

import os
import re
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path

from events.errors import KikkakeError
from events.model import SpecModel
from events.ports import SecretRef
from sources.selector import SecretSelector, refs


class ClientTls(SpecModel):
    """TLS towards a broker."""

    ca_cert_secret: SecretSelector | None = None
    """Certificates of the authorities to trust, in PEM; they replace the system's."""
    client_cert_secret: SecretSelector | None = None
    """The certificate to show, in PEM."""
    client_key_secret: SecretSelector | None = None
    """Its private key, in PEM."""
    insecure_skip_verify: bool = False
    """Do not verify who the broker is."""
    enabled: bool = False
    """TLS with the system's authorities and no client certificate, where no secret is given."""

    def fault(self) -> str:
        """Why upstream refuses this block, in its words; empty where it does not."""
        if self.insecure_skip_verify:
            return ""
        if (self.client_cert_secret is None) != (self.client_key_secret is None):
            return "invalid tls config, both clientCertSecret and clientKeySecret need to be configured"
        if not (self.enabled or self.ca_cert_secret or self.client_cert_secret):
            return (
                "invalid tls config, please configure either caCertSecret, "
                "or clientCertSecret and clientKeySecret, or both"
            )
        return ""

    def secret_refs(self, namespace: str) -> tuple[SecretRef, ...]:
        return refs(namespace, self.ca_cert_secret, self.client_cert_secret, self.client_key_secret)


class TlsUnusable(KikkakeError):
    """The certificates that `tls` names cannot be used; the text says which secret, never its content."""


def ssl_context(tls: ClientTls, namespace: str, secrets: Mapping[SecretRef, bytes]) -> ssl.SSLContext:
    """The context of a connection with these settings. Raises TlsUnusable."""
    context = ssl.create_default_context()
    if tls.ca_cert_secret is not None:
        context = _trusting(tls.ca_cert_secret.ref(namespace), secrets)
    if tls.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.client_cert_secret is not None and tls.client_key_secret is not None:
        certificate, key = (s.ref(namespace) for s in (tls.client_cert_secret, tls.client_key_secret))
        _show(context, certificate, key, secrets)
    return context


def _trusting(authority: SecretRef, secrets: Mapping[SecretRef, bytes]) -> ssl.SSLContext:
    try:
        # An empty text would mean the system's authorities: the space makes it a text without a certificate.
        context = ssl.create_default_context(cadata=secrets[authority].decode("ascii") + " ")
    except (ssl.SSLError, UnicodeDecodeError, ValueError) as error:
        raise TlsUnusable(f"tls.caCertSecret: {authority} has no usable PEM certificate") from error
    if not context.get_ca_certs():
        raise TlsUnusable(f"tls.caCertSecret: {authority} has no PEM certificate of an authority")
    return context


def _show(
    context: ssl.SSLContext, certificate: SecretRef, key: SecretRef, secrets: Mapping[SecretRef, bytes]
) -> None:
    # Python's TLS takes a key pair from a file only: it lies there, readable by us alone, while it is read.
    with tempfile.TemporaryDirectory(prefix="kikkake-tls-") as folder:
        pair = Path(folder) / "pair.pem"
        with os.fdopen(os.open(pair, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets[key] + b"\n" + secrets[certificate])
        try:
            context.load_cert_chain(pair, password=_no_password)
        except (ssl.SSLError, ValueError) as error:
            reason = re.sub(r"\s*\(_ssl\.c:\d+\)", "", str(error))
            raise TlsUnusable(f"tls: {certificate} and {key} are no usable key pair: {reason}") from error


def _no_password() -> str:
    """An encrypted key is a fault with a text, never a prompt on the terminal."""
    raise ValueError("the key is encrypted")
