"""What is sent: the n-th delivery of a seed is the same in every run, whatever happens in between. Pure.

Every event has a key, unique in its run, which travels in the payload and comes out in the objects and requests that
the event causes; a group, which the filters of the Sensors look at; and a link, by which some belong together.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from tests.crash.resources import GITHUB_SECRET, REGISTRY_AUTHORIZATION

PARTITIONS = 2
"""Of the Kafka topic."""

_SOURCES = {"github": 40, "distribution": 30, "kafka": 30}
_GROUPS = {
    "github": {"main": 15, "dev": 57, "flip": 20, "pair": 8},
    "distribution": {"app": 25, "base": 67, "pile": 8},
    "kafka": {"paid": 22, "open": 30, "void": 32, "pair": 8, "burst": 8},
}
_OPEN_LINKS = 6
"""Links that a further event may have."""
_SHARE_OF_PARTNERS = {"github": 0.3, "kafka": 0.8}
"""Of the events of a link: those that have one which was there before."""
_SHARE_OF_FIRSTS = 0.3
"""Of the events in bursts: those that begin one."""
_PADDING_BYTES = (0, 200, 1000, 4000)
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True, slots=True)
class Sent:
    """One event as its sender knows it."""

    key: str
    source: str
    group: str
    link: str


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
        self._links = Links(self._random)

    def next(self) -> Delivery:
        source = self._choose(_SOURCES)
        if source == "github":
            return self._push()
        return self._notification() if source == "distribution" else self._record()

    def _push(self) -> Delivery:
        event = self._event("github")
        body = self._json(
            ref=f"refs/heads/{event.group}", after=event.key, link=event.link, repository={"name": "test"}
        )
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
        body = self._json(key=event.key, kind=event.group, link=event.link)
        return Delivery("kafka", (event,), body, partition=self._random.randrange(PARTITIONS))

    def _event(self, source: str) -> Sent:
        self._made += 1
        key, group = f"{source[0]}{self._made:06d}", self._choose(_GROUPS[source])
        return Sent(key, source, group, self._links.of(source, group, key))

    def _choose(self, weights: dict[str, int]) -> str:
        return self._random.choices(list(weights), list(weights.values()))[0]

    def _json(self, **members: Any) -> bytes:
        padding = "x" * self._random.choice(_PADDING_BYTES)
        return json.dumps({**members, "padding": padding}).encode()


class Links:
    """Which events belong together: a push and orders of one link, some without the other; orders in bursts."""

    def __init__(self, chance: random.Random) -> None:
        self._random = chance
        self._open: deque[str] = deque(maxlen=_OPEN_LINKS)
        self._burst = "burst"

    def of(self, source: str, group: str, key: str) -> str:
        """The link of an event; its own key where it belongs to no other."""
        if group == "burst":
            if self._random.random() < _SHARE_OF_FIRSTS:
                self._burst = f"burst-{key}"
            return self._burst
        if group != "pair":
            return key
        if self._open and self._random.random() < _SHARE_OF_PARTNERS[source]:
            return self._random.choice(self._open)
        self._open.append(f"link-{key}")
        return self._open[-1]


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
