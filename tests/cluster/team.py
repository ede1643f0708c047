"""A team's namespace as its people use it: by kubectl, with accounts and rights of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.manifests.cluster import ENABLED, Cluster, path_of, resource
from tests.servers.kube_reader import Object, Objects
from tests.stories.process import wait_for

_SETTLED_S = 30.0


class Team:
    """One namespace. `kubectl` works in it."""

    def __init__(self, cluster: Cluster, *, enabled: bool = True) -> None:
        self._cluster = cluster
        self.name = cluster.namespace(labels=ENABLED if enabled else {})

    def kubectl(self, *arguments: str, given: Any = None) -> str:
        """What it prints; it has to succeed."""
        told = self._cluster.kubectl("-n", self.name, *arguments, given=given)
        assert told.code == 0, told.err
        return told.out

    def enable(self) -> None:
        self.kubectl("label", "namespace", self.name, "kikkake/enabled=true", "--overwrite")

    def disable(self) -> None:
        self.kubectl("label", "namespace", self.name, "kikkake/enabled-")

    def account(self, name: str = "default", *rules: str) -> None:
        """A ServiceAccount with rights in the namespace: each rule is `VERB,VERB RESOURCE`."""
        self.kubectl("create", "serviceaccount", name)
        for number, rule in enumerate(rules):
            self.grant(name, rule, role=f"{name}-{number}")

    def grant(self, account: str, rule: str, *, role: str, of: str = "") -> None:
        """Give `account` (of the namespace `of`; default: this one) a right here."""
        verbs, resources = rule.split(" ", 1)
        self.kubectl("create", "role", role, f"--verb={verbs}", f"--resource={resources}")
        subject = f"--serviceaccount={of or self.name}:{account}"
        self.kubectl("create", "rolebinding", role, f"--role={role}", subject)

    def apply(self, *objects: Object) -> None:
        """`kubectl apply -f -`."""
        listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.kubectl("apply", "--server-side", "-f", "-", given=listed)

    def edit(self, kind: str, name: str, change: Object) -> None:
        """`kubectl patch` with a merge."""
        self.kubectl("patch", kind.lower(), name, "--type=merge", "-p", json.dumps(change))

    def get(self, kind: str, name: str) -> Object:
        found: Object = json.loads(self.kubectl("get", kind.lower(), name, "-o", "json"))
        return found

    def listed(self, kind: str) -> Objects:
        """All objects of a kind, by kubectl."""
        found: Objects = json.loads(self.kubectl("get", kind, "-o", "json"))["items"]
        return found

    def made(self) -> Objects:
        """ConfigMaps that triggers have made."""
        return [each for each in self.listed("configmap") if "kikkake/effect-id" in _annotations(each)]

    def until_made(self, count: int = 1) -> Objects:
        """The same, as soon as there are so many."""
        return wait_for(lambda: found if len(found := self.made()) >= count else None)

    def until(
        self, kind: str, name: str, holds: Callable[[Object], Any], *, timeout_s: float = _SETTLED_S
    ) -> Object:
        """The object as soon as `holds` says yes to it."""
        path = path_of(kind, self.name, name)
        with self._cluster.reader() as admin:

            def look() -> Object | None:
                found = admin.get(path)
                return found if found is not None and holds(found) else None

            return wait_for(look, timeout_s=timeout_s)

    def until_ready(self, kind: str, name: str) -> Object:
        return self.until(kind, name, is_ready)

    def events_about(self, name: str) -> Objects:
        """Kubernetes Events that name an object."""
        return [each for each in self.listed("events") if each["involvedObject"]["name"] == name]


def condition(found: Object, kind: str) -> Object:
    """One condition of the newest generation; empty where there is none yet."""
    for each in found.get("status", {}).get("conditions", ()):
        if each["type"] == kind and each["observedGeneration"] == found["metadata"]["generation"]:
            return dict(each)
    return {}


def is_ready(found: Object) -> bool:
    return condition(found, "Ready").get("status") == "True"


def is_refused(found: Object) -> bool:
    return condition(found, "Ready").get("status") == "False"


def hook(name: str = "hooks", *, endpoint: str = "/push", **metadata: Any) -> Object:
    """An EventSource with the event `push`, which anybody may deliver."""
    event = {"endpoint": endpoint, "port": "12000", "method": "POST", "unauthenticated": True}
    return resource("EventSource", {"webhook": {"push": event}}, name, **metadata)


def locked_hook(secret: str, name: str = "hooks") -> Object:
    """One whose senders have to know `token` of a Secret."""
    event = {
        "endpoint": "/push",
        "port": "12000",
        "method": "POST",
        "authSecret": {"name": secret, "key": "token"},
    }
    return resource("EventSource", {"webhook": {"push": event}}, name)


def sensor(
    trigger: Object,
    *,
    name: str = "notes",
    account: str | None = "default",
    source: str = "hooks",
    retry: Object | None = None,
    metadata: Object | None = None,
    **spec: Any,
) -> Object:
    """A Sensor that does `trigger` for each `push` of `source`, in one attempt unless `retry` says otherwise.

    `account` None names none.
    """
    template = {} if account is None else {"template": {"serviceAccountName": account}}
    body = {
        **template,
        "dependencies": [{"name": "push", "eventSourceName": source, "eventName": "push"}],
        "triggers": [{"template": {"name": "make", **trigger}, "retryStrategy": retry or {"steps": 1}}],
        **spec,
    }
    return resource("Sensor", body, name, **(metadata or {}))


def creates(target: Object, parameters: Objects | None = None) -> Object:
    """A trigger that creates `target`; the mark of the event comes into `data.mark` where nothing else is said."""
    default = [{"src": {"dependencyName": "push", "dataKey": "body.mark"}, "dest": "data.mark"}]
    given = default if parameters is None else parameters
    return {"k8s": {"operation": "create", "source": {"resource": target}, "parameters": given}}


def config_map(**metadata: Any) -> Object:
    named = metadata if "name" in metadata else {"generateName": "made-", **metadata}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": named, "data": {"mark": ""}}


def marks(made: Objects) -> list[str]:
    """Which events objects were made for, sorted."""
    return sorted(each["data"]["mark"] for each in made)


def _annotations(found: Object) -> dict[str, str]:
    return found["metadata"].get("annotations") or {}
