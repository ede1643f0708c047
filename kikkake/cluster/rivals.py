"""Resources that Argo Events still serves: two gateways on one resource would do everything twice.

Its controller makes a Deployment for each EventSource and Sensor, with the resource's name in a label. Seeing them
takes the right to list Deployments, which a team's namespace gives by an opt-in Role. Without it the controller's
finalizer on the resource says that it was there, and nobody can say whether it still is: then it is not served either.
The same holds while the API server does not answer; what has no such mark is served, and asked for again soon.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from events.errors import Finding
from events.log import Logger
from events.ports import KindUnknown, Kube, KubeError, KubeInDoubt, KubeNotSent, Object
from events.shell import command
from kikkake.catalog import EVENT_SOURCE, SENSOR, Key
from kikkake.cluster.resources import ClusterObject

OTHER_CONTROLLER = "ServedByArgoEvents"

_NAME_LABEL = {EVENT_SOURCE: "eventsource-name", SENSOR: "sensor-name"}
_CONTROLLER = {EVENT_SOURCE: "eventsource-controller", SENSOR: "sensor-controller"}
"""Label value of the Deployments, and the finalizer of the resources (spec-sensors 1.6, spec-sources 5.1)."""

_AT_ONCE = 16

log = Logger("cluster")


class Rivals:
    """Which resources are not to be served, and why."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self._seen: dict[Key, str] = {}
        """Uids of those that were looked at."""
        self._unasked: set[Key] = set()
        """What nobody has answered for yet."""
        self.blocked: dict[Key, str] = {}
        """The resources that the other controller has, with the sentence that says so."""

    @property
    def doubtful(self) -> set[Key]:
        """To be asked for again soon."""
        return self._unasked | self.blocked.keys()

    async def look(self, found: Sequence[ClusterObject]) -> set[Key]:
        """Ask again for these, and say for which the answer is another one now.

        One list a namespace and kind; where nobody answers, what was known stays.
        """
        before = dict(self.blocked)
        groups: dict[tuple[str, str], list[ClusterObject]] = {}
        for each in found:
            groups.setdefault((each.key.kind, each.key.namespace), []).append(each)
        room = asyncio.Semaphore(_AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            for (kind, namespace), members in groups.items():
                tasks.create_task(self._ask(room, kind, namespace, members), name=f"rivals:{namespace}")
        return {each.key for each in found if before.get(each.key) != self.blocked.get(each.key)}

    async def _ask(
        self, room: asyncio.Semaphore, kind: str, namespace: str, members: Sequence[ClusterObject]
    ) -> None:
        try:
            async with room:
                labels = f"controller={_CONTROLLER[kind]}"
                made = await self._kube.list("apps/v1", "Deployment", namespace, labels=labels)
        except KubeError as error:
            if error.status == 403:
                self._judge_unseen(kind, members)
            else:
                self._wait_for_answer(kind, namespace, members, error)
        except (KubeNotSent, KubeInDoubt, KindUnknown) as error:
            self._wait_for_answer(kind, namespace, members, error)
        else:
            self._judge(kind, members, made)

    def forget(self, key: Key) -> None:
        """It is gone, or its namespace is not served any more."""
        self.blocked.pop(key, None)
        self._seen.pop(key, None)
        self._unasked.discard(key)

    def finding(self, found: ClusterObject) -> Finding | None:
        """Why it is not served."""
        why = self.blocked.get(found.key)
        if why is None:
            return None
        what, _, fix = why.partition("; ")
        return found.document.finding(("metadata",), what, fix, code=OTHER_CONTROLLER)

    def _wait_for_answer(
        self, kind: str, namespace: str, members: Sequence[ClusterObject], error: Exception
    ) -> None:
        """What was never looked at, and has the other's mark, is not served before somebody has said whose it is."""
        log.limited_warning("cluster.deployments-unseen", (namespace,), detail=str(error)[:300])
        for each in members:
            if self._seen.get(each.key) == each.uid:
                continue
            self._unasked.add(each.key)
            if _CONTROLLER[kind] in each.finalizers:
                self.blocked[each.key] = (
                    "whether Argo Events still serves it could not be asked yet; it is asked again"
                )
            else:
                self.blocked.pop(each.key, None)

    def _has_seen(self, found: ClusterObject) -> None:
        self._seen[found.key] = found.uid
        self._unasked.discard(found.key)

    def _judge(self, kind: str, members: Sequence[ClusterObject], made: Sequence[Object]) -> None:
        owners: dict[str, str] = {}
        for deployment in made:
            metadata = deployment.get("metadata") or {}
            owner = (metadata.get("labels") or {}).get(_NAME_LABEL[kind])
            if owner:
                owners[owner] = str(metadata.get("name"))
        for each in members:
            self._has_seen(each)
            name = owners.get(each.key.name)
            if name is None:
                self.blocked.pop(each.key, None)
                continue
            self.blocked[each.key] = (
                f"Argo Events still serves it with the Deployment {name}; stop its controller for this namespace, then "
                + command("kubectl", "-n", each.key.namespace, "delete", "deployment", name)
            )

    def _judge_unseen(self, kind: str, members: Sequence[ClusterObject]) -> None:
        for each in members:
            self._has_seen(each)
            if _CONTROLLER[kind] not in each.finalizers:
                self.blocked.pop(each.key, None)
                continue
            namespace = each.key.namespace
            how = command("kikkake", "enable", namespace)
            self.blocked[each.key] = (
                f"it has the finalizer {_CONTROLLER[kind]} of Argo Events, and nobody can see whether it still serves "
                f"this; bind the ClusterRole kikkake-team in {namespace} ({how} prints how), or remove the finalizer"
            )
