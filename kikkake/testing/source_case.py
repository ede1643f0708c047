"""Running one case of an EventSourceTest: its deliveries in order, through the front's own code without a socket."""

from __future__ import annotations

from dataclasses import dataclass

from events.clock import ManualClock, parse_time
from events.metrics import Metrics
from events.resource import Path
from kikkake.testing.compare import Difference
from kikkake.testing.delivery_document import EventSourceTest, SourceCase
from kikkake.testing.front import Front
from kikkake.testing.judge_delivery import judge_delivery
from kikkake.testing.outside import Outside, StandIns
from kikkake.testing.reading import LoadedTest
from kikkake.testing.sensor_case import Saw, move_clock
from kikkake.testing.store import STORE_KEY, open_gateway
from kikkake.testing.times import DEFAULT_START
from sources.spec import EventSourceSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceBench:
    """What all cases of one document share."""

    test: LoadedTest
    model: EventSourceTest
    spec: EventSourceSpec
    metrics: Metrics
    saw: Saw


async def run_source_case(bench: SourceBench, case: SourceCase, index: int) -> list[Difference]:
    """Everything that is not as the case expects. Raises RefusedTest when a file that it needs is not there."""
    secrets = StandIns(bench.model.secrets, bench.model.config_maps)
    start_us = parse_time(bench.model.now or DEFAULT_START) or 0
    found: list[Difference] = []

    def outside(clock: ManualClock) -> Outside:
        return Outside(secrets, {}, [], clock, STORE_KEY)

    async with open_gateway(start_us, outside, []) as gateway:
        front = Front([bench.spec], gateway, secrets, bench.metrics)
        deliveries = 0
        for number, step in enumerate(case.steps()):
            path: Path = (
                "cases",
                index,
                *(("deliveries", number) if case.delivery is None else ("delivery",)),
            )
            if step.restart:
                await gateway.restart()
                front.restarted()
            elif step.wait or step.at:
                found += await move_clock(gateway, step.wait, step.at, path)
            else:
                deliveries += 1
                sent = await front.send(bench.test, step, path, deliveries)
                if step.expect is not None:
                    bench.saw(bench.test, (*path, "expect"), sent)
                    found += judge_delivery(step.expect, sent, (*path, "expect"))
    return found
