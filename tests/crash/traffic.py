"""What is sent: the n-th delivery of a seed is the same in every run, whatever happens in between. Pure.

Every event has a key, unique in its run, which travels in the payload and comes out in the objects and requests that
the event causes; and a group, which the filters of the Sensors look at.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from dataclasses import dataclass, field
from typing import Any

from tests.crash.resources import GITHUB_SECRET, REGISTRY_AUTHORIZATION

PARTITIONS = 2
"""Of the Kafka topic."""

_SOURCES = {"github": 40, "distribution": 30, "kafka": 30}
_GROUPS = {
    "github": {"main": 25, "dev": 50, "flip": 25},
    "distribution": {"app": 40, "base": 60},
    "kafka": {"paid": 40, "open": 30, "void": 30},
}
_PADDING_BYTES = (0, 200, 1000, 4000)
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True, slots=True)
class Sent:
    """One event as its sender knows it."""

    key: str
    source: str
    group: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """What goes over the wire in one piece; a redelivery is the same object again."""

    source: str
    events: tuple[Sent, ...]
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    path: str = ""
    """Of the endpoint; empty for Kafka."""
    partition: int = 0


class Traffic:
    """Makes deliveries, one after the other."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(f"{seed}:traffic")
        self._made = 0

    def next(self) -> Delivery:
        source = self._choose(_SOURCES)
        if source == "github":
            return self._push()
        return self._notification() if source == "distribution" else self._record()

    def _push(self) -> Delivery:
        event = self._event("github")
        body = self._json(ref=f"refs/heads/{event.group}", after=event.key, repository={"name": "test"})
        signature = hmac.new(GITHUB_SECRET, body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "X-GitHub-Event": "push",
            "X-GitHub-Delivery": event.key,
            "X-Hub-Signature-256": f"sha256={signature}",
        }
        return Delivery("github", (event,), body, headers, "/github")

    def _notification(self) -> Delivery:
        """One or two entries: both are stored, or none."""
        events = tuple(self._event("distribution") for _ in range(self._random.choice((1, 1, 2))))
        body = self._json(events=[_entry(event) for event in events])
        headers = {
            "Content-Type": "application/vnd.docker.distribution.events.v1+json",
            "Authorization": REGISTRY_AUTHORIZATION,
        }
        return Delivery("distribution", events, body, headers, "/registry")

    def _record(self) -> Delivery:
        event = self._event("kafka")
        body = self._json(key=event.key, kind=event.group)
        return Delivery("kafka", (event,), body, partition=self._random.randrange(PARTITIONS))

    def _event(self, source: str) -> Sent:
        self._made += 1
        return Sent(f"{source[0]}{self._made:06d}", source, self._choose(_GROUPS[source]))

    def _choose(self, weights: dict[str, int]) -> str:
        return self._random.choices(list(weights), list(weights.values()))[0]

    def _json(self, **members: Any) -> bytes:
        padding = "x" * self._random.choice(_PADDING_BYTES)
        return json.dumps({**members, "padding": padding}).encode()


def _entry(event: Sent) -> dict[str, Any]:
    digest = f"sha256:{hashlib.sha256(event.key.encode()).hexdigest()}"
    repository = f"crash/{event.group}"
    return {
        "id": event.key,
        "timestamp": "2026-11-24T08:00:00Z",
        "action": "push",
        "target": {
            "mediaType": _MANIFEST,
            "digest": digest,
            "repository": repository,
            "url": f"https://registry.example.com/v2/{repository}/manifests/{digest}",
            "tag": event.key,
        },
        "request": {"host": "registry.example.com", "method": "PUT"},
        "actor": {"name": "crash"},
    }
