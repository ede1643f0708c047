"""TLS of a client connection from a trigger's `tls` block (spec-sensors 1.5), with certificates from Secrets."""

from __future__ import annotations

import hashlib
import ssl
import tempfile
from collections import OrderedDict
from pathlib import Path

import msgspec

from events.errors import KikkakeError
from events.ports import SecretRef, Secrets
from sensors.spec import SecretKeySelector, TLSConfig

_MAX_CONTEXTS = 8
"""Contexts of former certificates that are kept: a rotation needs two."""


class TLSUnusable(KikkakeError):
    """The certificates cannot be used; the text says which, never what they hold."""


class TLSRefs(msgspec.Struct, frozen=True, omit_defaults=True):
    """A `tls` block as it stands in what is rendered: references, no certificates."""

    ca: SecretRef | None = None
    certificate: SecretRef | None = None
    key: SecretRef | None = None
    insecure: bool = False


def tls_fault(config: TLSConfig) -> str:
    """Upstream's text where the block cannot be used, else an empty one."""
    if config.insecure_skip_verify or config.enabled:
        return ""
    certificate, key = config.client_cert_secret, config.client_key_secret
    if config.ca_cert_secret is None and certificate is None and key is None:
        return (
            "invalid tls config, neither of caCertSecret, clientCertSecret and clientKeySecret is configured"
        )
    if (certificate is None) != (key is None):
        return "invalid tls config, both of clientCertSecret and clientKeySecret need to be configured"
    return ""


def tls_refs(config: TLSConfig, namespace: str) -> TLSRefs:
    """The block as references into `namespace`. A lone half of the client's pair is ignored, as upstream."""
    if config.insecure_skip_verify:
        return TLSRefs(insecure=True)
    pair = (config.client_cert_secret, config.client_key_secret)
    is_whole = None not in pair
    return TLSRefs(
        ca=secret_ref(config.ca_cert_secret, namespace),
        certificate=secret_ref(pair[0], namespace) if is_whole else None,
        key=secret_ref(pair[1], namespace) if is_whole else None,
    )


def secret_ref(selector: SecretKeySelector | None, namespace: str, kind: str = "Secret") -> SecretRef | None:
    """A selector of a resource as a reference into its namespace."""
    return None if selector is None else SecretRef(namespace, selector.name, selector.key, kind)


class TLSContexts:
    """Makes contexts and keeps them as long as the certificates stay the same, so that connections are reused."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._contexts: OrderedDict[bytes, ssl.SSLContext] = OrderedDict()

    async def context(self, refs: TLSRefs) -> ssl.SSLContext:
        """For one attempt, with the certificates as they are now. Raises SecretUnavailable, TLSUnusable."""
        parts = [
            b"" if ref is None else await self._secrets.read(ref)
            for ref in (refs.ca, refs.certificate, refs.key)
        ]
        digest = hashlib.sha256(b"\0".join([*parts, b"insecure" if refs.insecure else b""])).digest()
        if digest not in self._contexts:
            self._contexts[digest] = _make(refs, parts)
            if len(self._contexts) > _MAX_CONTEXTS:
                self._contexts.popitem(last=False)
        self._contexts.move_to_end(digest)
        return self._contexts[digest]


def _make(refs: TLSRefs, parts: list[bytes]) -> ssl.SSLContext:
    ca, certificate, key = parts
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if refs.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    try:
        if refs.ca is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(cadata=ca.decode())
    except (ssl.SSLError, ValueError) as error:
        raise TLSUnusable(f"{refs.ca} holds no usable PEM certificate") from error
    if refs.certificate is not None:
        _load_pair(context, refs, certificate, key)
    return context


def _load_pair(context: ssl.SSLContext, refs: TLSRefs, certificate: bytes, key: bytes) -> None:
    # The standard library reads a pair from files alone: a folder that only we may read, and only for the moment.
    with tempfile.TemporaryDirectory(prefix="kikkake-") as folder:
        certificate_file, key_file = Path(folder) / "tls.crt", Path(folder) / "tls.key"
        certificate_file.write_bytes(certificate)
        key_file.write_bytes(key)
        try:
            # A password is never asked for: an encrypted key is refused instead of waiting at the terminal.
            context.load_cert_chain(certificate_file, key_file, password=b"")
        except (ssl.SSLError, ValueError) as error:
            raise TLSUnusable(f"{refs.certificate} and {refs.key} are no usable PEM pair") from error
