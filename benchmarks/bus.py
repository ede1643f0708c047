"""The embedded bus alone: `python -m benchmarks.bus [--ids 5000000] [--seconds 5] [--folder DIR]`.

Publishes events of 8 KB one by one from 64 concurrent callers, with an empty dedup window and with five million
ids in it, then commits and settles effects. CPU is that of the process, callers included; latency is that of
`publish` as its caller sees it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import tempfile
import time
from pathlib import Path

import uvloop

from events.bus import (
    EffectState,
    EventRef,
    NewEffect,
    Outcome,
    Provenance,
    Publication,
    Runner,
    Step,
)
from events.buses.sqlite import SqliteBus, SqliteSettings, open_bus
from events.clock import SystemClock
from events.event import Event
from events.sqlite.schema import open_writer
from events.sqlite.transaction import Transaction
from events.topic import Topic

TOPIC = Topic("default", "default", "github", "push")
DATA = b'{"body":{"ref":"refs/heads/main","pad":"' + os.urandom(4050).hex().encode() + b'"}}'
PROVENANCE = Provenance(1_700_000_000_000_000, "192.0.2.1", "github", "HMAC-SHA256, secret 1 of 1")
CALLERS = 64


def publication(number: int) -> Publication:
    event = Event(
        id=f"72d3162e-cc78-11e3-81ab-{number:012x}",
        source="github",
        type="push",
        subject="push",
        time="2026-11-24T07:00:00Z",
        datacontenttype="application/json",
        data=DATA,
    )
    return Publication(TOPIC, event, PROVENANCE, number.to_bytes(32, "big"))


async def measure_publish(bus: SqliteBus, first: int, seconds: float) -> tuple[int, str]:
    """Number of events stored, and the line to print."""
    latencies: list[float] = []
    stop = time.perf_counter() + seconds
    number = first

    async def call() -> None:
        nonlocal number
        while (begun := time.perf_counter()) < stop:
            number += 1
            await bus.publish([publication(number)])
            latencies.append(time.perf_counter() - begun)

    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(call() for _ in range(CALLERS)))
    took, used = time.perf_counter() - began, time.process_time() - cpu
    return len(latencies), line("publish", len(latencies), took, used, latencies)


async def measure_acting(runner: Runner, count: int) -> list[str]:
    """Steps of 32 events with an effect each, born with attempt 1; then their outcomes, 64 at a time."""
    numbers: list[int] = []
    steps: list[float] = []
    began, cpu = time.perf_counter(), time.process_time()
    for place in range(32, count + 32, 32):
        begun = time.perf_counter()
        sequences = range(place - 31, place + 1)
        effects = [
            NewEffect(
                id=sequence.to_bytes(32, "big"),
                sensor="sensor",
                version=1,
                trigger="build",
                role="main",
                kind="http",
                events=(EventRef("push", sequence, b"k" * 32),),
                due_us=1,
                attempt=1,
                rendered=DATA[:1024],
            )
            for sequence in sequences
        ]
        decisions = [(sequence, b"decision") for sequence in sequences]
        receipt = await runner.commit(Step(place=place, decisions=decisions, effects=effects))
        numbers.extend(receipt.effect_numbers)
        steps.append(time.perf_counter() - begun)
    took, used = time.perf_counter() - began, time.process_time() - cpu
    lines = [line("step, 32 effects", len(numbers), took, used, steps)]
    settles: list[float] = []
    waiting = iter(numbers)

    async def settle() -> None:
        for number in waiting:
            begun = time.perf_counter()
            await runner.settle(
                Outcome(number=number, attempt=1, state=EffectState.DONE, at_us=2, result=b"{}")
            )
            settles.append(time.perf_counter() - begun)

    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(settle() for _ in range(CALLERS)))
    took, used = time.perf_counter() - began, time.process_time() - cpu
    lines.append(line("settle", len(numbers), took, used, settles))
    return lines


def line(name: str, count: int, took_s: float, cpu_s: float, latencies: list[float]) -> str:
    ranked = sorted(latencies)
    p50, p99 = (ranked[int(len(ranked) * part)] * 1000 for part in (0.5, 0.99))
    return (
        f"{name:20} {count / took_s:8.0f}/s  cpu {cpu_s / count * 1e6:6.1f} us  "
        f"p50 {p50:6.2f} ms  p99 {p99:6.2f} ms  max {ranked[-1] * 1000:6.2f} ms"
    )


def fill(folder: Path, ids: int) -> None:
    """Put that many ids into the window, as if events had come and gone today."""
    folder.mkdir(parents=True, exist_ok=True)
    connection = open_writer(folder / "bus.db")
    transaction = Transaction(connection)
    now_us = SystemClock().now_us()
    transaction.begin()
    rows = ((os.urandom(16), 1) for _ in range(ids))
    connection.execute("CREATE TEMP TABLE raw (id BLOB)")
    connection.executemany("INSERT INTO raw VALUES (?)", ((ident,) for ident, _sequence in rows))
    connection.execute("INSERT INTO seen SELECT id, 1 FROM raw ORDER BY id")
    connection.execute("INSERT INTO tick VALUES (1, ?)", (now_us,))
    transaction.counters.head = transaction.counters.judged_head = transaction.counters.merged = 1
    transaction.counters.ticked_us = now_us
    transaction.seal()
    transaction.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


async def run(ids: int, seconds: float, folder: Path) -> None:
    for window in (0, ids) if ids else (0,):
        store = folder / f"store-{window}"
        if window:
            fill(store, window)
        bus = await open_bus(store, SqliteSettings(), SystemClock())
        runner = await bus.take_over()
        first = 0
        for _ in range(3):
            count, text = await measure_publish(bus, first, seconds)
            first += count
            print(f"{window:9,} ids  {text}", flush=True)
        if not window:
            for text in await measure_acting(runner, 20_000):
                print(f"{window:9,} ids  {text}", flush=True)
        await bus.close()
        shutil.rmtree(store)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ids", type=int, default=5_000_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--folder", type=Path, default=None)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        uvloop.run(run(arguments.ids, arguments.seconds, Path(folder)))


if __name__ == "__main__":
    main()
