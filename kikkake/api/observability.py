"""/metrics, /healthz and /readyz: for Prometheus and the kubelet, on a listener of their own."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence

import prometheus_client
from aiohttp import web
from prometheus_client import CollectorRegistry, Gauge

from events.bus import BusFacts
from events.clock import US_PER_S
from events.errors import KikkakeError
from events.metrics import CONTENT_TYPE
from kikkake.api.guarding import safe_headers
from kikkake.api.problem import json_answer, problems
from kikkake.api.services import ApiServices


class BusGauges:
    """What the bus holds, as of one look at it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, about: str) -> Gauge:
            return Gauge(f"kikkake_bus_{name}", about, registry=registry)

        self.up = gauge("up", "1 when the store answered the last look, else 0.")
        self.events = gauge("events", "Events that are kept.")
        self.unjudged = gauge("unjudged_events", "Events that no Sensor has judged yet.")
        self.oldest = gauge("oldest_unjudged_seconds", "Age of the oldest of them; 0 when there is none.")
        self.open_effects = gauge("open_effects", "Effects that are not done yet, those that wait included.")
        self.dead_letters = gauge(
            "dead_letters", "Effects and events that were given up and wait for a person."
        )
        self.bytes = gauge("bytes", "Size of the store on disk.")
        self.lagging = gauge("lagging_sensors", "Sensors that are behind the others.")

    def show(self, facts: BusFacts, now_us: int) -> None:
        oldest = facts.oldest_unprocessed_us
        self.up.set(1)
        self.events.set(facts.events)
        self.unjudged.set(max(0, facts.head - facts.place))
        self.oldest.set(0 if oldest is None else max(0, now_us - oldest) / US_PER_S)
        self.open_effects.set(facts.open_effects)
        self.dead_letters.set(facts.dead_letters)
        self.bytes.set(facts.size_bytes)
        self.lagging.set(len(facts.lagging))


def observability_app(services: ApiServices, registry: CollectorRegistry) -> web.Application:
    """Says nothing that an outsider could use: label values come from resources, reasons are our own sentences."""
    app = web.Application(middlewares=[safe_headers, problems], client_max_size=1024)
    gauges = BusGauges(registry)

    async def show_metrics(_request: web.Request) -> web.Response:
        try:
            gauges.show(await services.reader.facts(), time.time_ns() // 1000)
        except KikkakeError:
            gauges.up.set(0)  # the other families say why; a scrape must not fail with the store
        body = prometheus_client.generate_latest(registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE})

    app.router.add_get("/metrics", show_metrics)
    app.router.add_get("/healthz", _judged_by(services.not_healthy))
    app.router.add_get("/readyz", _judged_by(services.not_ready))
    return app


def _judged_by(faults: Callable[[], Sequence[str]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_request: web.Request) -> web.Response:
        found = list(faults())
        return json_answer({"ok": not found, "reasons": found}, 503 if found else 200)

    return answer
