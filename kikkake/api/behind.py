"""Sensors that wanted an event and have not judged it: suspended, behind the others, or it was given up for them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from events.bus import BusFacts, DeadLetter, ResourceState, ResourceVersion, Standing, StoredEvent
from sensors.story import SensorStory


def behind_stories(
    stored: StoredEvent,
    resources: Sequence[ResourceVersion],
    facts: BusFacts,
    *,
    told: Collection[str],
    letters: Mapping[str, Sequence[DeadLetter]],
) -> list[SensorStory]:
    """One story for each such Sensor that is not `told` (uids). `facts` are from before the decisions were read."""
    stories: list[SensorStory] = []
    if stored.standing is Standing.SUSPECTED_REPLAY:
        return stories  # nobody judges it unless a person says so
    for version in resources:
        is_interested = version.kind == "Sensor" and stored.topic in version.topics
        if version.uid in told or not is_interested or version.state is ResourceState.DELETED:
            continue
        if letters.get(version.uid):
            stories.append(_story(version, "failed", "it was given up before it was judged"))
        elif version.uid in facts.lagging and _is_ahead(stored, version, facts):
            stories.append(_story(version, "behind", _why(version, facts.lagging[version.uid])))
    return stories


def _is_ahead(stored: StoredEvent, version: ResourceVersion, facts: BusFacts) -> bool:
    has_begun = any(start < stored.sequence for start in version.starts.values())
    return stored.sequence > facts.lagging[version.uid] and has_begun


def _why(version: ResourceVersion, place: int) -> str:
    if version.state is ResourceState.SUSPENDED:
        return "it is suspended, and judges this event when it goes on"
    label = f"{version.namespace}/{version.name}"
    return (
        f"it has judged up to event {place}: it is catching up, or its dead letters are full "
        f"(kikkake dead-letters --sensor {label})"
    )


def _story(version: ResourceVersion, outcome: str, sentence: str) -> SensorStory:
    return SensorStory(
        uid=version.uid,
        label=f"{version.namespace}/{version.name}",
        version=version.id,
        outcome=outcome,
        sentence=sentence,
        dependencies=(),
        triggers=(),
    )
