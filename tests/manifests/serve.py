"""The real `kikkake serve` in one team's namespace, with the account and the rights that the manifests give it."""

import contextlib
import http.client
import random
import ssl
import sys
import time
from pathlib import Path
from typing import Any

from tests.manifests.cluster import GATEWAY, ROOT, Cluster, path_of, resource
from tests.servers.kube_reader import Object
from tests.servers.process import ServerProcess, free_ports

_READY_S = 30
_STOP_S = 20
_SAID_S = 45
"""A second status of the same generation is written after half a minute."""
_POLL_S = 0.05


class Serve:
    """One gateway with a data folder of its own; it can be stopped, killed and started again."""

    def __init__(self, cluster: Cluster, team: str, folder: Path) -> None:
        self.cluster = cluster
        self.team = team
        self.data = folder / "data"
        self.port, self.metrics_port, self._admin_port = free_ports(3)
        # Away from other test runs on the same machine; a port that is taken all the same is replaced.
        self.first_own = random.randrange(20000, 30000, 50)
        self._log = folder / "serve.log"
        self._kubeconfig = cluster.server.write_kubeconfig(
            folder / "kubeconfig", token=cluster.token(*GATEWAY)
        )
        self._process: ServerProcess | None = None

    def start(self, address: str, *, own: int = 50) -> None:
        """Return when it is ready; `address` is what it is told of itself, and it has `own` ports to lend."""
        self.launch(address, own=own)
        assert self._process is not None
        self._process.wait_until(self._is_ready, timeout_s=_READY_S)

    def launch(self, address: str, *, own: int = 50) -> None:
        """Start the process."""
        named = {
            "data": self.data,
            "kubeconfig": self._kubeconfig,
            "namespace": self.team,
            "host": "127.0.0.1",
            "port": self.port,
            "metrics-port": self.metrics_port,
            "admin-port": self._admin_port,
            "own-ports": f"{self.first_own}-{self.first_own + own - 1}",
        }
        arguments = [f"--{name}={value}" for name, value in named.items()]
        self._process = ServerProcess(
            [sys.executable, "-m", "kikkake", "serve", *arguments],
            log=self._log,
            cwd=ROOT,
            env={"POD_IP": address, "POD_NAME": "kikkake-0"},
        )

    def stop(self) -> None:
        """SIGTERM, and wait."""
        if self._process is not None:
            self._process.stop(grace_s=_STOP_S)

    def kill(self) -> None:
        """SIGKILL."""
        assert self._process is not None
        self._process.kill()

    def said(self) -> str:
        return self._log.read_text()

    def create(self, name: str, spec: Any, **metadata: Any) -> Object:
        """An EventSource in the team's namespace."""
        with self.cluster.reader() as admin:
            return admin.create(
                path_of("EventSource", self.team), resource("EventSource", spec, name, **metadata)
            )

    def change(self, name: str, change: Object) -> None:
        with self.cluster.reader() as admin:
            admin.patch(path_of("EventSource", self.team, name), change)

    def service_path(self, name: str) -> str:
        return f"/api/v1/namespaces/{self.team}/services/{name}-eventsource-svc"

    def slice_path(self, name: str) -> str:
        slices = f"/apis/discovery.k8s.io/v1/namespaces/{self.team}/endpointslices"
        return f"{slices}/{name}-eventsource-svc-kikkake"

    def bind_team_role(self) -> None:
        """What `kikkake enable` prints for a team."""
        bound = self.cluster.kubectl(
            *("-n", self.team, "create", "rolebinding", "kikkake-team", "--clusterrole=kikkake-team"),
            f"--serviceaccount={':'.join(GATEWAY)}",
        )
        assert bound.code == 0, bound.err

    def wait_for_condition(self, name: str, kind: str, reason: str) -> Object:
        """The condition of an EventSource as soon as it has this reason."""
        path, ends = path_of("EventSource", self.team, name), time.monotonic() + _SAID_S
        with self.cluster.reader() as admin:
            while True:
                found = condition(admin.get(path) or {}, kind)
                if found.get("reason") == reason:
                    return found
                assert time.monotonic() < ends, f"{path} says {found}"
                time.sleep(_POLL_S)

    def _is_ready(self) -> bool:
        return ask(self.metrics_port, "/readyz", method="GET") == 200


def condition(found: Object, kind: str) -> Object:
    """One condition of an object; empty where there is none."""
    conditions = found.get("status", {}).get("conditions", ())
    return next((each for each in conditions if each["type"] == kind), {})


def ask(
    port: int, path: str, *, method: str = "POST", body: str = "{}", tls: ssl.SSLContext | None = None
) -> int:
    """The status of one request; 0 where nobody answers."""
    if tls is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    else:
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=tls)
    with contextlib.closing(connection):
        try:
            connection.request(method, path, body=body, headers={"Content-Type": "application/json"})
            return connection.getresponse().status
        except OSError:
            return 0


def gone(cluster: Cluster, path: str, *, timeout_s: float = 20) -> bool:
    """Wait until there is no object at `path`."""
    ends = time.monotonic() + timeout_s
    with cluster.reader() as admin:
        while admin.get(path) is not None:
            if time.monotonic() > ends:
                return False
            time.sleep(_POLL_S)
    return True
