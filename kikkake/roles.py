"""Roles and RoleBindings that grant what accounts need, as YAML that `kubectl apply` takes. Pure.

Always whole: to apply a Role replaces the rules that it had.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from events.ports import Object
from kikkake.grants import Account, Resolve, accesses_by_namespace
from sensors.access import Access, Needs

TEAM_ROLE = "kikkake-team"
TOKEN_ROLE = "kikkake-tenant-token"  # noqa: S105 - the name of a ClusterRole
MEANING = {
    TEAM_ROLE: "The gateway keeps Services of EventSources here, and sees whether Argo Events still serves one.",
    TOKEN_ROLE: "The gateway may act as the accounts of this namespace (the strict variant: nowhere else).",
}
"""ClusterRoles that a namespace binds to the gateway, and what for."""

_API = "rbac.authorization.k8s.io/v1"
_LABELS = {"app.kubernetes.io/part-of": "kikkake"}
_VERBS = ("get", "list", "watch", "create", "update", "patch", "delete")
"""In the order in which people write them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one account gets in one place: one Role with one RoleBinding."""

    account: Account
    namespace: str | None
    """Where it is granted; None = in the whole cluster."""
    rules: tuple[Mapping[str, Any], ...]
    guessed: tuple[str, ...] = ()
    """Kinds whose plural no API server has told."""

    @property
    def is_foreign(self) -> bool:
        """Whether somebody else than the owner of the account's namespace decides."""
        return self.namespace != self.account.namespace

    @property
    def name(self) -> str:
        """Of the Role and of the RoleBinding."""
        return role_name(self.account, self.namespace)


def role_name(account: Account, namespace: str | None) -> str:
    """`kikkake-ACCOUNT`; elsewhere with the account's namespace, since many may have an account of that name."""
    where = "" if namespace == account.namespace else f"{account.namespace}-"
    return f"kikkake-{where}{account.name}"


def grants_of(needs: Mapping[Account, Needs], resolve: Resolve) -> list[Grant]:
    """The grants of all accounts; the account's own namespace comes first, the cluster last."""
    return [
        Grant(
            account=account,
            namespace=namespace,
            rules=tuple(rules_of(accesses, resolve)),
            guessed=tuple(sorted({access.kind for access in accesses if _is_guessed(access, resolve)})),
        )
        for account, each in sorted(needs.items())
        for namespace, accesses in sorted(
            accesses_by_namespace(each, resolve).items(),
            key=lambda item, own=account.namespace: (item[0] is None, item[0] != own, item[0] or ""),  # type: ignore[misc]
        )
    ]


def _is_guessed(access: Access, resolve: Resolve) -> bool:
    return resolve(access.api_version, access.kind).is_guessed


def rules_of(accesses: Iterable[Access], resolve: Resolve) -> list[dict[str, Any]]:
    """The fewest rules that allow these and nothing else, in a fixed order."""
    verbs: dict[tuple[str, str, str], set[str]] = {}
    for access in accesses:
        resource = resolve(access.api_version, access.kind)
        path = f"{resource.plural}/{access.subresource}" if access.subresource else resource.plural
        verbs.setdefault((resource.group, path, access.name), set()).add(access.verb)
    # Resources that take the same, and names of one resource that take the same, share a rule.
    named: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    unnamed: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (group, path, name), wanted in sorted(verbs.items()):
        left = wanted - verbs.get((group, path, ""), set()) if name else wanted
        if not left:
            continue
        ordered = tuple(sorted(left, key=_verb_order))
        if name:
            named.setdefault((group, path, ordered), []).append(name)
        else:
            unnamed.setdefault((group, ordered), []).append(path)
    rules = [_rule(group, paths, of, []) for (group, of), paths in unnamed.items()]
    rules += [_rule(group, [path], of, names) for (group, path, of), names in named.items()]
    return sorted(rules, key=lambda rule: (rule["apiGroups"], rule["resources"], rule["verbs"]))


