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
    EffectState,
    ResourceVersion,
    StoredEvent,
)
from events.clock import format_time
from kikkake.api.answers import event_answer, is_dry_run, result_text
from sensors.decision import MarkCode, SensorDecision, decode_decisions
from sensors.explain import explain_event
from sensors.story import AttemptStory, DependencyStory, EffectStory, SensorStory, TriggerStory

_LETTER_PAGE = 500
_MAX_LETTER_PAGES = 20
"""Dead letters of one Sensor that are looked through: all that a store keeps of it by default."""
_BURIED = (MarkCode.RENDER_FAILED, MarkCode.CRASHED)

Letters = dict[str, list[DeadLetter]]
"""Those of one event, by the Sensor's uid."""


async def explanation_answer(reader: BusReader, stored: StoredEvent) -> dict[str, Any]:
    """Everything that is known about `stored` and what came of it."""
    # The place first: what is judged meanwhile then shows its decision, and never counts as of no interest.
    place = (await reader.facts()).place
    record = await reader.decision(stored.sequence)
    decisions = decode_decisions(record) if record is not None else ()
    effects = await reader.effects_of(stored.sequence)
    versions = await _versions(
        reader, {each.version for each in decisions} | {each.version for each in effects}
    )
    uids = {version.uid for version in versions.values()}
    memories = {uid: await reader.memories(uid) for uid in uids}
    letters = await _letters(reader, stored, decisions, effects, versions)
    story = explain_event(stored, record, versions, effects, memories)
    return {
        "event": event_answer(stored),
        "judged": story.is_judged or stored.sequence <= place,
        "sensors": [
            _sensor(each, letters.get(each.uid, []), {effect.number: effect for effect in effects})
            for each in story.sensors
        ],
    }


async def _versions(reader: BusReader, ids: set[int]) -> dict[int, ResourceVersion]:
    found = [await reader.version(number) for number in sorted(ids)]
    return {version.id: version for version in found if version is not None}


async def _letters(
    reader: BusReader,
    stored: StoredEvent,
    decisions: Sequence[SensorDecision],
    effects: Sequence[Effect],
    versions: dict[int, ResourceVersion],
) -> Letters:
    """The dead letters of the event, of those Sensors that have something to mourn."""
    uids = {effect.sensor for effect in effects if effect.state is EffectState.DEAD}
    for decision in decisions:
        version = versions.get(decision.version)
        if version is not None and any(mark.code in _BURIED for mark in decision.marks):
            uids.add(version.uid)
    return {uid: await _letters_of(reader, uid, stored) for uid in uids}


async def _letters_of(reader: BusReader, uid: str, stored: StoredEvent) -> list[DeadLetter]:
    found: list[DeadLetter] = []
    query = DeadLetterQuery(sensor=uid, since_us=stored.stored_us, limit=_LETTER_PAGE)
    for _ in range(_MAX_LETTER_PAGES):
        page = await reader.dead_letters(query)
        found += [letter for letter in page if letter.sequence == stored.sequence]
        if len(page) < _LETTER_PAGE:
            break
        query = msgspec.structs.replace(query, before=page[-1].number)
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
