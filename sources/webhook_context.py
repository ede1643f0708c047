"""Where a push kind listens: upstream's webhook context (spec-sources 3.1) with a few fields of ours."""

from __future__ import annotations

import re

from pydantic import Field

from events.errors import Finding, Scope, Severity
from events.model import SpecModel
from events.resource import Path, ResourceDocument
from sources.kind_checks import secret_count_findings
from sources.route import Endpoint, path_fault
from sources.selector import SecretSelector, refs
from sources.verify import BearerToken

_DIGITS = re.compile("[0-9]{1,32}", re.ASCII)
_SHOWN_LENGTH = 64
"""A value in a message is cut here (spec: bad-input 1.2)."""
DEFAULT_MAX_PAYLOAD_BYTES = 1_048_576
"""Upstream's default; every recorded delivery fits, GitHub may send 25 MB."""


class WebhookContext(SpecModel):
    """One endpoint of the HTTP front."""

    endpoint: str = ""
    """Path to serve, with a leading slash. `{name}` stands for one segment, `{name:regexp}` for one that matches."""
    port: str = ""
    """TCP port, as a string."""
    method: str = ""
    """Compared exactly by the kind `webhook`; every other kind ignores it."""
    url: str = ""
    """Public base address of this endpoint, for registering hooks."""
    server_cert_secret: SecretSelector | None = None
    """PEM certificate chain; together with `serverKeySecret` the port speaks TLS."""
    server_key_secret: SecretSelector | None = None
    """PEM private key."""
    metadata: dict[str, str] = Field(default_factory=dict)
    """Copied into the event under `metadata` (kind `webhook` only; other kinds have their own field)."""
    auth_secret: SecretSelector | None = None
    """Bearer token that each delivery must carry in `Authorization`."""
    old_auth_secrets: list[SecretSelector] = Field(default_factory=list)
    """Former tokens, at most two, that are still accepted during a rotation."""
    max_payload_size: int = DEFAULT_MAX_PAYLOAD_BYTES
    """Largest body in bytes; a larger one is answered 413."""
    unauthenticated: bool = False
    """True says on purpose that anyone who can reach the endpoint may create events."""

    def bearer(self, namespace: str) -> BearerToken | None:
        """The proof by `authSecret`, if there is one."""
        if self.auth_secret is None:
            return None
        return BearerToken(refs(namespace, self.auth_secret, *self.old_auth_secrets))

    def at(self, namespace: str, *, path: str | None = None) -> Endpoint:
        """The endpoint, on `path` where the kind adds to it."""
        cert = self.server_cert_secret
        key = self.server_key_secret
        is_tls = cert is not None and key is not None
        return Endpoint(
            port=int(self.port),
            path=self.endpoint if path is None else path,
            max_body_bytes=self.max_payload_size,
            cert=cert.ref(namespace) if cert is not None and is_tls else None,
            key=key.ref(namespace) if key is not None and is_tls else None,
        )


def listening_findings(
    document: ResourceDocument, context: WebhookContext | None, path: Path
) -> list[Finding]:
    """Faults of the `webhook` object of a kind that cannot do without it."""
    if context is None:
        return [_error(document, (*path, "webhook"), "is missing", "give it endpoint and port")]
    return context_findings(document, context, (*path, "webhook"))


def context_findings(document: ResourceDocument, context: WebhookContext, path: Path) -> list[Finding]:
    """Faults of a webhook context, with upstream's texts, and traps as warnings."""
    findings: list[Finding] = []
    if not context.endpoint:
        findings.append(
            _error(document, (*path, "endpoint"), "endpoint can't be empty", "write a path such as /push")
        )
    elif fault := path_fault(context.endpoint):
        findings.append(
            _error(document, (*path, "endpoint"), fault, "write a path such as /push", scope=Scope.PART)
        )
    if not context.port:
        findings.append(
            _error(document, (*path, "port"), "port can't be empty", 'write a port such as "12000"')
        )
    elif not _DIGITS.fullmatch(context.port):
        findings.append(
            _error(
                document,
                (*path, "port"),
                f"failed to parse server port {_cut(context.port)}",
                'write digits such as "12000"',
            )
        )
    elif not 1 <= int(context.port) <= 65535:
        findings.append(
            _error(
                document,
                (*path, "port"),
                f"{context.port} is no TCP port",
                "choose one of 1 to 65535",
                scope=Scope.PART,
            )
        )
    return findings + _limit_findings(document, context, path) + _tls_findings(document, context, path)


def _limit_findings(document: ResourceDocument, context: WebhookContext, path: Path) -> list[Finding]:
    findings: list[Finding] = []
    if context.max_payload_size <= 0:
        findings.append(
            _error(
                document,
                (*path, "maxPayloadSize"),
                f"{context.max_payload_size} leaves no room for any body",
                "write a number of bytes above 0, or leave it out for 1048576",
                scope=Scope.PART,
            )
        )
    findings += secret_count_findings(document, context.old_auth_secrets, (*path, "oldAuthSecrets"))
    return findings


def _tls_findings(document: ResourceDocument, context: WebhookContext, path: Path) -> list[Finding]:
    given = {"serverCertSecret": context.server_cert_secret, "serverKeySecret": context.server_key_secret}
    missing = [name for name, selector in given.items() if selector is None]
    if len(missing) != 1:
        return []
    return [
        document.finding(
            (*path, missing[0]),
            "is missing, so the port speaks plain HTTP, as upstream does",
            "give both serverCertSecret and serverKeySecret, or none",
            code="TLSIncomplete",
            severity=Severity.WARNING,
        )
    ]


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_LENGTH else text[:_SHOWN_LENGTH] + "…"


def _error(
    document: ResourceDocument, path: Path, what: str, fix: str, *, scope: Scope = Scope.RESOURCE
) -> Finding:
    return document.finding(path, what, fix, code="InvalidEventSource", scope=scope)
