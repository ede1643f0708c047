"""Which of the rights that accounts need they have already: the API server is asked, as a person may ask it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from events.ports import KindUnknown, KubeError
from kikkake.files import RESOURCE_API
from kikkake.grants import (
    Account,
    Resolve,
    ResourceName,
    accesses_by_namespace,
    guess_resource,
    known_resources,
)
from kikkake.kube_client import KubeClient
from kikkake.migration.inventory import NamespaceInventory
from kikkake.roles import TEAM_ROLE, TOKEN_ROLE, allows, role_name
from sensors.access import Access, Needs

_API = "authorization.k8s.io/v1"
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Rights:
    """The answer."""

    missing: Mapping[Account, Needs] = field(default_factory=dict)
    """What has to be granted; for an account of which nobody may ask: everything."""
    to_print: Mapping[Account, Needs] = field(default_factory=dict)
    """The same, with what a Role of ours grants already where a part of it is missing: to apply a Role replaces it."""
    unasked: tuple[Account, ...] = ()
    """Accounts of which the API server did not say what they may do."""


async def discover(kube: KubeClient, needs: Iterable[Needs]) -> Resolve:
    """How the API server names the kinds; one that it has not is guessed, and the guess says so."""
    known: dict[tuple[str, str], ResourceName] = {}
    for api_version, kind in {(each.api_version, each.kind) for found in needs for each in found.accesses}:
        try:
            found = await kube.resource_of(api_version, kind)
        except (KindUnknown, KubeError):
            # Nobody knows it, or the server behind its group is away.
            continue
        group = api_version.rpartition("/")[0]
        known[api_version, kind] = ResourceName(group, found.plural, found.is_namespaced)
    return known_resources(known)


async def ask_rights(kube: KubeClient, needs: Mapping[Account, Needs], resolve: Resolve) -> Rights:
    """What of `needs` is missing. Raises what the port `Kube` raises, except for a refusal."""
    asker = _Asker(kube, resolve)
    missing: dict[Account, Needs] = {}
    to_print: dict[Account, Needs] = {}
    unasked: list[Account] = []
    for account, wanted in needs.items():
        lacking = await asker.missing(account, wanted)
        if lacking is None:
            unasked.append(account)
            lacking = list(wanted.accesses)
        if lacking:
            missing[account] = Needs(tuple(lacking))
            to_print[account] = Needs(tuple(await asker.whole(account, wanted, lacking)))
    return Rights(missing, to_print, tuple(unasked))


async def missing_bindings(
    kube: KubeClient, gateway: Account, namespace: NamespaceInventory, *, resolve: Resolve = guess_resource
) -> tuple[str, ...]:
    """The ClusterRoles that the namespace has to bind to the gateway; by a binding's name where nobody may ask."""
    asker = _Asker(kube, resolve)

    async def may(verb: str, api_version: str, kind: str, subresource: str = "") -> bool | None:
        access = Access(
            verb=verb, api_version=api_version, kind=kind, namespace=namespace.name, subresource=subresource
        )
        return await asker.may(gateway, access)

    has_team = await may("list", "apps/v1", "Deployment")
    missing = [TEAM_ROLE] * (not (namespace.has_team_binding if has_team is None else has_team))
    # Before it is installed it may nothing at all, which says nothing of the variant.
    is_installed = await may("get", RESOURCE_API, "Sensor")
    if is_installed and await may("create", "v1", "ServiceAccount", "token") is False:
        missing.append(TOKEN_ROLE)
    return tuple(missing)


class _Asker:
    def __init__(self, kube: KubeClient, resolve: Resolve) -> None:
        self._kube = kube
        self._resolve = resolve
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def missing(self, account: Account, wanted: Needs) -> list[Access] | None:
        """What the account may not do; None where nobody may ask."""
        answers = await asyncio.gather(*(self.may(account, access) for access in wanted.accesses))
        if None in answers:
            return None
        return [access for access, may in zip(wanted.accesses, answers, strict=True) if not may]

    async def whole(self, account: Account, wanted: Needs, lacking: Iterable[Access]) -> list[Access]:
        """What is missing, and what a Role of ours, that would be replaced, has of the rest."""
        found = set(lacking)
        for namespace, accesses in accesses_by_namespace(wanted, self._resolve).items():
            if found.isdisjoint(accesses):
                continue
            rules = await self._rules(account, namespace)
            found |= {each for each in accesses if rules is None or allows(rules, each, self._resolve)}
        return [access for access in wanted.accesses if access in found]

    async def may(self, account: Account, access: Access) -> bool | None:
        """None where nobody may ask, or the question is refused."""
        resource = self._resolve(access.api_version, access.kind)
        namespace = access.namespace if resource.is_namespaced else None
        attributes: dict[str, Any] = {
            "verb": access.verb,
            "group": resource.group,
            "resource": resource.plural,
            **({"namespace": namespace} if namespace else {}),
            **({"name": access.name} if access.name else {}),
            **({"subresource": access.subresource} if access.subresource else {}),
        }
        groups = [
            "system:serviceaccounts",
            f"system:serviceaccounts:{account.namespace}",
            "system:authenticated",
        ]
        review = {"user": account.user, "groups": groups, "resourceAttributes": attributes}
        kind = "LocalSubjectAccessReview" if namespace else "SubjectAccessReview"
        metadata = {"namespace": namespace} if namespace else {}
        body = {"apiVersion": _API, "kind": kind, "metadata": metadata, "spec": review}
        try:
            async with self._room:
                answer = await self._kube.create(_API, kind, namespace, orjson.dumps(body))
        except KubeError as error:
            # Also where one name is none that the API server would take: the rest is asked for all the same.
            if error.status in {400, 403, 404, 422}:
                return None
            raise
        return bool(answer["status"]["allowed"])

    async def _rules(self, account: Account, namespace: str | None) -> list[dict[str, Any]] | None:
        """Of our Role; none where there is no such Role, None where it cannot be read."""
        kind = "Role" if namespace is not None else "ClusterRole"
        name = role_name(account, namespace)
        try:
            role = await self._kube.get("rbac.authorization.k8s.io/v1", kind, namespace, name)
        except KubeError as error:
            if error.status == 403:
                return None
            if error.status == 404:
                return []
            raise
        return list(role.get("rules") or ())
