"""People at work beside a run: they make, edit, break, mend and delete resources, and enable and disable namespaces.

What they do is drawn from the seed; nothing of it touches the resources that are judged. At the end each object has to
say of itself what is true: of its newest generation, and whether it is good or what is wrong with it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from typing import Any

from tests.cluster.team import condition
from tests.manifests.cluster import ENABLED, Cluster, path_of, resource
from tests.servers.kube_reader import KubeReader, Object

_NAMESPACES = 3
_STEPS = 4
"""Acts between two kills."""
_NAMES = 8
"""Of each kind and namespace: few, so that a name is used again and again."""
_SHARE_OF_GOOD = 0.7
_TOLD_S = 90.0
"""A status is written again after 30 s at the soonest."""
_POLL_S = 0.5


class Churn:
    """`step` after `step`; then `until_told`."""

    def __init__(self, cluster: Cluster, seed: int) -> None:
        self._cluster = cluster
        self._chance = random.Random(f"{seed}:churn")
        self._namespaces: dict[str, bool] = {}
        """By name, whether it is enabled."""

    def step(self) -> None:
        """Some acts, one after the other."""
        with self._cluster.reader() as admin:
            while len(self._namespaces) < _NAMESPACES:
                self._namespaces[self._cluster.namespace(labels=ENABLED)] = True
            for _ in range(_STEPS):
                self._act(admin)

    def until_told(self, others: Iterable[str]) -> list[str]:
        """What is still wrong when everybody had time enough; `others` are namespaces in which everything is good."""
        ends = time.monotonic() + _TOLD_S
        with self._cluster.reader() as admin:
            while (wrong := self._wrong(admin, others)) and time.monotonic() < ends:
                time.sleep(_POLL_S)
        return wrong

    def _act(self, admin: KubeReader) -> None:
        namespace = self._chance.choice(list(self._namespaces))
        if self._chance.random() < 0.15:
            self._turn(admin, namespace)
            return
        kind = self._chance.choice(("Sensor", "EventSource"))
        name = f"c{self._chance.randrange(_NAMES)}"
        path = path_of(kind, namespace, name)
        if admin.get(path) is None:
            admin.create(path_of(kind, namespace), resource(kind, self._spec(kind), name))
        elif self._chance.random() < 0.3:
            admin.delete(path)
        else:
            admin.patch(path, {"spec": self._spec(kind)})

    def _spec(self, kind: str) -> Object:
        return _SPECS[kind](self._chance.random() < _SHARE_OF_GOOD, self._chance.randrange(1000))

    def _turn(self, admin: KubeReader, namespace: str) -> None:
        is_enabled = self._namespaces[namespace] = not self._namespaces[namespace]
        label = "true" if is_enabled else None
        admin.patch(f"/api/v1/namespaces/{namespace}", {"metadata": {"labels": {"kikkake/enabled": label}}})

    def _wrong(self, admin: KubeReader, others: Iterable[str]) -> list[str]:
        enabled = [name for name, is_enabled in self._namespaces.items() if is_enabled]
        return [
            f"{kind} {namespace}/{found['metadata']['name']}: {said}"
            for namespace in (*others, *enabled)
            for kind in ("EventSource", "Sensor")
            for found in admin.list(path_of(kind, namespace))
            if (said := untruth(kind, found))
        ]


def untruth(kind: str, found: Object) -> str:
    """What its status says and is not so; empty = it is right."""
    generation, status = found["metadata"]["generation"], found.get("status", {})
    if status.get("observedGeneration") != generation:
        return f"it speaks of generation {status.get('observedGeneration')}, and {generation} is there"
    wanted = "True" if _is_good(kind, found["spec"]) else "False"
    if (said := condition(found, "Ready").get("status")) != wanted:
        return f"Ready is {said}, not {wanted}"
    return ""


def _source(is_good: bool, number: int) -> Object:
    port: Any = "12000" if is_good else 12000
    event = {"endpoint": f"/p{number}", "port": port, "method": "POST", "unauthenticated": True}
    return {"webhook": {"push": event}}


def _sensor(is_good: bool, number: int) -> Object:
    conditions = "push" if is_good else "push &&"
    return {
        "dependencies": [{"name": "push", "eventSourceName": f"c{number % _NAMES}", "eventName": "push"}],
        "triggers": [{"template": {"name": f"t{number}", "conditions": conditions, "log": {}}}],
    }


_SPECS: dict[str, Callable[[bool, int], Object]] = {"EventSource": _source, "Sensor": _sensor}


def _is_good(kind: str, spec: Object) -> bool:
    """As it was written; those of the run itself are all good."""
    if kind == "Sensor":
        return not any(each["template"].get("conditions", "").endswith("&&") for each in spec["triggers"])
    push = spec.get("webhook", {}).get("push", {})
    return not isinstance(push.get("port"), int)
