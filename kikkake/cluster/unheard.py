"""Sensors that wait for events that no EventSource of their namespace has: a warning, which goes when one comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from events.clock import US_PER_S, Clock
from events.errors import Finding
from kikkake.catalog import EVENT_SOURCE, SENSOR, Catalog, Entry, Key
from kikkake.cluster.resources import ClusterObject
from kikkake.declared import Declaration, Declared, Name, events_of, missing_dependencies
from kikkake.suppress import without_silenced
from sensors.compile import CompiledSensor
from sources.spec import EventSourceSpec

_YOUNG_S = 5.0
"""Whoever applies a Sensor applies its EventSource too, before or after: so long nothing is said."""


class Unheard:
    """Looks from a Sensor at the EventSources of its namespace; those of others are nobody's business there."""

    def __init__(
        self,
        clock: Clock,
        *,
        objects: Mapping[Key, ClusterObject],
        catalog: Callable[[], Catalog],
    ) -> None:
        self._clock = clock
        self._objects = objects
        self._catalog = catalog

    def findings(self, entry: Entry) -> list[Finding]:
        """A warning for each such dependency, unless its annotation silences it."""
        sensor, document = entry.spec, entry.document
        if not isinstance(sensor, CompiledSensor) or document is None or not self._is_missing_any(sensor):
            return []
        names = [key[1:] for key in self._objects if key[:2] == (EVENT_SOURCE, sensor.namespace)]
        missing = missing_dependencies(document, sensor, Declared(self._find, names), "there")
        return without_silenced(document, missing)

    def is_settled(self, key: Key) -> bool:
        """Whether nothing is missing, or has been for so long that it can be said."""
        found, entry = self._objects.get(key), self._catalog().get(key)
        if found is None or entry is None or not isinstance(entry.spec, CompiledSensor):
            return True
        return not self._is_young(found) or not self._is_missing_any(entry.spec)

    def concerned(self, keys: Iterable[Key]) -> list[Key]:
        """The Sensors that hear these, or would like to."""
        sources = {key[1:] for key in keys if key.kind == EVENT_SOURCE}
        if not sources:
            return []
        namespaces = {namespace for namespace, _name in sources}
        return [
            key
            for key, entry in self._catalog().items()
            if key.kind == SENSOR
            and key.namespace in namespaces
            and isinstance(entry.spec, CompiledSensor)
            and any((topic.namespace, topic.event_source) in sources for topic in entry.spec.topics)
        ]

    def _is_missing_any(self, sensor: CompiledSensor) -> bool:
        for topic in sensor.topics:
            found = self._find((topic.namespace, topic.event_source))
            if found is None or topic.event_name not in found.events:
                return True
            if found.bus not in {None, topic.event_bus}:
                return True
        return False

    def _find(self, name: Name) -> Declaration | None:
        key = Key(EVENT_SOURCE, *name)
        found, entry = self._objects.get(key), self._catalog().get(key)
        if found is None:
            return None
        spec = entry.spec if entry is not None else None
        bus = spec.event_bus_name if isinstance(spec, EventSourceSpec) else None
        return Declaration(events_of(found.document), bus)

    def _is_young(self, found: ClusterObject) -> bool:
        try:
            created = datetime.fromisoformat(found.created).replace(tzinfo=UTC)
        except ValueError:
            return False
        return self._clock.now_us() < round((created.timestamp() + _YOUNG_S) * US_PER_S)
