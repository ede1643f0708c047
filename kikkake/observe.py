"""Who is told what happens to effects: metrics, and for a dry run the person who watches."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import yaml
from prometheus_client import Counter, Histogram

from events.bus import Effect, EffectState, Outcome
from events.metrics import Metrics
from sensors.trigger import Begun, Done, Failed, Preview

Tell = Callable[[str], None]
"""Prints one text."""

_ATTEMPT_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Observer:
    """The act loop's observer. Labels come from resources, never from events."""

    def __init__(
        self,
        metrics: Metrics,
        tell: Tell,
        *,
        as_json: bool,
        label: Callable[[str], str] | None = None,
        settled: Callable[[Effect, Outcome], None] | None = None,
    ) -> None:
        """`label` names a Sensor by its uid; `settled` hears of every attempt that has ended."""
        self._label = label or sensor_label
        self._also_settled = settled
        self._tell = tell
        self._as_json = as_json
        self._series: dict[tuple[str, str, str], tuple[Counter, Histogram]] = {}
        """Looked up once: finding a series by its labels costs more than counting."""
        self._attempts = Counter(
            "kikkake_attempts",
            "Attempts of effects, by how they were answered.",
            ["sensor", "trigger", "answer"],
            registry=metrics.registry,
        )
        self._settled = Counter(
            "kikkake_effects",
            "Effects that ended, by how.",
            ["sensor", "trigger", "state"],
            registry=metrics.registry,
        )
        self._seconds = Histogram(
            "kikkake_attempt_seconds",
            "From the begin of an attempt to its answer.",
            ["trigger_kind"],
            buckets=_ATTEMPT_BUCKETS_S,
            registry=metrics.registry,
        )

    def attempted(self, effect: Effect, answer: Done | Failed | Begun, took_us: int) -> None:
        word = answer.reason if isinstance(answer, Failed) else "done"
        key = (effect.sensor, effect.trigger, word)
        series = self._series.get(key)
        if series is None:
            count = self._attempts.labels(self._label(effect.sensor), effect.trigger, word)
            series = self._series[key] = (count, self._seconds.labels(effect.kind))
        series[0].inc()
        series[1].observe(took_us / 1e6)

    def settled(self, effect: Effect, outcome: Outcome) -> None:
        if outcome.state is not EffectState.OPEN:
            self._settled.labels(self._label(effect.sensor), effect.trigger, outcome.state.name.lower()).inc()
        if self._also_settled is not None:
            self._also_settled(effect, outcome)

    def previewed(self, effect: Effect, preview: Preview) -> None:
        self._tell(preview_json(effect, preview) if self._as_json else preview_text(effect, preview))


def sensor_label(uid: str) -> str:
    """NAMESPACE/NAME for a Sensor from a file; the uid where nobody knows more."""
    return uid.removeprefix("file:")


def preview_json(effect: Effect, preview: Preview) -> str:
    """One line for scripts."""
    kind, what = _chosen(preview)
    line = {"dryRun": True, "sensor": sensor_label(effect.sensor), "trigger": effect.trigger, kind: what}
    if preview.operation:
        line["operation"] = preview.operation
    return json.dumps(line, ensure_ascii=False)


def preview_text(effect: Effect, preview: Preview) -> str:
    """The manifest or request as a person reads it: a YAML document with a comment that says whose it is."""
    kind, what = _chosen(preview)
    verb = {
        "object": f"would {preview.operation or 'create'}",
        "request": "would send",
        "message": "would publish",
    }[kind]
    head = f"---\n# dry run: {sensor_label(effect.sensor)}, trigger {effect.trigger} {verb}\n"
    return head + yaml.safe_dump(what, sort_keys=False, allow_unicode=True, width=120).rstrip()


def _chosen(preview: Preview) -> tuple[str, dict[str, Any]]:
    if preview.object is not None:
        return "object", preview.object
    if preview.request is not None:
        return "request", preview.request
    return "message", preview.message or {}
