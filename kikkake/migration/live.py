"""Looking at a cluster with the rights of the person who asks. Secrets and ConfigMaps are not read.

Without the resources themselves there is nothing to say, so those must be readable; everything else is optional, and
what could not be seen is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from events.errors import KikkakeError
from events.ports import KindUnknown, KubeError, Object, Objects
from events.resource import ResourceDocument
from kikkake.cluster.resources import KINDS, is_labelled
from kikkake.cluster.service_objects import GATEWAY
from kikkake.files import RESOURCE_API
from kikkake.grants import Account
from kikkake.kube_client import KubeClient
from kikkake.migration.inventory import FINALIZERS, Controller, Inventory, Made, NamespaceInventory

FENCE = "kikkake-beside-argo-events"
"""The policy of manifests/overlays/beside-argo-events."""
_TEAM = "kikkake-team"
_CRDS = ("eventsources.argoproj.io", "sensors.argoproj.io", "eventbus.argoproj.io")
_NAME_LABELS = ("eventsource-name", "sensor-name", "eventbus-name")
_ALL: Sequence[str | None] = (None,)
_MADE_KINDS = (("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), ("v1", "Service"))


class NothingToMigrate(KikkakeError):
    """The cluster does not know the kinds of Argo Events, or they may not be read; the text says which."""


class Looker:
    """One look at a cluster."""

    def __init__(self, kube: KubeClient) -> None:
        self._kube = kube
        self._unseen: dict[str, None] = {}

    async def look(self, namespaces: Sequence[str]) -> Inventory:
        """At these namespaces; at all that have EventSources or Sensors where none is named.

        Raises NothingToMigrate, and what the port `Kube` raises where nobody answers.
        """
        found = [each for name in namespaces or _ALL for each in await self._resources(name)]
        names = sorted(namespaces or {document.namespace for document in found})
        return Inventory(
            namespaces=tuple([await self._namespace(name, found) for name in names]),
            is_live=True,
            controllers=await self._controllers(),
            foreign_crds=tuple(await self._foreign_crds()),
            fence=await self._fence(),
            unseen=tuple(self._unseen),
        )

    async def _resources(self, namespace: str | None) -> list[ResourceDocument]:
        documents = []
        for kind in KINDS:
            try:
                items = await self._kube.list(RESOURCE_API, kind, namespace)
            except KindUnknown as error:
                text = f"{error}: Argo Events is not installed here; name files to look at those"
                raise NothingToMigrate(text) from error
            except KubeError as error:
                if error.status != 403:
                    raise
                text = f"{error.message}; an administrator may bind the ClusterRole kikkake-view to you"
                raise NothingToMigrate(text) from error
            documents += [_document(kind, item) for item in items]
        return documents

    async def _namespace(self, name: str, found: Iterable[ResourceDocument]) -> NamespaceInventory:
        made = []
        for api_version, kind in _MADE_KINDS:
            for controller in FINALIZERS.values():
                labels = f"controller={controller},!{GATEWAY}"
                made += [_made(kind, each) for each in await self._list(api_version, kind, name, labels)]
        services = await self._list("v1", "Service", name)
        namespace = await self._get("v1", "Namespace", None, name)
        accounts = await self._list_or_none("v1", "ServiceAccount", name)
        return NamespaceInventory(
            name=name,
            documents=tuple(document for document in found if document.namespace == name),
            made=tuple(made),
            own_services=_own_services(services),
            is_enabled=namespace is not None and is_labelled(namespace),
            has_team_binding=await self._has("rbac.authorization.k8s.io/v1", "RoleBinding", name, _TEAM),
            accounts=None if accounts is None else frozenset(_name(each) for each in accounts),
        )

    async def _controllers(self) -> tuple[Controller, ...] | None:
        # Upstream's manifests give its Deployment no label.
        deployments = await self._list_or_none("apps/v1", "Deployment", None)
        if deployments is None:
            return None
        found = (_controller(each) for each in deployments)
        return tuple(each for each in found if each is not None)

    async def _foreign_crds(self) -> list[str]:
        api_version, kind = "apiextensions.k8s.io/v1", "CustomResourceDefinition"
        found = [await self._get(api_version, kind, None, name) for name in _CRDS]
        return [_name(each) for each in found if each is not None and not _is_ours(each)]

    async def _fence(self) -> str:
        api_version, kind = "admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"
        found = await self._get(api_version, kind, None, FENCE)
        conditions = (found or {}).get("spec", {}).get("matchConditions") or ()
        return " ".join(str(each.get("expression")) for each in conditions)

    # What may be refused

    async def _list(self, api_version: str, kind: str, namespace: str | None, labels: str = "") -> Objects:
        return await self._list_or_none(api_version, kind, namespace, labels) or []

    async def _list_or_none(
        self, api_version: str, kind: str, namespace: str | None, labels: str = ""
    ) -> Objects | None:
        try:
            return await self._kube.list(api_version, kind, namespace, labels=labels)
        except KindUnknown:
            return None
        except KubeError as error:
            if error.status != 403:
                raise
            where = f"in {namespace}" if namespace else "of the cluster"
            self._unseen[f"{kind}s {where}: you may not list them"] = None
            return None

    async def _get(self, api_version: str, kind: str, namespace: str | None, name: str) -> Object | None:
        try:
            return await self._kube.get(api_version, kind, namespace, name)
        except KindUnknown:
            return None
        except KubeError as error:
            if error.status == 403:
                self._unseen[f"{kind} {name}: you may not read it"] = None
            elif error.status != 404:
                raise
            return None

    async def _has(self, api_version: str, kind: str, namespace: str | None, name: str) -> bool:
        return await self._get(api_version, kind, namespace, name) is not None


def _document(kind: str, found: Object) -> ResourceDocument:
    """Without what the API server adds, which is no part of anybody's text."""
    metadata = {name: value for name, value in found["metadata"].items() if name != "managedFields"}
    return ResourceDocument({**found, "apiVersion": RESOURCE_API, "kind": kind, "metadata": metadata}, "", {})


