"""What is measured: each function is one run of one row and gives named figures."""

from __future__ import annotations

import asyncio
import os
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import orjson

from benchmarks import cluster, languages
from benchmarks.bus import fill
from benchmarks.gateway import SECRET, Running, bare, gateway
from benchmarks.load import Result, closed_loop, open_loop, pushes
from benchmarks.resources import SOURCE, config_map_sensor, filtered_sensor, http_sensor, many_triggers
from benchmarks.sink import Sink
from tests.servers.kube import KubeServer

BODY_BYTES = 8192
CONNECTIONS = 64
EVENTS = 12_000
KNOWN_IDS = 5_000_000

Figures = dict[str, float]
Row = Callable[[int], Awaitable[Figures]]
"""Takes the number of the run, so that ids never repeat."""


async def accept(run: int) -> Figures:
    """Signed 8 KB pushes at 64 connections, durable before the 2xx, against a bare handler."""
    yardstick = await bare_per_second(run)
    with gateway(SOURCE) as running:
        await _push(running, run, 500, first=900_000)
        used = running.cpu_s()
        result = await _push(running, run, EVENTS)
        cpu_us = (running.cpu_s() - used) / EVENTS * 1e6
    return {
        "ratio to bare (>= 0.30)": result.per_second / yardstick,
        "deliveries/s": result.per_second,
        "bare/s": yardstick,
        "p50 ms": result.quantile_ms(0.5),
        "p99 ms (< 40)": result.quantile_ms(0.99),
        "CPU us each": cpu_us,
    }


async def accept_known(run: int) -> Figures:
    """The same with five million ids in the dedup window, against an empty one."""
    with gateway(SOURCE) as running:
        empty = await _push(running, run, EVENTS)
    with tempfile.TemporaryDirectory(prefix="kikkake-bench-") as name:
        data = Path(name) / "data"
        await asyncio.to_thread(_prepare, data)
        with gateway(SOURCE, data=data) as running:
            start_s = running.start_s
            known = await _push(running, run, EVENTS)
    return {
        "ratio to an empty window (>= 0.8)": known.per_second / empty.per_second,
        "deliveries/s": known.per_second,
        "p99 ms": known.quantile_ms(0.99),
        "start s": start_s,
    }


async def pipeline(run: int) -> Figures:
    """Delivery, two data filters, HTTP sink, all durable, until the backlog is empty, against a bare handler."""
    yardstick = await bare_per_second(run)
    sink = Sink()
    await sink.start()
    with gateway(SOURCE + http_sensor(sink.port), arguments=acting()) as running:
        # Warm: the first events compile paths and open the connections to the sink.
        await _push(running, run, 500, first=900_000)
        await sink.wait_for(500, 60)
        sink.reset()
        requests = _requests(running, run * 1_000_000, EVENTS)
        used = running.cpu_s()
        start = time.perf_counter()
        accepted = await _send(running, requests)
        await sink.wait_for(EVENTS, 300)
        took_s = time.perf_counter() - start
        cpu_us = (running.cpu_s() - used) / EVENTS * 1e6
    await sink.stop()
    return {
        "ratio to bare (>= 0.15)": EVENTS / took_s / yardstick,
        "events/s to the sink": EVENTS / took_s,
        "deliveries/s meanwhile": accepted.per_second,
        "CPU us each": cpu_us,
        "sent twice": float(sink.count - len(sink.arrived)),
    }