def _verb_order(verb: str) -> tuple[int, str]:
    return (_VERBS.index(verb) if verb in _VERBS else len(_VERBS), verb)


def _rule(group: str, resources: Sequence[str], verbs: Sequence[str], names: Sequence[str]) -> dict[str, Any]:
    rule: dict[str, Any] = {"apiGroups": [group], "resources": list(resources)}
    if names:
        rule["resourceNames"] = list(names)
    return {**rule, "verbs": list(verbs)}


def allows(rules: Iterable[Mapping[str, Any]], access: Access, resolve: Resolve) -> bool:
    """Whether one of the rules of a Role allows it."""
    resource = resolve(access.api_version, access.kind)
    path = f"{resource.plural}/{access.subresource}" if access.subresource else resource.plural
    return any(
        _holds(rule.get("apiGroups"), resource.group)
        and _holds(rule.get("resources"), path)
        and _holds(rule.get("verbs"), access.verb)
        and (not rule.get("resourceNames") or access.name in rule["resourceNames"])
        for rule in rules
    )


def _holds(values: Any, wanted: str) -> bool:
    return isinstance(values, list) and ("*" in values or wanted in values)


def documents_of(grant: Grant) -> tuple[Object, Object]:
    """The Role and its RoleBinding, or their kinds for the cluster."""
    prefix = "Cluster" if grant.namespace is None else ""
    where = {"namespace": grant.namespace} if grant.namespace is not None else {}
    metadata = {"name": grant.name, **where, "labels": dict(_LABELS)}
    role = {
        "apiVersion": _API,
        "kind": f"{prefix}Role",
        "metadata": metadata,
        "rules": [dict(rule) for rule in grant.rules],
    }
    binding = {
        "apiVersion": _API,
        "kind": f"{prefix}RoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": f"{prefix}Role", "name": grant.name},
        "subjects": [
            {"kind": "ServiceAccount", "name": grant.account.name, "namespace": grant.account.namespace}
        ],
    }
    return role, binding


def binding_of(role: str, namespace: str, account: Account) -> Object:
    """A RoleBinding of that name to a ClusterRole of that name."""
    return {
        "apiVersion": _API,
        "kind": "RoleBinding",
        "metadata": {"name": role, "namespace": namespace, "labels": dict(_LABELS)},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": account.name, "namespace": account.namespace}],
    }


def yaml_of(documents: Iterable[tuple[str, Object]]) -> str:
    """Documents, each with a comment before it."""
    parts = []
    for comment, document in documents:
        lines = [f"# {line}".rstrip() for line in comment.splitlines()]
        text = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
        parts.append("\n".join([*lines, text]))
    return "---\n".join(parts)


def grant_documents(grants: Iterable[Grant]) -> Iterator[tuple[str, Object]]:
    """Every Role with a comment that says for whom it is, and every RoleBinding."""
    for grant in grants:
        role, binding = documents_of(grant)
        yield _comment(grant), role
        yield "", binding


def _comment(grant: Grant) -> str:
    lines = [f"What {grant.account.user} needs."]
    if grant.namespace is None:
        lines = [
            f"What {grant.account.user} needs in the whole cluster: an administrator of the cluster decides."
        ]
    elif grant.is_foreign:
        lines = [
            f"What {grant.account.user} needs in namespace {grant.namespace}: the owner of {grant.namespace} decides."
        ]
    if grant.guessed:
        lines.append(f"No API server was asked how the plural of {', '.join(grant.guessed)} is: check it.")
    return "\n".join(lines)


class _Dumper(yaml.SafeDumper):
    """Every document whole, without anchors; a list of words on one line, as people write Roles."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the library's signature
        return True

    def represent_words(self, value: list[Any]) -> yaml.Node:
        is_flat = all(isinstance(each, str) for each in value)
        return self.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=is_flat)


_Dumper.add_representer(list, _Dumper.represent_words)
