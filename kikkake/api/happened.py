"""What happened to an event in short: one word per interested Sensor, and what became of its effects.

The whole story, with filters and values, is the explanation; this is the line in a list of events.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from events.bus import BusReader, Effect, StoredEvent
from kikkake.api.answers import effect_state, is_dry_run, result_text
from sensors.decision import MarkCode, SensorDecision, decode_decisions
from sensors.filter import Code, unpack_verdict

_BY_MARK = (
    (MarkCode.CRASHED, "failed"),
    (MarkCode.RENDER_FAILED, "failed"),
    (MarkCode.NO_KEY, "uncorrelated"),
    (MarkCode.FIRED, "fired"),
    (MarkCode.HELD, "waiting"),
    (MarkCode.TIMED_OUT, "timed-out"),
    (MarkCode.RESET, "reset"),
    (MarkCode.SUPERSEDED, "superseded"),
)
"""The first that any trigger has decides the word for the Sensor."""
_BY_VERDICT = ((Code.FAILED, "failed"), (Code.FILTERED, "filtered"), (Code.MISSING_PATH, "filtered"))


class Happenings:
    """Summaries over one reader; remembers which Sensor a stored version is, since lists repeat them."""

    def __init__(self, reader: BusReader) -> None:
        self._reader = reader
        self._labels: dict[int, tuple[str, str]] = {}

    async def summary(self, stored: StoredEvent, place: int) -> dict[str, Any]:
        """`place`: the log is judged up to there. `judged` is false while nobody has looked at the event."""
        record = await self._reader.decision(stored.sequence)
        if record is None:
            return {"judged": stored.sequence <= place, "sensors": []}
        effects = await self._reader.effects_of(stored.sequence)
        return {
            "judged": True,
            "sensors": [await self._sensor(decision, effects) for decision in decode_decisions(record)],
        }

    async def _sensor(self, decision: SensorDecision, effects: Sequence[Effect]) -> dict[str, Any]:
        uid, label = await self._label(decision.version)
        mine = [effect for effect in effects if effect.sensor == uid]
        return {
            "sensor": label,
            "outcome": outcome(decision),
            "effects": [_effect(effect) for effect in mine],
        }

    async def _label(self, version_id: int) -> tuple[str, str]:
        if version_id not in self._labels:
            version = await self._reader.version(version_id)
            if version is None:
                return "", "a Sensor that is gone"
            self._labels[version_id] = (version.uid, f"{version.namespace}/{version.name}")
        return self._labels[version_id]


def outcome(decision: SensorDecision) -> str:
    """As the triggers of `sensors.story`; `passed` where no trigger works."""
    # The last mark of a trigger counts: what was held may have been let go of.
    marks = set({mark.trigger: mark.code for mark in decision.marks}.values())
    codes = {unpack_verdict(verdict).code for verdict in decision.verdicts[1::2]}
    for mark, word in _BY_MARK:
        if mark in marks:
            return word
    if Code.PASSED in codes:
        return "passed"
    return next((word for code, word in _BY_VERDICT if code in codes), "filtered")


def _effect(effect: Effect) -> dict[str, Any]:
    result = orjson.loads(effect.result) if effect.result else {}
    return {
        "number": effect.number,
        "trigger": effect.trigger,
        "role": effect.role,
        "state": effect_state(effect),
        "attempt": effect.attempt,
        "reason": effect.reason,
        "what": result_text(result),
        "dryRun": is_dry_run(result),
    }