async def latency(run: int) -> Figures:
    """From the scheduled time of a delivery to its arrival at the sink, at 50/s and at 200/s."""
    figures: Figures = {}
    sink = Sink()
    await sink.start()
    with gateway(SOURCE + http_sensor(sink.port), arguments=acting()) as running:
        # Warm: the first event compiles paths and opens the connection to the sink.
        await _push(running, run, 200)
        await sink.wait_for(200, 60)
        for step, per_second in enumerate((50, 200)):
            sink.reset()
            count = per_second * 15
            first = run * 1_000_000 + 100_000 * (step + 1)
            requests = _requests(running, first, count)
            result = await open_loop(running.port, requests, per_second)
            await sink.wait_for(count, 60)
            due = {f"b-{first + n}".encode(): result.started_at + n / per_second for n in range(count)}
            took = sorted(sink.arrived[key] - at for key, at in due.items())
            figures[f"p50 ms at {per_second}/s (< 3)"] = took[len(took) // 2] * 1e3
            figures[f"p99 ms at {per_second}/s (< 8)"] = took[int(len(took) * 0.99)] * 1e3
    await sink.stop()
    return figures


async def objects(run: int) -> Figures:
    """ConfigMaps in the real API server, against a bare client that creates the same over 16 connections."""
    count = 2_000
    with tempfile.TemporaryDirectory(prefix="kikkake-bench-") as name:
        server = await asyncio.to_thread(KubeServer.start, Path(name))
        try:
            with server.reader() as reader:
                for namespace in ("bare", "ours", "warm"):
                    reader.create("/api/v1/namespaces", {"metadata": {"name": namespace}})
                await _create_bare(server, "warm", 500)
                plain_s = await _create_bare(server, "bare", count)
                resources = SOURCE + config_map_sensor().replace("NAMESPACE", "ours")
                with gateway(resources, arguments=("--kubeconfig", str(server.kubeconfig))) as running:
                    requests = _requests(running, run * 1_000_000, count)
                    used = running.cpu_s()
                    start = time.perf_counter()
                    await _send(running, requests)
                    while len(reader.list("/api/v1/namespaces/ours/configmaps")) < count:
                        await asyncio.sleep(0.02)
                    took_s = time.perf_counter() - start
                    cpu_us = (running.cpu_s() - used) / count * 1e6
        finally:
            await asyncio.to_thread(server.stop)
    return {
        "ratio to a bare client (>= 0.6)": plain_s / took_s,
        "objects/s": count / took_s,
        "bare objects/s": count / plain_s,
        "CPU us each": cpu_us,
    }


async def many_sensors(run: int) -> Figures:
    """One event against 1,000 Sensors with two data filters each, decisions stored."""
    count = 300
    resources = SOURCE + "".join(filtered_sensor(number) for number in range(1000))
    with gateway(resources) as running:
        await _push(running, run, 20)
        await _until_judged(running, 20)
        used = running.cpu_s()
        await _push(running, run, count, first=1000)
        await _until_judged(running, 20 + count)
        cpu_ms = (running.cpu_s() - used) / count * 1e3
        start_s, rss = running.start_s, running.rss_mib()
    return {"CPU ms an event (< 5)": cpu_ms, "start s": start_s, "resident MiB": rss}


async def many_triggers_row(run: int) -> Figures:
    """One Sensor with 100 triggers, 99 of them filtered."""
    count = 4_000
    with gateway(SOURCE + many_triggers(100)) as running:
        requests = _requests(running, run * 1_000_000, count)
        start = time.perf_counter()
        await _send(running, requests)
        await _until_judged(running, count)
        took_s = time.perf_counter() - start
    return {"events/s (>= 1000)": count / took_s}


async def footprint(run: int) -> Figures:
    """Memory and idle CPU with 100 Sensors and 10 sources; memory after 10^5 events; start; --help."""
    sources = "".join(
        SOURCE.replace("{name: github}", f"{{name: github-{number}}}").replace("/github", f"/github-{number}")
        for number in range(9)
    )
    resources = SOURCE + sources + "".join(filtered_sensor(number) for number in range(100))
    with gateway(resources) as running:
        start_s, before = running.start_s, running.rss_mib()
        used, begun = running.cpu_s(), time.perf_counter()
        await asyncio.sleep(20)
        idle = (running.cpu_s() - used) / (time.perf_counter() - begun) * 100
        for part in range(10):
            await _push(running, run, 10_000, first=part * 10_000)
        await _until_judged(running, 100_000)
        after = running.rss_mib()
    return {
        "resident MiB (< 120)": before,
        "MiB more after 10^5 events (< 30)": after - before,
        "idle % of a core (< 0.5)": idle,
        "start s (< 1)": start_s,
        "--help ms (< 150)": await asyncio.to_thread(_help_ms),
    }


async def bare_per_second(run: int) -> float:
    """The yardstick of this moment: the machine is not the same at every minute."""
    with bare() as port:
        requests = pushes(run * 1_000_000, EVENTS, size_bytes=BODY_BYTES, secret=SECRET, path="/x", port=port)
        await closed_loop(port, requests[:500], CONNECTIONS)
        return (await closed_loop(port, requests, CONNECTIONS)).per_second


def acting() -> tuple[str, ...]:
    """Arguments that make HTTP triggers act: a kubeconfig whose cluster is never asked."""
    file = Path(tempfile.gettempdir()) / f"kikkake-bench-{os.getpid()}.yaml"
    file.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: none\n"
        "clusters: [{name: none, cluster: {server: 'http://127.0.0.1:9'}}]\nusers: [{name: none, user: {}}]\n"
        "contexts: [{name: none, context: {cluster: none, user: none}}]\n"
    )
    return ("--kubeconfig", str(file))


