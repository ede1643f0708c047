"""An API server of its own with Kikkake installed in it by `kubectl apply -k`, and what tests do there.

What is installed belongs to the whole cluster (CRDs, policies), so these tests share no server with others.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.kube import KubeServer
from tests.servers.kube_reader import KubeReader, Object
from tests.servers.kubectl import kubectl

ROOT = Path(__file__).parents[2]
GATEWAY = ("kikkake", "kikkake")
"""Namespace and name of the gateway's account."""
ENABLED = {"kikkake/enabled": "true"}
"""Labels of a namespace that is served."""
_PLURALS = {"EventSource": "eventsources", "Sensor": "sensors", "EventBus": "eventbus"}
_TIMEOUT_S = 60
_POLL_S = 0.05
_ACTIVE_S = 30
"""Policies take some seconds until the API server applies them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What kubectl said."""

    code: int
    out: str
    err: str


class Cluster:
    """One server with one variant installed."""

    def __init__(self, server: KubeServer, folder: Path) -> None:
        self.server = server
        self._folder = folder
        self._namespaces = 0

    def kubectl(self, *arguments: str, given: Any = None, token: str | None = None) -> Answer:
        """Run kubectl as the admin, or with `token`; `given` is an object for `-f -`."""
        config = self.server.kubeconfig
        if token is not None:
            config = self.server.write_kubeconfig(
                self._folder / f"{abs(hash(token))}.kubeconfig", token=token
            )
        run = subprocess.run(
            [kubectl(), "--kubeconfig", str(config), *arguments],
            cwd=ROOT,
            env={**os.environ, "KUBECACHEDIR": str(self._folder / "kubectl-cache")},
            input=None if given is None else json.dumps(given),
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        return Answer(code=run.returncode, out=run.stdout, err=run.stderr)

    def reader(self, token: str | None = None) -> KubeReader:
        """A client as the admin, or with `token`."""
        return KubeReader(self.server.port, self.server.ca_file, token or self.server.admin_token)

    def namespace(self, *, labels: Mapping[str, str] | None = None) -> str:
        """A new namespace with these labels."""
        self._namespaces += 1
        name = f"team-{self._namespaces}"
        with self.reader() as reader:
            reader.create("/api/v1/namespaces", {"metadata": {"name": name, "labels": dict(labels or {})}})
        return name

    def token(self, namespace: str, account: str) -> str:
        """A token of a service account, which is made if need be."""
        with self.reader() as reader:
            accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
            if reader.get(f"{accounts}/{account}") is None:
                reader.create(accounts, {"metadata": {"name": account}})
            return str(reader.create(f"{accounts}/{account}/token", {})["status"]["token"])

    def wait_for(self, path: str, holds: Callable[[Object], Any]) -> Object:
        """The object at `path` as soon as `holds` says yes to it."""
        ends = time.monotonic() + _ACTIVE_S
        with self.reader() as reader:
            while not ((found := reader.get(path)) and holds(found)):
                assert time.monotonic() < ends, f"{path} is {json.dumps(found)}"
                time.sleep(_POLL_S)
        return found

    def wait_for_policies(self) -> None:
        """Return when the fence refuses the gateway something that RBAC allows it."""
        token = self.token(*GATEWAY)
        event = {
            "metadata": {"name": "probe"},
            "involvedObject": {"kind": "Namespace", "name": "default", "namespace": "default"},
        }
        ends = time.monotonic() + _ACTIVE_S
        with self.reader(token) as reader:
            while "not enabled" not in _refusal(reader, event):
                assert time.monotonic() < ends, "the policies are not applied"
                time.sleep(_POLL_S)


@contextlib.contextmanager
def installed(place: Path, folder: str = "manifests") -> Iterator[Cluster]:
    """A server of its own in `place` with the manifests of `folder`, as docs/install.md installs them."""
    server = KubeServer.start(place / "kube")
    try:
        cluster = Cluster(server, place)
        applied = cluster.kubectl("apply", "-k", folder)
        assert applied.code == 0, applied.err
        cluster.wait_for_policies()
        yield cluster
    finally:
        server.stop()


def _refusal(reader: KubeReader, event: Object) -> str:
    status, body = reader.answer("POST", "/api/v1/namespaces/default/events?dryRun=All", event)
    return "" if status < 300 else body


def path_of(kind: str, namespace: str, name: str = "") -> str:
    """The API's path of a resource of ours, or of the collection."""
    collection = f"/apis/argoproj.io/v1alpha1/namespaces/{namespace}/{_PLURALS[kind]}"
    return f"{collection}/{name}" if name else collection


def resource(kind: str, spec: Any, name: str = "one", **metadata: Any) -> Object:
    """A resource of ours."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, **metadata},
        "spec": spec,
    }


def sensor_spec(**members: Any) -> Object:
    """The spec of a small good Sensor, with these members."""
    return {
        "dependencies": [{"name": "push", "eventSourceName": "github", "eventName": "push"}],
        "triggers": [{"template": {"name": "log", "log": {}}}],
        **members,
    }
