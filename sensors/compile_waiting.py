"""From a trigger's template to the plan by which it waits; its faults stop that trigger alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from events.errors import Finding, Scope, cut
from events.languages.cron import CronError, Schedule, compile_schedule
from events.languages.gjson import PathError, compile_path
from events.languages.go_durations import BadDuration, parse_duration
from events.resource import Path, ResourceDocument, nearest_name
from sensors.condition import Condition
from sensors.memory import MAX_HELD
from sensors.spec import Batch, Correlate, CorrelationKey, TriggerTemplate
from sensors.waiting import KeyPath, Waiting

MAX_KEYS = 100_000
"""What `maxKeys` may be at most: 300 bytes of memory each."""
_NS_PER_US = 1000
_KEY_MEMBERS = ("dataKey", "contextKey")


class WaitingReader:
    """Reads `conditionsReset`, `correlate`, `hold`, `debounce` and `batch` of one template, and collects faults."""

    def __init__(
        self,
        document: ResourceDocument,
        template: TriggerTemplate,
        path: Path,
        part: str,
        *,
        dependencies: Sequence[str],
        triggers: Sequence[str],
    ) -> None:
        self._document = document
        self._template = template
        self._path = path
        self._part = part
        self._dependencies = dependencies
        self._triggers = triggers
        self.findings: list[Finding] = []

    def read(self, condition: Condition, *, is_only_by_timeout: bool = False) -> Waiting:
        """The plan; it must not be used where `findings` has something."""
        template = self._template
        correlate = template.correlate
        batch_max, batch_within_us = self._batch(template.batch)
        return Waiting(
            condition=condition,
            keys=self._keys(correlate, condition),
            within_us=self._duration(correlate.within, "correlate", "within") if correlate else None,
            on_timeout=self._on_timeout(correlate),
            max_keys=self._max_keys(correlate),
            holds_all=(template.hold or ("all" if template.batch is not None else "latest")) == "all",
            debounce_us=None if template.debounce is None else self._duration(template.debounce, "debounce"),
            batch_max=batch_max,
            batch_within_us=batch_within_us,
            resets=self._resets(),
            is_only_by_timeout=is_only_by_timeout,
        )

    def _resets(self) -> tuple[Schedule, ...]:
        """The schedules; what upstream refuses of them is reported with the whole Sensor."""
        schedules = []
        for reset in self._template.conditions_reset:
            if reset.by_time is not None:
                try:
                    schedules.append(compile_schedule(reset.by_time.cron, timezone=reset.by_time.timezone))
                except CronError:
                    continue
        return tuple(schedules)

    def _keys(self, correlate: Correlate | None, condition: Condition) -> Mapping[str, KeyPath] | None:
        if correlate is None or correlate.key is None:
            return None
        key = correlate.key
        where: Path = (*self._path, "correlate", "key")
        if any(isinstance(value, str) for value in key.values()):
            return self._shared_key(key, where, condition)
        keys: dict[str, KeyPath] = {}
        for name, value in key.items():
            if name not in self._dependencies:
                nearest = nearest_name(name, self._dependencies)
                fix = (
                    f"did you mean `{nearest}`?" if nearest else "name a dependency, or write `dataKey: PATH`"
                )
                self._fault((*where, name), f"there is no dependency `{name[:64]}`", fix)
            elif isinstance(value, CorrelationKey):
                self._add_key(keys, (name,), value, (*where, name))
        are_known = all(name in self._dependencies for name in key)
        for name in condition.names:
            if are_known and name not in key:
                self._fault(
                    where, f"says nothing of `{name}`, which the condition waits for", f"add `{name}`"
                )
        return keys

    def _shared_key(
        self, key: Mapping[str, str | CorrelationKey], where: Path, condition: Condition
    ) -> Mapping[str, KeyPath]:
        keys: dict[str, KeyPath] = {}
        if len(key) == 1 and (member := next(iter(key))) in _KEY_MEMBERS:
            self._add_key(keys, condition.names, CorrelationKey.model_validate(dict(key)), where)
        else:
            what = "expected one of `dataKey: PATH`, `contextKey: PATH`, or one of them for each dependency"
            member = next(iter(key))
            self._fault((*where, member), what, "write `key: {dataKey: body.after}`")
        return keys

    def _add_key(
        self, keys: dict[str, KeyPath], names: Sequence[str], key: CorrelationKey, where: Path
    ) -> None:
        if bool(key.data_key) == bool(key.context_key):
            self._fault(where, "needs exactly one of dataKey and contextKey", "write `dataKey: PATH`")
            return
        member, text = ("dataKey", key.data_key) if key.data_key else ("contextKey", key.context_key)
        try:
            path = compile_path(text)
        except PathError as error:
            self._fault((*where, member), str(error), "shorten the path")
            return
        keys.update(dict.fromkeys(names, KeyPath(member, path)))

    def _on_timeout(self, correlate: Correlate | None) -> str | None:
        if correlate is None or correlate.on_timeout is None:
            return None
        name = correlate.on_timeout.trigger
        if name not in self._triggers:
            nearest = nearest_name(name, self._triggers)
            fix = f"did you mean `{nearest}`?" if nearest else "name a trigger of this Sensor"
            where: Path = (*self._path, "correlate", "onTimeout", "trigger")
            self._fault(where, f"there is no trigger `{name[:64]}`", fix)
        return name

    def _max_keys(self, correlate: Correlate | None) -> int | None:
        if correlate is None or correlate.key is None:
            return None
        if not 1 <= correlate.max_keys <= MAX_KEYS:
            what = f"expected 1 to {MAX_KEYS}, got {correlate.max_keys}"
            self._fault((*self._path, "correlate", "maxKeys"), what, "leave it out for 10000")
        return correlate.max_keys

    def _batch(self, batch: Batch | None) -> tuple[int | None, int | None]:
        if batch is None:
            return None, None
        if batch.max is None and batch.within is None:
            self._fault(
                (*self._path, "batch"), "needs max or within, or both", "write `batch: {max: 20, within: 1m}`"
            )
        if batch.max is not None and not 2 <= batch.max <= MAX_HELD:
            what = f"expected 2 to {MAX_HELD}, got {cut(batch.max)}"
            self._fault((*self._path, "batch", "max"), what, "leave `batch` out to fire for each event")
        return batch.max, None if batch.within is None else self._duration(batch.within, "batch", "within")

    def _duration(self, text: int | str, *member: str) -> int | None:
        """Microseconds, at least one."""
        if isinstance(text, int):
            self._fault((*self._path, *member), f"{cut(text)} has no unit", "write 30s for seconds, or 30m")
            return None
        try:
            us = parse_duration(text) // _NS_PER_US
        except BadDuration as error:
            self._fault((*self._path, *member), error.brief, "write a Go duration such as 30s or 1h30m")
            return None
        if us <= 0:
            self._fault(
                (*self._path, *member), f"`{cut(text)}` is no time to wait", "write a longer one such as 30s"
            )
        return us

    def _fault(self, path: Path, what: str, fix: str) -> None:
        self.findings.append(
            self._document.finding(path, what, fix, code="InvalidTriggers", scope=Scope.PART, part=self._part)
        )
