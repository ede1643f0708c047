"""What the ServiceAccounts of a namespace need: every Secret and ConfigMap that its resources read, every kind that its
Sensors make. Pure.

`kikkake migrate` prints it as Roles (`roles.py`), and the condition `SecretForbidden` names it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from events.shell import command, commands
from sensors.access import Access, Needs, reading
from sensors.compile import CompiledSensor
from sensors.needs import needs_of
from sources.source import PushSource
from sources.spec import EventSourceSpec

_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
_DEFAULT = "default"
"""The account of a resource that names none."""
_ALWAYS_THERE = ("apps", "autoscaling", "batch", "extensions", "policy", "argoproj.io")
"""API groups of which the plurals are regular; so are those that end in `.k8s.io`."""
_IRREGULAR = {"Endpoints": "endpoints", "EventBus": "eventbus", "PodMetrics": "pods", "NodeMetrics": "nodes"}
_OF_CLUSTER = frozenset(
    {
        *("APIService", "CertificateSigningRequest", "ClusterWorkflowTemplate", "CSIDriver", "CSINode"),
        *("FlowSchema", "IngressClass", "MutatingWebhookConfiguration", "PriorityClass"),
        *("PriorityLevelConfiguration", "RuntimeClass", "StorageClass", "ValidatingAdmissionPolicy"),
        *("ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration", "VolumeAttachment"),
    }
)


class Account(NamedTuple):
    """A ServiceAccount."""

    namespace: str
    name: str

    @classmethod
    def of(cls, account: str | None, namespace: str) -> Account:
        """`account` as NAMESPACE/NAME; None = `default` of the resource's namespace."""
        return cls(*(account or f"{namespace}/{_DEFAULT}").split("/", 1))

    @property
    def user(self) -> str:
        """Its name for the API server."""
        return f"system:serviceaccount:{self.namespace}:{self.name}"

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class ResourceName(NamedTuple):
    """A kind as a Role names it."""

    group: str
    plural: str
    is_namespaced: bool
    is_guessed: bool = False
    """No API server was asked, and the kind is none of Kubernetes' own."""


Resolve = Callable[[str, str], ResourceName]
"""apiVersion and kind as a Role names them."""


def can_be_granted(access: Access) -> bool:
    """Whether a Role can stand where it is needed: a namespace comes out of a trigger's object, and may be any text."""
    return access.namespace is None or _LABEL.fullmatch(access.namespace) is not None


def needs_of_source(spec: EventSourceSpec) -> Needs:
    """The Secrets of all events that work: their proofs and logins, and the certificates of their ports."""
    refs = [ref for event in spec.events for ref in event.source.secret_refs()]
    for event in spec.events:
        if isinstance(event.source, PushSource):
            endpoint = event.source.endpoint()
            refs += [ref for ref in (endpoint.cert, endpoint.key) if ref is not None]
    return reading(refs)


def needs_by_account(specs: Iterable[EventSourceSpec | CompiledSensor]) -> dict[Account, Needs]:
    """For each account that acts for one of the resources: everything that it needs for all of them."""
    found: dict[Account, Needs] = {}
    for spec in specs:
        account = Account.of(spec.account, spec.namespace)
        needs = needs_of_source(spec) if isinstance(spec, EventSourceSpec) else _needs_of_sensor(spec)
        found[account] = found.get(account, Needs()) + needs
    return dict(sorted(found.items()))


def _needs_of_sensor(sensor: CompiledSensor) -> Needs:
    needs = needs_of(sensor)
    return Needs(needs.accesses, tuple(f"Sensor {sensor.name}, {each}" for each in needs.unknown))


def guess_resource(api_version: str, kind: str) -> ResourceName:
    """A kind without asking anybody: by the rules of English that upstream uses (spec-sensors 7.3)."""
    group = api_version.rpartition("/")[0]
    is_regular = not group or group in _ALWAYS_THERE or group.endswith(".k8s.io")
    return ResourceName(group, _plural(kind), kind not in _OF_CLUSTER, is_guessed=not is_regular)


def known_resources(known: Mapping[tuple[str, str], ResourceName]) -> Resolve:
    """What an API server said; of a kind that it has not, a guess."""

    def resolve(api_version: str, kind: str) -> ResourceName:
        found = known.get((api_version, kind))
        return found or guess_resource(api_version, kind)._replace(is_guessed=True)

    return resolve


def _plural(kind: str) -> str:
    if kind in _IRREGULAR:
        return _IRREGULAR[kind]
    word = kind.lower()
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return word + "es"
    if word.endswith("fe"):
        return word[:-2] + "ves"
    return word[:-1] + "ves" if word.endswith("f") else word + "s"


def grant_hint(account: Account, needs: Needs, kind: str) -> str:
    """How to let the account read every object of `kind` (Secret or ConfigMap) that its resources refer to."""
    plural = {"Secret": "secrets", "ConfigMap": "configmaps"}[kind]
    names = sorted({access.name for access in needs.accesses if (access.kind, access.verb) == (kind, "get")})
    role = f"kikkake-{account.name}-{plural}"
    kubectl = ("kubectl", "-n", account.namespace)
    make = command(
        *(*kubectl, "create", "role", role, "--verb=get,watch", f"--resource={plural}"),
        *(*(f"--resource-name={name}" for name in names), "--dry-run=client", "-o", "yaml"),
    )
    bind = commands(
        (*kubectl, "apply", "-f", "-"),
        (
            *(*kubectl, "create", "rolebinding", role, f"--role={role}"),
            f"--serviceaccount={account.namespace}:{account.name}",
        ),
    )
    whole = command("kikkake", "migrate", "--namespace", account.namespace, "-o", "yaml")
    return (
        f"To allow all that the resources of {account.namespace} need with it: {whole} | kubectl apply -f -; "
        f"or only to read its {plural}: {make} | {bind}"
    )


def accesses_by_namespace(needs: Needs, resolve: Resolve) -> dict[str | None, list[Access]]:
    """The same by where it is granted; None = for the whole cluster."""
    found: dict[str | None, list[Access]] = {}
    for access in needs.accesses:
        is_namespaced = (
            access.namespace is not None and resolve(access.api_version, access.kind).is_namespaced
        )
        found.setdefault(access.namespace if is_namespaced else None, []).append(access)
    return found
