"""What a new catalog changes in the store and at the outside. Pure: EventSources in, orders out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from events.bus import ResourceChange, ResourceState, ResourceVersion
from events.topic import Topic
from kikkake.catalog import EVENT_SOURCE
from sensors.canonical import canonical_json
from sources.source import PullSource
from sources.spec import EventSourceSpec
from sources.supervise import PullSpec


def source_changes(
    sources: Mapping[str, EventSourceSpec], versions: Mapping[str, ResourceVersion]
) -> list[ResourceChange]:
    """What to record of EventSources, by uid, given the newest stored `versions` of every resource, by uid.

    They are stored as Sensors are, so that the last good text serves after a restart.
    """
    stored = {
        uid: version
        for uid, version in versions.items()
        if version.kind == EVENT_SOURCE and version.state is not ResourceState.DELETED
    }
    changes = [_recorded(uid, spec) for uid, spec in sources.items()]
    present = {change.uid for change in changes}
    new = [change for change in changes if change.uid not in stored or stored[change.uid].text != change.text]
    return new + [_deleted(version) for uid, version in stored.items() if uid not in present]


def pull_specs(sources: Iterable[EventSourceSpec]) -> list[PullSpec]:
    """What the supervisor has to run."""
    return [
        PullSpec(
            Topic(spec.namespace, spec.event_bus_name, spec.name, event.name), event.source, spec.account
        )
        for spec in sources
        if not spec.is_suspended
        for event in spec.pull_events()
        if isinstance(event.source, PullSource)
    ]


def _recorded(uid: str, spec: EventSourceSpec) -> ResourceChange:
    text = canonical_json(spec.document.value)
    return ResourceChange(
        uid=uid,
        kind=EVENT_SOURCE,
        namespace=spec.namespace,
        name=spec.name,
        state=ResourceState.ACTIVE,
        spec_hash=hashlib.sha256(text).digest(),
        text=text,
    )


def _deleted(version: ResourceVersion) -> ResourceChange:
    return ResourceChange(
        uid=version.uid,
        kind=EVENT_SOURCE,
        namespace=version.namespace,
        name=version.name,
        state=ResourceState.DELETED,
        spec_hash=version.spec_hash,
        text=version.text,
    )
