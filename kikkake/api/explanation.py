"""The explanation of one event in JSON: the story that `sensors.explain` tells, with times as texts.

A dead letter has the sentence that the story of an effect lacks, so those of the event are told with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from events.bus import (
    BusReader,
    DeadLetter,
    DeadLetterQuery,
    Effect,
    ResourceVersion,
    StoredEvent,
)
from events.clock import format_time
from kikkake.api.answers import event_answer, is_dry_run, result_text
from kikkake.api.behind import behind_stories
from sensors.decision import decode_decisions
from sensors.explain import explain_event, prepare_story
from sensors.prepared import Preparer
from sensors.story import AttemptStory, DependencyStory, EffectStory, SensorStory, TriggerStory

_MAX_LETTERS = 10_000
"""Of one event: one for each trigger that it concerns, so that nobody has more."""

Letters = dict[str, list[DeadLetter]]
"""Those of one event, by the Sensor's uid."""


async def explanation_answer(
    reader: BusReader, stored: StoredEvent, preparer: Preparer | None = None
) -> dict[str, Any]:
    """Everything that is known about `stored` and what came of it."""
    # The places first: what is judged meanwhile then shows its decision, and never counts as of no interest.
    facts = await reader.facts()
    record = await reader.decision(stored.sequence)
    decisions = decode_decisions(record) if record is not None else ()
    effects = await reader.effects_of(stored.sequence)
    versions = await _versions(
        reader, {each.version for each in decisions} | {each.version for each in effects}
    )
    uids = {version.uid for version in versions.values()}
    memories = {uid: await reader.memories(uid) for uid in uids}
    letters = await _letters(reader, stored)
    prepared = await prepare_story(preparer, stored, record, versions)
    story = explain_event(stored, record, versions, effects, memories, prepared=prepared)
    told = {each.uid for each in story.sensors}
    behind = behind_stories(stored, await reader.resources(), facts, told=told, letters=letters)
    return {
        "event": event_answer(stored),
        "judged": story.is_judged or stored.sequence <= facts.place,
        "sensors": [
            _sensor(each, letters.get(each.uid, []), {effect.number: effect for effect in effects})
            for each in (*story.sensors, *behind)
        ],
    }


async def _versions(reader: BusReader, ids: set[int]) -> dict[int, ResourceVersion]:
    found = [await reader.version(number) for number in sorted(ids)]
    return {version.id: version for version in found if version is not None}


async def _letters(reader: BusReader, stored: StoredEvent) -> Letters:
    """The dead letters of the event."""
    found: Letters = {}
    for letter in await reader.dead_letters(DeadLetterQuery(sequence=stored.sequence, limit=_MAX_LETTERS)):
        found.setdefault(letter.sensor, []).append(letter)
    return found


def _sensor(
    story: SensorStory, letters: Sequence[DeadLetter], effects: Mapping[int, Effect]
) -> dict[str, Any]:
    return {
        "sensor": story.label,
        "outcome": story.outcome,
        "sentence": story.sentence,
        "dependencies": [_dependency(each) for each in story.dependencies],
        "triggers": [_trigger(each, effects) for each in story.triggers],
        "deadLetters": [
            {
                "number": letter.number,
                "trigger": letter.trigger,
                "effect": letter.effect or None,
                "at": format_time(letter.at_us),
                "reason": letter.reason,
                "detail": letter.detail,
            }
            for letter in letters
        ],
    }


def _dependency(story: DependencyStory) -> dict[str, Any]:
    return {
        "name": story.name,
        "verdict": story.verdict,
        "cause": story.cause,
        "reason": story.reason,
        "filters": [msgspec.to_builtins(each) for each in story.filters],
    }


def _trigger(story: TriggerStory, effects: Mapping[int, Effect]) -> dict[str, Any]:
    return {
        "name": story.name,
        "kind": story.kind,
        "outcome": story.outcome,
        "sentence": story.sentence,
        "waitingFor": list(story.waiting_for),
        "effects": [_effect(each, effects[each.number]) for each in story.effects],
    }


def _effect(story: EffectStory, effect: Effect) -> dict[str, Any]:
    return {
        "number": story.number,
        "id": story.id,
        "role": story.role,
        "state": story.state,
        "createdAt": format_time(story.created_us),
        "dueAt": format_time(story.due_us),
        "attempt": effect.attempt,
        "inDoubt": effect.answered < effect.attempt,
        "behind": story.behind or None,
        "reason": story.reason,
        "what": result_text(story.result),
        "dryRun": is_dry_run(story.result),
        "result": story.result,
        "events": story.events,
        "attempts": [_attempt(each) for each in story.attempts],
    }


def _attempt(story: AttemptStory) -> dict[str, Any]:
    return {
        "number": story.number,
        "startedAt": format_time(story.started_us),
        "tookUs": story.took_us,
        "answer": story.answer,
    }
