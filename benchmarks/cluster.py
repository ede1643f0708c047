"""`kikkake serve` against a real API server, at the sizes that the issue names.

The API server, its etcd and whoever writes to it run on the same cores: what takes long here is mostly theirs.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.usage import cpu_s, rss_mib
from tests.cluster.crowd import Crowd, Size
from tests.cluster.serving import Serving
from tests.manifests.cluster import Cluster, installed, path_of
from tests.servers.kube_reader import KubeReader
from tests.stories.background import Background

_GOOD = Size(sensors=1000, sources=200)
_EDITS = 200
_IDLE_S = 20
_TOLD_S = 300
_STATUS = re.compile(r"/namespaces/[^/]+/(eventsources|sensors)/[^/]+/status")

Figures = dict[str, float]


async def serve_1200(run: int) -> Figures:
    """1,000 Sensors and 200 EventSources of an API server: start, memory, idle, one edit, one event for each Sensor."""
    return await asyncio.to_thread(_serve_1200, run)


async def serve_mutants(run: int) -> Figures:
    """10,000 mutated resources among them: how long until each has its status, and a start with all of them present."""
    return await asyncio.to_thread(_serve_mutants, run)


def _serve_1200(run: int) -> Figures:
    with _cluster() as (folder, cluster):
        crowd = Crowd(cluster, _GOOD, seed=run)
        asyncio.run(crowd.fill())
        gateway = Serving(cluster, folder / "gateway")
        with _started(gateway) as start_s, cluster.reader() as admin:
            _until(lambda: _is_told(admin, crowd), pause_s=1.0)
            idle, memory = _idle_percent(gateway), rss_mib(gateway.pid)
            edits = sorted(_edit(gateway, admin, *crowd.targets()[number]) for number in range(_EDITS))
            began = time.monotonic()
            for namespace, name in crowd.targets():
                gateway.post(f"/{namespace}/{name}/edited", {"mark": "m"})
            _until(lambda: crowd.made(admin) >= _GOOD.sensors)
            fired_s = time.monotonic() - began
        with _started(gateway) as restart_s:
            pass
    return {
        "cold start s (< 15)": start_s,
        "start on a store that knows them s": restart_s,
        "resident MiB (< 250)": memory,
        "idle % of a core (< 1)": idle,
        "an edit takes effect, p50 ms": edits[len(edits) // 2] * 1e3,
        "an edit takes effect, p99 ms (< 1000)": edits[int(len(edits) * 0.99)] * 1e3,
        "200 deliveries to 1000 objects s": fired_s,
    }


def _serve_mutants(run: int) -> Figures:
    size = Size(sensors=_GOOD.sensors, sources=_GOOD.sources, mutants=10_000)
    count = size.sensors + size.sources + size.mutants
    written: Counter[str] = Counter()

    def note(method: str, target: str) -> bool:
        if method == "PATCH" and _STATUS.search(target):
            written[target] += 1
        return False

    background = Background()
    with _cluster() as (folder, cluster), background.proxy(cluster.server) as proxy:
        crowd = Crowd(cluster, size, seed=run)
        asyncio.run(crowd.fill())
        asyncio.run(crowd.fill_mutants())
        proxy.hits = note
        gateway = Serving(cluster, folder / "gateway", url=proxy.url)
        with _started(gateway) as start_s, cluster.reader() as admin:
            began = time.monotonic()
            _until(lambda: len(written) >= count)
            told_s = time.monotonic() - began
            began = time.monotonic()
            for namespace, name in crowd.targets():
                gateway.post(f"/{namespace}/{name}/push", {"mark": "m"})
            _until(lambda: crowd.made(admin) >= size.sensors)
            fired_s = time.monotonic() - began
            memory = rss_mib(gateway.pid)
        with _started(gateway) as restart_s:
            pass
    background.close()
    return {
        "cold start with all present s (<= 10)": start_s,
        "start on a store that knows them s": restart_s,
        "every status written after s": told_s,
        "status writes an object (<= 1)": written.total() / count,
        "resident MiB": memory,
        "200 deliveries to 1000 objects s": fired_s,
    }


@contextlib.contextmanager
def _cluster() -> Iterator[tuple[Path, Cluster]]:
    with tempfile.TemporaryDirectory(prefix="kikkake-bench-") as name:
        folder = Path(name)
        with installed(folder) as cluster:
            yield folder, cluster


@contextlib.contextmanager
def _started(gateway: Serving) -> Iterator[float]:
    """Seconds from the start of the process until it says that it is ready."""
    began = time.monotonic()
    gateway.start()
    try:
        yield time.monotonic() - began
    finally:
        gateway.stop()


def _idle_percent(gateway: Serving) -> float:
    used, began = cpu_s(gateway.pid), time.monotonic()
    time.sleep(_IDLE_S)
    return (cpu_s(gateway.pid) - used) / (time.monotonic() - began) * 100


def _edit(gateway: Serving, admin: KubeReader, namespace: str, name: str) -> float:
    """Seconds from the API server's answer to an edit until a delivery finds what it says."""
    change = {"spec": {"webhook": {"push": {"endpoint": "/edited"}}}}
    admin.patch(path_of("EventSource", namespace, name), change)
    began = time.monotonic()
    while gateway.post(f"/{namespace}/{name}/edited", {"mark": "edit"}, delivery_id="edit").status != 200:
        time.sleep(0.001)
    return time.monotonic() - began


def _is_told(admin: KubeReader, crowd: Crowd) -> bool:
    listed = (found for kind in ("EventSource", "Sensor") for found in crowd.objects(admin, kind))
    return all("status" in found for found in listed)


def _until(holds: Callable[[], bool], *, pause_s: float = 0.1) -> None:
    ends = time.monotonic() + _TOLD_S
    while not holds():
        if time.monotonic() > ends:
            sys.exit(f"what is measured did not happen within {_TOLD_S} s")
        time.sleep(pause_s)