def _made(kind: str, found: Object) -> Made:
    labels = found["metadata"].get("labels") or {}
    owner = next((labels[name] for name in _NAME_LABELS if name in labels), "")
    return Made(kind, _name(found), str(owner), str(labels.get("controller")))


def _own_services(services: Iterable[Object]) -> dict[str, tuple[str, ...]]:
    """Services that select pods of an EventSource and were not made by Argo Events."""
    found: dict[str, tuple[str, ...]] = {}
    for service in services:
        selector = (service.get("spec") or {}).get("selector") or {}
        owner = selector.get("eventsource-name")
        if owner and "controller" not in (service["metadata"].get("labels") or {}):
            found[owner] = (*found.get(owner, ()), _name(service))
    return found


def _controller(deployment: Object) -> Controller | None:
    """What a Deployment runs, if that is Argo Events' controller."""
    spec = deployment.get("spec") or {}
    pod = (spec.get("template") or {}).get("spec") or {}
    for container in pod.get("containers") or ():
        words = [*(container.get("command") or ()), *(container.get("args") or ())]
        if "argo-events" in str(container.get("image")) and "controller" in words:
            namespace = str(deployment["metadata"].get("namespace"))
            account = Account(namespace, str(pod.get("serviceAccountName") or "default"))
            replicas = int(spec.get("replicas") or 0)
            return Controller(
                namespace, _name(deployment), replicas, _managed(words, namespace), account.user
            )
    return None


def _managed(words: Sequence[str], namespace: str) -> str:
    """The namespace that its flags name; empty = all (spec-sources 5.7)."""
    if not {"--namespaced", "--namespaced=true"} & set(words):
        return ""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        flag, _, value = word.partition("=")
        if flag == "--managed-namespace":
            return value or following
    return namespace


def _is_ours(crd: Object) -> bool:
    labels = crd["metadata"].get("labels") or {}
    return labels.get("app.kubernetes.io/part-of") == "kikkake"


def _name(found: Object) -> str:
    return str(found["metadata"].get("name"))
