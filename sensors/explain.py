"""Explaining what every interested Sensor made of one event: plain data, for the command, the API and the console.

The record of a decision holds small numbers. Actual and wanted values are computed again from the stored event and
the stored text of the Sensor, which say the same for as long as both are kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Mapping, Sequence

from events.bus import Effect, ResourceVersion, StoredEvent, StoredMemory
from events.errors import ResourceRefused
from events.registry import Registry
from sensors.compile import CompiledSensor, compile_text
from sensors.decision import MarkCode, SensorDecision, decode_decisions
from sensors.dependency import CompiledDependency
from sensors.explain_trigger import TriggerTeller
from sensors.filter import RANKS, Code, Inspection, Reading, Verdict, unpack_verdict
from sensors.missing import describe_missing
from sensors.prepared import Prepared, Preparer, prepare_event
from sensors.roster import held_by_trigger
from sensors.sandbox.errors import SandboxBusy, SandboxUnavailable
from sensors.story import DependencyStory, Explanation, FilterStory, SensorStory, TriggerStory
from sensors.trigger import TRIGGERS, Trigger

SHOWN_LENGTH = 64
"""Values of events are cut here (spec: bad-input 1.2)."""

_CODE_WORDS = {
    Code.PASSED: "passed",
    Code.FILTERED: "filtered",
    Code.MISSING_PATH: "failed",
    Code.FAILED: "failed",
}


def explain_event(
    stored: StoredEvent,
    decision: bytes | None,
    versions: Mapping[int, ResourceVersion],
    effects: Sequence[Effect],
    memories: Mapping[str, Sequence[StoredMemory]],
    *,
    prepared: Mapping[int, Mapping[int, Prepared]] | None = None,
    kinds: Registry[Trigger] = TRIGGERS,
) -> Explanation:
    """The story of one event.

    `prepared` is what transforms and scripts make of it (`prepare_story`), by version and dependency.

    `versions` are the resource versions that the decision and the effects name, `effects` those that the event is
    part of, `memories` what the Sensors hold now, by uid.
    """
    decisions = decode_decisions(decision) if decision is not None else ()
    teller = _Teller(stored, versions, effects, memories, prepared or {}, kinds)
    provenance = stored.provenance
    return Explanation(
        sequence=stored.sequence,
        event_id=stored.event.id,
        topic=str(stored.topic),
        source=stored.event.source,
        type=stored.event.type,
        subject=stored.event.subject,
        arrived_us=provenance.arrived_us,
        stored_us=stored.stored_us,
        peer=provenance.peer,
        kind=provenance.kind,
        verified=provenance.verified,
        standing=stored.standing.name.lower(),
        is_judged=decision is not None,
        sensors=tuple(teller.sensor(each) for each in decisions),
    )


async def prepare_story(
    preparer: Preparer | None,
    stored: StoredEvent,
    decision: bytes | None,
    versions: Mapping[int, ResourceVersion],
    *,
    kinds: Registry[Trigger] = TRIGGERS,
) -> dict[int, Mapping[int, Prepared]]:
    """Run the transforms and scripts of the Sensors that judged an event again, for `explain_event`."""
    prepared = {}
    for one in decode_decisions(decision) if decision is not None else ():
        version = versions.get(one.version)
        if version is None or preparer is None:
            continue
        # Where the workers are busy, the record still says what came of it, if not why.
        with contextlib.suppress(ResourceRefused, SandboxBusy, SandboxUnavailable):
            # In a thread: its programs are read in another process, which may have to be started.
            sensor = await asyncio.to_thread(_compiled, version.uid, version.text, kinds)
            prepared[one.version] = await prepare_event(preparer, sensor, stored.event, stored.topic)
    return prepared


class _Teller:
    """What is known of one event."""

    def __init__(
        self,
        stored: StoredEvent,
        versions: Mapping[int, ResourceVersion],
        effects: Sequence[Effect],
        memories: Mapping[str, Sequence[StoredMemory]],
        prepared: Mapping[int, Mapping[int, Prepared]],
        kinds: Registry[Trigger],
    ) -> None:
        self._stored = stored
        self._versions = versions
        self._effects = effects
        self._memories = memories
        self._prepared = prepared
        self._kinds = kinds
        self._reading = Reading(stored.event)

    def sensor(self, decision: SensorDecision) -> SensorStory:
        """What one Sensor made of it."""
        version = self._versions.get(decision.version)
        if version is None:
            return _untold(decision, "", "a Sensor whose text is not stored any more", "its text is gone")
        label = f"{version.namespace}/{version.name}"
        try:
            sensor = _compiled(version.uid, version.text, self._kinds)
        except ResourceRefused as refused:
            return _untold(decision, version.uid, label, f"this build refuses its text: {refused}")
        prepared = self._prepared.get(decision.version, {})
        dependencies = tuple(
            _tell_dependency(sensor.dependencies[index], verdict, self._reading, prepared.get(index))
            for index, verdict in zip(decision.verdicts[::2], decision.verdicts[1::2], strict=True)
            if index < len(sensor.dependencies)
        )
        readings = {each.index: self._reading for each in sensor.dependencies}
        rows = [(memory.key, memory.state) for memory in self._memories.get(version.uid, ())]
        triggers = TriggerTeller(
            sensor,
            decision,
            self._stored,
            dependencies,
            [effect for effect in self._effects if effect.sensor == version.uid],
            held_by_trigger(rows),
            readings | {index: each.reading for index, each in prepared.items()},
        ).tell()
        outcome, sentence = _sum_up(decision, dependencies, triggers)
        return SensorStory(
            uid=version.uid,
            label=label,
            version=version.id,
            outcome=outcome,
            sentence=sentence,
            dependencies=dependencies,
            triggers=triggers,
        )


@functools.lru_cache(maxsize=1024)
def _compiled(uid: str, text: bytes, kinds: Registry[Trigger]) -> CompiledSensor:
    """A list of events names the same texts again and again."""
    return compile_text(uid, text, kinds=kinds)


def _untold(decision: SensorDecision, uid: str, label: str, why: str) -> SensorStory:
    return SensorStory(
        uid=uid,
        label=label,
        version=decision.version,
        outcome="unknown",
        sentence=why,
        dependencies=(),
        triggers=(),
    )


def _tell_dependency(
    dependency: CompiledDependency, packed: int, original: Reading, prepared: Prepared | None
) -> DependencyStory:
    verdict = unpack_verdict(packed)
    if prepared is not None and prepared.verdict is not None:
        return _unfiltered(dependency, Code.FAILED, prepared.reason)
    if prepared is None and dependency.needs_worker:
        return _unfiltered(dependency, verdict.code, _NOT_ASKED if verdict.code is not Code.PASSED else "")
    reading = original if prepared is None else prepared.reading
    inspections = dependency.inspect(reading)
    filters = tuple(_tell_filter(each, reading) for each in inspections)
    reason = ""
    if verdict.code is not Code.PASSED:
        deciding = next(
            (
                story
                for story in filters
                if story.verdict == _CODE_WORDS[verdict.code] and story.filter == _place(verdict)
            ),
            None,
        )
        first = next((story for story in filters if story.verdict != "passed"), None)
        told = deciding or first
        reason = told.sentence if told is not None else "its filters pass nothing"
    return DependencyStory(
        name=dependency.name,
        verdict=_CODE_WORDS[verdict.code],
        cause="missing-path" if verdict.code is Code.MISSING_PATH else "",
        reason=reason,
        filters=filters,
    )


def _place(verdict: Verdict) -> str:
    return f"{RANKS[verdict.rank]}[{verdict.entry}]" if verdict.rank >= 0 else ""


_NOT_ASKED = "its programs could not be run again to say why: ask once more in a moment"


def _unfiltered(dependency: CompiledDependency, code: Code, reason: str) -> DependencyStory:
    """One whose filters have nothing to look at: its transform failed, or could not be run again."""
    return DependencyStory(
        name=dependency.name,
        verdict=_CODE_WORDS[code],
        cause="missing-path" if code is Code.MISSING_PATH else "",
        reason=reason,
        filters=(),
    )


def _tell_filter(inspection: Inspection, reading: Reading) -> FilterStory:
    return FilterStory(
        filter=f"{inspection.kind}[{inspection.entry}]",
        verdict=_CODE_WORDS[inspection.code],
        path=inspection.path,
        comparator=inspection.comparator,
        wanted=inspection.wanted,
        actual=None if inspection.actual is None else cut(inspection.actual),
        sentence=_sentence(inspection, reading),
    )


def _sentence(inspection: Inspection, reading: Reading) -> str:
    name = f"{inspection.kind}[{inspection.entry}]"
    if inspection.code is Code.MISSING_PATH:
        return f"{name}: not matched: {describe_missing(reading.document, inspection.path)}"
    if inspection.reason:
        return f"{name}: {inspection.reason}"
    actual = "absent" if inspection.actual is None else f"`{cut(inspection.actual)}`"
    wanted = " or ".join(f"`{cut(each)}`" for each in inspection.wanted)
    sign = "" if inspection.comparator in {"", "="} else f"{inspection.comparator} "
    return f"{name}: {inspection.path} is {actual}, wanted {sign}{wanted}"


def cut(text: str) -> str:
    """A value of an event as it may be shown."""
    return text if len(text) <= SHOWN_LENGTH else f"{text[:SHOWN_LENGTH]}…"


_STRENGTH = (
    "failed",
    "uncorrelated",
    "fired",
    "waiting",
    "timed-out",
    "reset",
    "superseded",
    "stopped",
    "filtered",
)


def _sum_up(
    decision: SensorDecision, dependencies: Sequence[DependencyStory], triggers: Sequence[TriggerStory]
) -> tuple[str, str]:
    if any(mark.code == MarkCode.CRASHED for mark in decision.marks):
        return "failed", "judging it ended the process three times: it is a dead letter, EvaluatorCrashed"
    passed = any(each.verdict == "passed" for each in dependencies)
    order = _STRENGTH if passed else ("fired", "filtered", "failed", *_STRENGTH)
    for word in order:
        found = next((story for story in triggers if story.outcome == word), None)
        if found is not None:
            return word, f"{found.name}: {found.sentence}"
    return "filtered", "; ".join(f"{each.name}: {each.reason}" for each in dependencies if each.reason)
