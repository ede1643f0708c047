"""Metrics in Prometheus form. Label values come from resources and fixed lists, never from what arrives.

One `Metrics` per process, handed to who counts; a family stands here so that its name and labels are told once.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_INGEST_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The families of one process. `event_source` is NAMESPACE/NAME, empty where no route was found."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry if registry is not None else CollectorRegistry()
        self.ingest_events = Counter(
            "kikkake_ingest_events",
            "Events that a source handed to the bus, by what the bus made of them.",
            ["event_source", "event_name", "standing"],
            registry=self.registry,
        )
        self.ingest_filtered = Counter(
            "kikkake_ingest_filtered",
            "Events that the source's own filter dropped: `filtered`, or `failed` where it could not be evaluated.",
            ["event_source", "event_name", "reason"],
            registry=self.registry,
        )
        self.ingest_rejected = Counter(
            "kikkake_ingest_rejected",
            "Deliveries that were refused, by cause.",
            ["event_source", "cause"],
            registry=self.registry,
        )
        self.ingest_answered = Counter(
            "kikkake_ingest_answered",
            "Lifecycle deliveries (ping, preflight) that were answered and not published.",
            ["event_source"],
            registry=self.registry,
        )
        self.ingest_seconds = Histogram(
            "kikkake_ingest_seconds",
            "From the head of a delivery to its answer, for deliveries that were stored.",
            ["event_source"],
            buckets=_INGEST_BUCKETS_S,
            registry=self.registry,
        )
        self.old_secret_used = Counter(
            "kikkake_old_secret_used",
            "Deliveries proven with a former secret: a sender that does not know the new one yet.",
            ["event_source", "event_name"],
            registry=self.registry,
        )
        self.connections = Gauge(
            "kikkake_connections", "Open connections of the HTTP front.", registry=self.registry
        )
        self.body_bytes_in_flight = Gauge(
            "kikkake_body_bytes_in_flight", "Bytes of bodies that are held right now.", registry=self.registry
        )
