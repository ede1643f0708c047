"""What a person has to do, in order, with the commands. Pure.

The order loses nothing that a sender repeats: first nothing new comes in, then the Sensors work off what is on the bus,
then Kikkake takes over all resources at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import orjson

from events.shell import command
from kikkake.cluster.resources import ENABLED_LABEL, EVENT_BUS
from kikkake.cluster.service_objects import GATEWAY
from kikkake.grants import Account
from kikkake.migration.inventory import (
    BUS_CONTROLLER,
    EVENT_SOURCE_CONTROLLER,
    FINALIZERS,
    SENSOR_CONTROLLER,
    Controller,
    Inventory,
    NamespaceInventory,
)
from kikkake.roles import Grant

_BESIDE = "kubectl apply -k manifests/overlays/beside-argo-events"
_COLUMNS = 'custom-columns=NAME:.metadata.name,READY:.status.conditions[?(@.type=="Ready")].status'
_FENCED = (
    "'system:serviceaccount:argo-events:argo-events-sa' "
    "'system:serviceaccount:argo-events:argo-events-controller-manager'"
)
"""The accounts that the policy has as it is shipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do."""

    title: str
    why: str = ""
    commands: tuple[str, ...] = ()


def steps_of(
    inventory: Inventory,
    namespace: NamespaceInventory,
    grants: Sequence[Grant],
    *,
    bindings: Sequence[str] = (),
    files: Sequence[str] = (),
) -> list[Step]:
    """Everything that is left to do for one namespace; what was done before is left out."""
    steps = [*_grants(namespace.name, grants, bindings, files)]
    running = [each for each in inventory.controllers_of(namespace.name) if each.replicas]
    is_handed_over = bool(running) and not (inventory.fence and namespace.is_enabled)
    if is_handed_over:
        steps.append(_pause(running))
    if not inventory.is_live or any(each.kind == "Deployment" for each in namespace.made):
        steps += _stop(namespace.name)
    steps += _services(inventory, namespace)
    steps += _finalizers(namespace)
    if not namespace.is_enabled:
        why = (
            "from now on its EventSources and Sensors are served; this takes an administrator of the cluster"
            + _standing(namespace)
        )
        label = _kubectl("label", "namespace", namespace.name, f"{ENABLED_LABEL}=true")
        steps.append(Step(title="label the namespace", why=why, commands=(label,)))
    if is_handed_over:
        steps += _resume(inventory, [each for each in running if not each.managed])
    look = ["-n", namespace.name, "get", "eventsources,sensors"]
    why = "READY is True, or the column REASON and `kubectl describe` say what is missing"
    if inventory.foreign_crds or not inventory.is_live:
        why = "the condition Ready is True, or says what is missing (the CRDs of Argo Events show no column for it)"
        look += ["-o", _COLUMNS]
    return [*steps, Step(title="check", why=why, commands=(_kubectl(*look),)), *_remove_bus(namespace)]


def _standing(namespace: NamespaceInventory) -> str:
    """What acts as which account from the label on: the policy `kikkake-author` asks about later changes only."""
    names: dict[str, list[str]] = {}
    for document in namespace.documents:
        if document.kind != EVENT_BUS:
            account = _named_account(document.value.get("spec")) or Account.of(None, namespace.name).name
            names.setdefault(account, []).append(f"{document.kind} {document.name}")
    if not names:
        return ""
    each = "; ".join(f"{', '.join(found)} as {account}" for account, found in sorted(names.items()))
    return f". Nobody is asked whether the authors of what stands there may use its accounts: {each}"


def _named_account(spec: object) -> str | None:
    template = spec.get("template") if isinstance(spec, Mapping) else None
    named = template.get("serviceAccountName") if isinstance(template, Mapping) else None
    return named if isinstance(named, str) and named else None


def _grants(
    name: str, grants: Sequence[Grant], bindings: Sequence[str], files: Sequence[str]
) -> Iterator[Step]:
    if not grants and not bindings:
        return
    what = [f"the RoleBinding {role}" for role in bindings]
    what += [f"the Role {grant.name} in {grant.namespace}" for grant in grants if grant.namespace is not None]
    what += [f"the ClusterRole {grant.name}" for grant in grants if grant.namespace is None]
    make = command("kikkake", "migrate", "--namespace", name, "-o", "yaml", *files)
    why = f"read it first; it makes {', '.join(what)}" + ", each Role with its RoleBinding" * bool(grants)
    yield Step(
        title="grant what the accounts and the gateway need",
        why=why,
        commands=(f"{make} | kubectl apply -f -",),
    )


def _pause(running: Sequence[Controller]) -> Step:
    others = "" if all(each.managed for each in running) else "; the pods of other namespaces go on meanwhile"
    return Step(
        title="pause the controller of Argo Events",
        why=f"it would make again what the next steps delete{others}",
        commands=tuple(_scale(each, 0) for each in running),
    )


def _stop(namespace: str) -> Iterator[Step]:
    yield Step(
        title="take nothing in any more",
        why="senders that meet a closed door try again; those that do not lose what they send until the last step",
        commands=(
            _kubectl("-n", namespace, "delete", "deployment", "-l", f"controller={EVENT_SOURCE_CONTROLLER}"),
        ),
    )
    yield Step(
        title="wait until the Sensors have worked off what is on the bus",
        why="what is on the bus, or is held for a condition, when they stop is not taken over",
        commands=(
            _kubectl(
                "-n", namespace, "logs", "-l", f"controller={SENSOR_CONTROLLER}", "--prefix", "--since=1m"
            ),
        ),
    )
    yield Step(
        title="stop the Sensors",
        commands=(
            _kubectl("-n", namespace, "delete", "deployment", "-l", f"controller={SENSOR_CONTROLLER}"),
        ),
    )


def _services(inventory: Inventory, namespace: NamespaceInventory) -> Iterator[Step]:
    declared = [each.owner for each in namespace.made_by(EVENT_SOURCE_CONTROLLER, "Service")]
    if not inventory.is_live:
        declared = [
            document.name
            for document in namespace.of_kind("EventSource")
            if ((document.value.get("spec") or {}).get("service") or {}).get("ports")
        ]
    if declared:
        yield Step(
            title="remove the Services of Argo Events",
            why="Kikkake makes its own of the same names; one of somebody else it never touches",
            # Kikkake's own have upstream's labels too.
            commands=(
                _kubectl(
                    *("-n", namespace.name, "delete", "service"),
                    *("-l", f"controller={EVENT_SOURCE_CONTROLLER},!{GATEWAY}"),
                ),
            ),
        )


def _finalizers(namespace: NamespaceInventory) -> Iterator[Step]:
    commands = []
    for document in namespace.documents:
        theirs = FINALIZERS.get(document.kind)
        present = document.metadata.get("finalizers")
        if document.kind == "EventBus" or not isinstance(present, list) or theirs not in present:
            continue
        rest = [each for each in present if each != theirs] or None
        patch = orjson.dumps({"metadata": {"finalizers": rest}}).decode()
        commands.append(
            _kubectl(
                *("-n", namespace.name, "patch", document.kind.lower(), document.name),
                *("--type=merge", "-p", patch),
            )
        )
    if commands:
        yield Step(
            title="remove the finalizers of Argo Events",
            why="with them nobody could delete the resources any more",
            commands=tuple(commands),
        )


def _resume(inventory: Inventory, wide: Sequence[Controller]) -> Iterator[Step]:
    if not wide:
        return
    fence = () if inventory.fence else (_BESIDE,)
    why = (
        "the policy kikkake-beside-argo-events refuses its writes in enabled namespaces; without that policy it would "
        "take the resources back"
    )
    strangers = [each.user for each in wide if f"'{each.user}'" not in (inventory.fence or _FENCED)]
    if strangers:
        why += f"; {strangers[0]} is not among the accounts of the policy: add it there before"
    yield Step(
        title="let the controller of Argo Events go on for the other namespaces",
        why=why,
        commands=(*fence, *(_scale(each, each.replicas) for each in wide)),
    )


def _remove_bus(namespace: NamespaceInventory) -> Iterator[Step]:
    if namespace.of_kind("EventBus") or namespace.made_by(BUS_CONTROLLER, "StatefulSet"):
        yield Step(
            title="in the end, when nobody wants to go back: remove the bus",
            commands=(
                _kubectl(
                    "-n",
                    namespace.name,
                    "delete",
                    "statefulset,service",
                    "-l",
                    f"controller={BUS_CONTROLLER}",
                ),
            ),
        )


def _scale(controller: Controller, replicas: int) -> str:
    return _kubectl(
        "-n", controller.namespace, "scale", "deployment", controller.deployment, f"--replicas={replicas}"
    )


def _kubectl(*words: str) -> str:
    return command("kubectl", *words)
