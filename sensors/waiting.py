"""How a trigger waits: its condition, which events belong together, for how long, and what resets it. Pure.

`correlate`, `hold`, `debounce` and `batch` are ours and optional; without them a trigger waits as upstream's does.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from events.errors import KikkakeError
from events.languages.cron import Schedule
from events.languages.gjson import Path as GjsonPath
from events.languages.gjson.result import Kind
from sensors.condition import Condition
from sensors.filter import Reading

_SHOWN_KEY_LENGTH = 64
"""A value of an event is cut here (spec: bad-input 1.2)."""


class NoKey(KikkakeError):
    """The event has no value to be correlated by; says which path found nothing."""


@dataclass(frozen=True, slots=True)
class KeyPath:
    """Where the events of one dependency have their correlation key."""

    member: str
    """`dataKey` or `contextKey`."""
    path: GjsonPath

    def read(self, reading: Reading) -> str:
        """The key in its text form: 1 and "1" are the same. Raises NoKey where it is absent, null or empty."""
        if self.member == "dataKey":
            document = reading.document
            if reading.data_fault() is not None:
                raise NoKey("it has no data" if reading.event.data is None else "its data is not JSON")
        else:
            document = reading.event.context_document
        try:
            found = self.path.get(document)
        except KikkakeError as error:
            raise NoKey(f"{self.member} `{self.path.text}`: {error}") from error
        text = found.text() if found.exists and found.kind is not Kind.NULL else ""
        if not text:
            raise NoKey(f"{self.member} `{self.path.text}` is not in the event, or empty")
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The plan of one trigger."""

    condition: Condition
    keys: Mapping[str, KeyPath] | None = None
    """Per dependency; None = all events belong together."""
    within_us: int | None = None
    """An incomplete memory is given up this long after its first event."""
    on_timeout: str | None = None
    """The trigger that then gets the held events; None = they are let go."""
    max_keys: int | None = None
    holds_all: bool = False
    debounce_us: int | None = None
    batch_max: int | None = None
    batch_within_us: int | None = None
    resets: tuple[Schedule, ...] = field(default=(), repr=False)
    is_only_by_timeout: bool = False
    """No event wakes it: it fires when another trigger's `onTimeout` names it."""

    @property
    def collects(self) -> bool:
        """Whether a complete condition goes on waiting for more."""
        return self.debounce_us is not None or self.batch_max is not None or self.batch_within_us is not None

    @property
    def needs_memory(self) -> bool:
        """Whether anything is ever held: a condition without `&&` fires at once."""
        return self.condition.needs_memory or self.collects

    @property
    def has_ends(self) -> bool:
        """Whether the passing of time changes what is held."""
        return self.within_us is not None or self.debounce_us is not None or self.batch_within_us is not None


@functools.lru_cache(maxsize=4096)
def slot_of(key: str) -> str:
    """The name of a correlation key's memory: a digest, since keys may be long. Empty for the empty key."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32] if key else ""


def shown_key(key: str) -> str:
    """For people."""
    return key if len(key) <= _SHOWN_KEY_LENGTH else f"{key[:_SHOWN_KEY_LENGTH]}…"
