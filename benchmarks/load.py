"""A load generator on raw sockets: signed GitHub pushes, closed loop or at a fixed rate.

In an open loop the latency counts from the time that a delivery was scheduled, so that a slow server cannot
hide behind the load waiting for it (coordinated omission).
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import cast

BENCH_ID = "bench_id"


@dataclass(slots=True)
class Result:
    """What one run of load saw; times in seconds."""

    latencies_s: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    elapsed_s: float = 0.0
    started_at: float = 0.0
    """On the clock of `time.perf_counter`."""

    @property
    def per_second(self) -> float:
        return sum(self.statuses.values()) / self.elapsed_s

    def quantile_ms(self, q: float) -> float:
        ordered = sorted(self.latencies_s)
        return ordered[min(len(ordered) - 1, int(q * len(ordered)))] * 1e3


def push_body(number: int, size_bytes: int, ref: str) -> bytes:
    """A push of about that size whose `bench_id` is unique."""
    commits = [
        {
            "id": hashlib.sha256(f"{number}-{index}".encode()).hexdigest()[:40],
            "message": f"Change number {index} of a series that fills a realistic push",
            "timestamp": "2026-11-20T09:12:41+01:00",
            "author": {"name": "Mika Tanaka", "email": "mika@octo-org.example", "username": "mika"},
            "added": [],
            "removed": [],
            "modified": [f"services/cart/price_{index}.py", f"services/cart/tests/test_price_{index}.py"],
        }
        for index in range(max(1, (size_bytes - 500) // 333))
    ]
    body = {
        BENCH_ID: f"b-{number}",
        "ref": ref,
        "before": "8d1f0c6a5b1e4f7d9a3c2b1e0f9d8c7b6a594837",
        "after": commits[-1]["id"],
        "deleted": False,
        "commits": commits,
        "repository": {"id": 501334477, "full_name": "octo-org/storefront", "default_branch": "main"},
        "pusher": {"name": "mika", "email": "mika@octo-org.example"},
    }
    return json.dumps(body).encode()


def pushes(
    first: int,
    count: int,
    *,
    size_bytes: int,
    secret: bytes,
    path: str,
    port: int,
    ref: str = "refs/heads/main",
) -> list[bytes]:
    """Whole HTTP requests, made and signed before the clock runs."""
    requests = []
    for number in range(first, first + count):
        body = push_body(number, size_bytes, ref)
        signature = hmac.digest(secret, body, "sha256").hex()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: GitHub-Hookshot/bench\r\n"
            f"Content-Type: application/json\r\nX-GitHub-Event: push\r\nX-GitHub-Delivery: bench-{number}\r\n"
            f"X-Hub-Signature-256: sha256={signature}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        requests.append(head.encode() + body)
    return requests


class _Connection(asyncio.Protocol):
    """One keep-alive connection: sends the next request when the answer is whole."""

    def __init__(self, done: Callable[[int], None]) -> None:
        self._done = done
        self._buffer = bytearray()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Under uvloop a transport is not an instance of asyncio's class, but it is one.
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head_end = self._buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = bytes(self._buffer[:head_end]).lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._buffer) < head_end + 4 + length:
            return
        del self._buffer[: head_end + 4 + length]
        self._done(int(head[9:12]))

    def connection_lost(self, _exc: Exception | None) -> None:
        self._done(0)


async def closed_loop(port: int, requests: list[bytes], connections: int) -> Result:
    """Send all requests as fast as answers come, over that many connections."""
    result = Result()
    waiting = iter(requests)
    finished = asyncio.Event()
    left = len(requests)

    async def one() -> None:
        await _open(port, waiting, on_answer)

    def on_answer(status: int, latency_s: float) -> None:
        nonlocal left
        result.latencies_s.append(latency_s)
        result.statuses[status] = result.statuses.get(status, 0) + 1
        left -= 1
        if left == 0:
            finished.set()

    start = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    async with asyncio.timeout(600):
        await finished.wait()
    result.elapsed_s = time.perf_counter() - start
    return result


async def _open(port: int, waiting: Iterator[bytes], on_answer: Callable[[int, float], None]) -> None:
    sent_at = 0.0

    def done(status: int) -> None:
        nonlocal sent_at
        if status == 0:
            return
        now = time.perf_counter()
        on_answer(status, now - sent_at)
        send_next()

    def send_next() -> None:
        nonlocal sent_at
        request = next(waiting, None)
        if request is None:
            transport.close()
            return
        sent_at = time.perf_counter()
        transport.write(request)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(lambda: _Connection(done), "127.0.0.1", port)
    send_next()


async def open_loop(port: int, requests: list[bytes], per_second: float, connections: int = 32) -> Result:
    """Send at a fixed rate; latencies count from the scheduled time."""
    result = Result()
    loop = asyncio.get_running_loop()
    idle: asyncio.Queue[int] = asyncio.Queue(connections)
    scheduled = [0.0] * connections
    links: list[asyncio.Transport] = []
    finished = asyncio.Event()

    def make(index: int) -> Callable[[], _Connection]:
        def done(status: int) -> None:
            if status:
                result.latencies_s.append(time.perf_counter() - scheduled[index])
                result.statuses[status] = result.statuses.get(status, 0) + 1
                idle.put_nowait(index)
                if len(result.latencies_s) == len(requests):
                    finished.set()

        return lambda: _Connection(done)

    for index in range(connections):
        transport, _ = await loop.create_connection(make(index), "127.0.0.1", port)
        links.append(transport)
        idle.put_nowait(index)
    start = result.started_at = time.perf_counter()
    for number, request in zip(itertools.count(), requests):
        due = start + number / per_second
        if (delay := due - time.perf_counter()) > 0:
            await asyncio.sleep(delay)
        index = await idle.get()
        scheduled[index] = due
        links[index].write(request)
    async with asyncio.timeout(60):
        await finished.wait()
    result.elapsed_s = time.perf_counter() - start
    for transport in links:
        transport.close()
    return result
