"""What is known of an object of the cluster: the text's faults, the outside's troubles, counts and addresses."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from events.clock import format_time
from events.errors import Finding
from events.topic import Topic
from kikkake.activity import Tally
from kikkake.catalog import EVENT_SOURCE, SENSOR, Entry, Key
from kikkake.cluster.exposure import Exposure
from kikkake.cluster.repeats import repeat_findings
from kikkake.cluster.resources import EVENT_BUS, ClusterObject
from kikkake.cluster.status import Outlook
from kikkake.event_bus_check import event_bus_faults
from kikkake.services import GatewayServices
from kikkake.settings import ServeSettings
from kikkake.suppress import without_silenced
from sensors.compile import CompiledSensor
from sources.listening import shared_path_of
from sources.source import PushSource
from sources.spec import EventSourceSpec


class Outlooks:
    """Asks the running gateway."""

    def __init__(self, services: GatewayServices, settings: ServeSettings, exposure: Exposure) -> None:
        self._services = services
        self._exposure = exposure
        self._base = settings.public_url.rstrip("/")
        self.manual: Callable[[ClusterObject], Mapping[str, str] | None] = lambda _found: None
        """What came of an order by hand."""
        self.refusals: Callable[[Key], Sequence[Finding]] = lambda _key: ()
        """What the account of a Sensor may not do."""
        self.unheard: Callable[[Entry], Sequence[Finding]] = lambda _entry: ()
        """Events that a Sensor waits for and nobody has."""
        self._before: dict[str, Mapping[str, Any]] = {}
        """Status of each object, by uid, when this process first saw it: what its counts go on from."""
        self._earlier: dict[str, Mapping[Topic, int]] = {}
        """By uid of a Sensor: what its topics had counted when this process first saw it."""

    def of(self, found: ClusterObject) -> Outlook:
        """Everything that its status is to say."""
        if found.key.kind == EVENT_BUS:
            return Outlook(
                generation=found.generation, findings=event_bus_faults(found.document), is_served=True
            )
        entry = self._services.entry(found.key)
        if entry is None:
            return Outlook(generation=found.generation, findings=(), is_served=False)
        spec = entry.spec
        facts: dict[str, Any] = {}
        findings = [*entry.findings, *self._services.problems(entry), *self.refusals(found.key)]
        if found.key.kind == EVENT_SOURCE:
            source = spec if isinstance(spec, EventSourceSpec) else None
            facts = self._source_facts(found, source)
            findings += self._exposure.findings(found, source)
            if source is not None:
                findings += without_silenced(source.document, repeat_findings(source))
        elif found.key.kind == SENSOR:
            facts = self._sensor_facts(found, spec if isinstance(spec, CompiledSensor) else None)
            # Before traps of the text: nothing at all happens without the event.
            findings = [*self.unheard(entry), *findings]
        if (manual := self.manual(found)) is not None:
            facts["manual"] = manual
        return Outlook(
            generation=found.generation,
            findings=findings,
            is_served=spec is not None,
            is_outdated=entry.is_outdated,
            is_suspended=spec is not None and spec.is_suspended,
            failing=self._services.activity.failing.get(found.uid, {}),
            facts=facts,
        )

    def forget_all_but(self, uids: Collection[str]) -> None:
        """What is gone needs no memory."""
        for known in (self._before, self._earlier):
            for uid in [uid for uid in known if uid not in uids]:
                del known[uid]

    def troubles(self) -> Mapping[Key, object]:
        """What keeps resources from working for reasons outside of their texts: another value is another trouble."""
        troubles: dict[Key, object] = dict(self._services.troubles())
        failing = self._services.activity.failing
        for key in self._services.keys_of(failing):
            entry = self._services.entry(key)
            if entry is not None:
                troubles[key] = (troubles.get(key), dict(failing.get(entry.uid, {})))
        return troubles

    def _source_facts(self, found: ClusterObject, spec: EventSourceSpec | None) -> dict[str, Any]:
        tallies = [
            tally
            for topic, tally in self._services.activity.topics.items()
            if (topic.namespace, topic.event_source) == found.key[1:]
        ]
        facts = self._counted(found, "events", "lastEventTime", tallies)
        facts["addresses"] = [
            {"event": event.name, "url": f"{self._base}{shared_path_of(event.source)}"}
            for event in (spec.events if spec is not None else ())
            if isinstance(event.source, PushSource)
        ]
        if spec is not None:
            facts["addresses"] += self._exposure.addresses(spec)
        return facts

    def _sensor_facts(self, found: ClusterObject, spec: CompiledSensor | None) -> dict[str, Any]:
        topics = self._services.activity.topics
        heard = {
            topic: topics[topic] for topic in (spec.topics if spec is not None else ()) if topic in topics
        }
        # What its topics had before this process knew it is not its own.
        earlier = self._earlier.setdefault(found.uid, {topic: tally.count for topic, tally in heard.items()})
        counted = [
            Tally(tally.count - earlier.get(topic, 0), tally.last_us) for topic, tally in heard.items()
        ]
        fired = self._services.activity.sensors.get(found.uid, Tally())
        facts = self._counted(found, "events", "", counted)
        facts |= self._counted(found, "fired", "lastFiredTime", [fired])
        return {**facts, "deadLetters": self._services.dead_letters.get(found.uid, 0)}

    def _counted(self, found: ClusterObject, name: str, last: str, tallies: list[Tally]) -> dict[str, Any]:
        before = self._before.setdefault(found.uid, found.status)
        base = before.get(name)
        facts: dict[str, Any] = {name: (base if isinstance(base, int) else 0) + sum(t.count for t in tallies)}
        last_us = max((tally.last_us for tally in tallies), default=0)
        if last and last_us:
            facts[last] = format_time(last_us // 1_000_000 * 1_000_000)
        elif last and before.get(last):
            facts[last] = before[last]
        return facts
