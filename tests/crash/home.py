"""Where the resources of a run live, and what stands behind the program that serves them: files, or a cluster.

With `kikkake run` they are files beside the store. With `kikkake serve` they are objects of the API server, in a
namespace whose own account may do what the Sensors do; beside them others are made, edited and deleted, and namespaces
are labelled and unlabelled (`churn.py`), and at the end every status has to be right.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Protocol

from tests.crash.churn import Churn
from tests.crash.resources import (
    GITHUB_SECRET,
    PORT,
    REGISTRY_AUTHORIZATION,
    Place,
    edited,
    fixed,
    sources,
    write_edit,
    write_resources,
    write_secrets,
)
from tests.manifests.cluster import ENABLED, GATEWAY, Cluster, path_of
from tests.servers.kube import KubeServer


class Home(Protocol):
    """One run's."""

    @property
    def environment(self) -> dict[str, str]:
        """More of it, for the process."""
        ...

    def arguments(self, port: int) -> list[str]:
        """The command and what belongs to it; deliveries are taken in at `port`."""
        ...

    def path(self, source: str, endpoint: str) -> str:
        """Where the sender of a source delivers to."""
        ...

    def kubeconfig(self, url: str) -> Path:
        """Of the gateway; `url` of the API server as it sees it."""
        ...

    async def open(self, place: Place) -> None:
        """Put everything there as it is when the run begins."""
        ...

    async def edit(self, number: int) -> None:
        """Put edit `number` in place of the one before."""
        ...

    async def disturb(self) -> None:
        """Whatever else goes on there; once a kill."""
        ...

    async def untruths(self) -> list[str]:
        """Statuses that are not right at the end, while the gateway runs: which, and what is wrong with it."""
        ...


class Files:
    """Of `kikkake run`."""

    environment: dict[str, str] = {}

    def __init__(self, folder: Path, kube: KubeServer) -> None:
        self._folder = folder
        self._kube = kube
        self._place = Place("", "", "", "")

    def arguments(self, port: int) -> list[str]:
        resources, secrets = str(self._folder / "resources"), str(self._folder / "secrets")
        return ["run", resources, "--secrets", secrets, "--port", f"{PORT}={port}"]

    def path(self, _source: str, endpoint: str) -> str:
        return endpoint

    def kubeconfig(self, url: str) -> Path:
        return self._kube.write_kubeconfig(self._folder / "kubeconfig", url=url)

    async def open(self, place: Place) -> None:
        self._place = place
        with self._kube.reader() as reader:
            reader.create("/api/v1/namespaces", {"metadata": {"name": place.namespace}})
        write_resources(self._folder / "resources", place)
        write_secrets(self._folder / "secrets")

    async def edit(self, number: int) -> None:
        write_edit(self._folder / "resources", self._place, number)

    async def disturb(self) -> None:
        """Nobody else is here."""

    async def untruths(self) -> list[str]:
        return []


class InCluster:
    """Of `kikkake serve`, with the account and the rights of the manifests."""

    environment: dict[str, str] = {
        "POD_NAME": "kikkake-0",
        "POD_NAMESPACE": "kikkake",
        "POD_IP": "127.0.0.1",
    }

    def __init__(self, folder: Path, cluster: Cluster, seed: int) -> None:
        self._folder = folder
        self._cluster = cluster
        self._churn = Churn(cluster, seed)
        self._place = Place("", "", "", "")

    def arguments(self, port: int) -> list[str]:
        # The sink that is fired at listens here.
        return ["serve", "--host", "127.0.0.1", "--port", str(port), "--allow-network", "127.0.0.0/8"]

    def path(self, source: str, endpoint: str) -> str:
        return f"/{self._place.namespace}/{source}{endpoint}"

    def kubeconfig(self, url: str) -> Path:
        token = self._cluster.token(*GATEWAY)
        return self._cluster.server.write_kubeconfig(self._folder / "kubeconfig", url=url, token=token)

    async def open(self, place: Place) -> None:
        self._place = place
        await asyncio.to_thread(self._open)

    async def edit(self, number: int) -> None:
        """Two objects, one after the other: nothing says that they belong together."""
        await asyncio.to_thread(self._edit, number)

    async def disturb(self) -> None:
        await asyncio.to_thread(self._churn.step)

    async def untruths(self) -> list[str]:
        return await asyncio.to_thread(self._churn.until_told, [self._place.namespace])

    def _open(self) -> None:
        namespace = self._place.namespace
        core = f"/api/v1/namespaces/{namespace}"
        with self._cluster.reader() as admin:
            admin.create("/api/v1/namespaces", {"metadata": {"name": namespace, "labels": ENABLED}})
            admin.create(f"{core}/serviceaccounts", {"metadata": {"name": "default"}})
            for name, body in _rights(namespace).items():
                admin.create(f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/{name}", body)
            for name, key, value in (
                ("github", "secret", GITHUB_SECRET.decode()),
                ("registry", "authorization", REGISTRY_AUTHORIZATION),
            ):
                admin.create(f"{core}/secrets", {"metadata": {"name": name}, "stringData": {key: value}})
            for each in (*sources(self._place), *fixed(self._place), *edited(0, self._place)):
                admin.create(path_of(each["kind"], namespace), each)

    def _edit(self, number: int) -> None:
        with self._cluster.reader() as admin:
            for each in edited(number, self._place):
                path = path_of("Sensor", self._place.namespace, each["metadata"]["name"])
                admin.patch(path, {"spec": each["spec"]})


def _rights(namespace: str) -> dict[str, dict[str, Any]]:
    """Of the account `default`."""
    rules = [
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "create"]},
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "watch"]},
    ]
    subject = {"kind": "ServiceAccount", "name": "default", "namespace": namespace}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "crash"}
    return {
        "roles": {"metadata": {"name": "crash"}, "rules": rules},
        "rolebindings": {"metadata": {"name": "crash"}, "roleRef": role, "subjects": [subject]},
    }
