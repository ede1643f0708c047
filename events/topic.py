"""Where an event belongs, and the event key that makes it the same event again.

The byte form is frozen by a test vector; docs/decisions/0002-identity.md says why it is length-prefixed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple


class Topic(NamedTuple):
    """The address of an event; a Sensor sees only its own namespace and event bus."""

    namespace: str
    event_bus: str
    event_source: str
    event_name: str

    def __str__(self) -> str:
        """As people write it: NAMESPACE/SOURCE/EVENT (the bus only where it is not the default)."""
        bus = "" if self.event_bus == "default" else f" on {self.event_bus}"
        return f"{self.namespace}/{self.event_source}/{self.event_name}{bus}"


def length_prefixed(parts: Iterable[bytes]) -> bytes:
    """Each part behind its length in four bytes, big-endian: different tuples give different bytes."""
    return b"".join(prefixed(part) for part in parts)


def event_key(topic: Topic, source: str, event_id: str) -> bytes:
    """SHA-256 (32 bytes) of the topic and the CloudEvents `source` and `id` (spec: effects, section 2)."""
    return hashlib.sha256(
        _topic_bytes(topic) + prefixed(source.encode()) + prefixed(event_id.encode())
    ).digest()


def replay_key(topic: Topic, body_mac: bytes) -> bytes:
    """SHA-256 (32 bytes) of the topic and the MAC of a body: the same body under another delivery id.

    A sixth part with a fixed word keeps it apart from every event key (spec: signatures, rule 6).
    """
    return hashlib.sha256(_topic_bytes(topic) + _BODY_MAC + prefixed(body_mac) + prefixed(b"")).digest()


def prefixed(part: bytes) -> bytes:
    """One part behind its length."""
    return len(part).to_bytes(4, "big") + part


@lru_cache(maxsize=4096)
def _topic_bytes(topic: Topic) -> bytes:
    """The same for every event of a topic; there are as many topics as sources have events."""
    return length_prefixed(part.encode() for part in topic)


_BODY_MAC = prefixed(b"body-mac")