async def _push(running: Running, run: int, count: int, *, first: int = 0) -> Result:
    return await _send(running, _requests(running, run * 1_000_000 + first, count))


async def _send(running: Running, requests: list[bytes]) -> Result:
    """Requests that are made and signed already: the clock runs for the gateway alone."""
    result = await closed_loop(running.port, requests, CONNECTIONS)
    if set(result.statuses) != {200}:
        sys.exit(f"not every delivery was accepted: {result.statuses}")
    return result


def _requests(running: Running, first: int, count: int) -> list[bytes]:
    return pushes(first, count, size_bytes=BODY_BYTES, secret=SECRET, path="/github", port=running.port)


async def _until_judged(running: Running, count: int) -> None:
    url = f"http://127.0.0.1:{running.admin_port}/api/v1/status"
    async with aiohttp.ClientSession() as session, asyncio.timeout(600):
        while True:
            async with session.get(url) as answer:
                store = (await answer.json())["store"]
            if store["judgedUpTo"] >= count and store["openEffects"] == 0:
                return
            await asyncio.sleep(0.02)


async def _create_bare(server: KubeServer, namespace: str, count: int) -> float:
    """Seconds that one aiohttp client takes over 16 connections."""
    tls = ssl.create_default_context(cafile=str(server.ca_file))
    headers = {"Authorization": f"Bearer {server.admin_token}", "Content-Type": "application/json"}
    url = f"{server.url}/api/v1/namespaces/{namespace}/configmaps"
    numbers = iter(range(count))

    async def worker(session: aiohttp.ClientSession) -> None:
        for number in numbers:
            body = orjson.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {
                        "name": f"bench-{number:016d}",
                        "generateName": "bench-",
                        "labels": {f"events.argoproj.io/l{index}": f"value-{number}" for index in range(3)},
                        "annotations": {f"kikkake/a{index}": f"{number:064d}" for index in range(4)},
                    },
                    "data": {"bench_id": f"b-{number}", "commit": f"{number:040d}"},
                }
            )
            async with session.post(url, data=body, headers=headers) as answer:
                await answer.read()
                if answer.status != 201:
                    sys.exit(f"the bare client got {answer.status}")

    connector = aiohttp.TCPConnector(limit=16, ssl=tls)
    start = time.perf_counter()
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(worker(session) for _ in range(16)))
    return time.perf_counter() - start


def _prepare(data: Path) -> None:
    data.mkdir(parents=True)
    fill(data, KNOWN_IDS)


def _help_ms() -> float:
    took = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "kikkake", "--help"], check=True, capture_output=True)
        took.append((time.perf_counter() - start) * 1e3)
    return statistics.median(took)


ROWS: dict[str, Row] = {
    "accept": accept,
    "accept-5m-ids": accept_known,
    "pipeline": pipeline,
    "latency": latency,
    "objects": objects,
    "sensors-1000": many_sensors,
    "triggers-100": many_triggers_row,
    "filters": languages.filters,
    "expression": languages.expression,
    "template": languages.template,
    "jq": languages.jq,
    "compile": languages.compiling,
    "mixed-1000": languages.mixed,
    "footprint": footprint,
    "serve-1200": cluster.serve_1200,
    "serve-mutants": cluster.serve_mutants,
}
