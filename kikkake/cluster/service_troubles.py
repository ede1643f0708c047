"""Why an EventSource has no Service, in words that say what to do. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from events.errors import Finding, Severity
from events.ports import KubeError, Object
from events.resource import ResourceDocument
from events.shell import command
from kikkake.cluster.service_memory import Source
from kikkake.cluster.service_objects import maker_of

_USER = re.compile(r'User "(?P<user>[^"]+)" cannot ')
_ACCOUNT = re.compile(r"system:serviceaccount:(?P<namespace>[^:]+):(?P<name>[^:]+)")
_LONGEST_ANSWER = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One reason."""

    code: str
    what: str
    fix: str = ""

    def finding(self, document: ResourceDocument) -> Finding:
        """For the status of the EventSource."""
        return document.finding(("spec", "service"), self.what, self.fix, code=self.code)


def no_address() -> Trouble:
    """Nobody has told the gateway where it is."""
    return Trouble(
        code="NoAddress",
        what="the gateway does not know its own address, so no Service can lead to it",
        fix="start it with --advertise-address, or with POD_IP in its environment",
    )


def taken(found: Object, source: Source) -> Trouble:
    """An object that is not ours has the name."""
    maker, fix = maker_of(found, source)
    name = f"{found.get('kind') or 'object'} {source.namespace}/{(found.get('metadata') or {}).get('name')}"
    return Trouble(code="ServiceTaken", what=f"{name} was made by {maker}; it stays as it is", fix=fix)


def refused(error: KubeError, source: Source) -> Trouble:
    """What the API server's answer means."""
    user = _USER.search(error.message) if error.status == 403 else None
    if user is None:
        # A quota, a policy, or a value that the API server knows better: its own words are the best.
        return Trouble(code="ServiceRefused", what=f"the API server answers {str(error)[:_LONGEST_ANSWER]}")
    account = _ACCOUNT.fullmatch(user["user"])
    who = (
        f"--serviceaccount={account['namespace']}:{account['name']}" if account else f"--user={user['user']}"
    )
    return Trouble(
        code="ServiceForbidden",
        what=f"the gateway may not make a Service in namespace {source.namespace}",
        fix=command(
            *("kubectl", "-n", source.namespace, "create", "rolebinding", "kikkake-team"),
            *("--clusterrole=kikkake-team", who),
        ),
    )


def unreached_certificate(document: ResourceDocument, port: int, number: int) -> Finding:
    """A listener with a certificate that no Service leads to."""
    return document.finding(
        ("spec",),
        f"the certificate of port {port} is served on port {number} of the gateway alone; "
        "the shared port speaks plain HTTP",
        f"add a Service: spec.service.ports with port {port}",
        code="CertificateWithoutService",
        severity=Severity.WARNING,
    )
