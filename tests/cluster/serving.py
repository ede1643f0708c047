"""`kikkake serve` from outside: the real command, with the arguments, the account and the rights of the manifests."""

from __future__ import annotations

import functools
import json
from pathlib import Path

from tests.manifests.cluster import GATEWAY, Cluster
from tests.manifests.rendered import gateway, kustomized
from tests.stories.process import Answer, Process

_OURS = ("Traceback", "traceback=", '"traceback"', "internal error", "never retrieved")
"""What no gateway may ever print."""
_LEASE = "/apis/coordination.k8s.io/v1/namespaces/kikkake/leases/kikkake"
_HURRIED = {"api-timeout": 3, "lease-duration": 8}
"""Seconds. Tests wait for both; the manifests leave them at 30 and 60."""


class Serving(Process):
    """One gateway with a store of its own. Of all that are started on one cluster one serves: the others wait."""

    def __init__(self, cluster: Cluster, folder: Path, *, url: str = "", pod: str = "kikkake-0") -> None:
        """`url` of the API server: a proxy's may do."""
        folder.mkdir(exist_ok=True)
        super().__init__(folder)
        self._cluster = cluster
        self._url = url or cluster.server.url
        self.kubeconfig = folder / "kubeconfig"
        self.log_in(cluster.token(*GATEWAY))
        self.environment = {"POD_NAME": pod, "POD_NAMESPACE": "kikkake", "POD_IP": "127.0.0.1"}
        self.timing: dict[str, float] = dict(_HURRIED)

    def log_in(self, token: str) -> None:
        """Put this token where the gateway finds it when the one that it has is refused."""
        self._cluster.server.write_kubeconfig(self.kubeconfig, url=self._url, token=token)

    @property
    def run_arguments(self) -> list[str]:
        here = {
            "data": self.data,
            "host": "127.0.0.1",
            "kubeconfig": self.kubeconfig,
            "port": self.port,
            "metrics-port": self.metrics_port,
            "admin-port": self.admin_port,
            **self.timing,
        }
        given = [each for each in manifest_arguments() if _name(each) not in here]
        return [*given, *(f"--{name}={value}" for name, value in here.items()), *self.arguments]

    def post(self, path: str, body: object, *, delivery_id: str = "") -> Answer:
        """Deliver JSON to the shared port, as any sender."""
        headers = {"Content-Type": "application/json"}
        if delivery_id:
            headers["Idempotency-Key"] = delivery_id
        return self.request(self.port, "POST", path, headers, json.dumps(body).encode())


@functools.cache
def manifest_arguments() -> tuple[str, ...]:
    """What the StatefulSet gives the gateway."""
    container = gateway(kustomized("manifests"))["spec"]["template"]["spec"]["containers"][0]
    return tuple(container["args"])


def free_the_lease(cluster: Cluster) -> None:
    """A gateway that was killed leaves it held: whoever comes next would wait until it has run out."""
    with cluster.reader() as admin:
        if admin.get(_LEASE) is not None:
            admin.delete(_LEASE)


def lease_holder(cluster: Cluster) -> str:
    """Who holds it; empty = nobody."""
    with cluster.reader() as admin:
        lease = admin.get(_LEASE) or {"spec": {}}
    return str(lease["spec"].get("holderIdentity") or "")


def assert_nothing_went_wrong(gateway: Process) -> None:
    """No story may end with a traceback or an error of ours, whatever was done to the process."""
    said = gateway.said() if gateway.log.exists() else ""
    for word in _OURS:
        assert word not in said, said[-4000:]


def _name(argument: str) -> str:
    return argument.split("=", maxsplit=1)[0].removeprefix("--")
