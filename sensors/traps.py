"""Traps: what upstream does to the letter and few people expect (design, section 5). Warnings, they stop nothing.

Codes are stable: KK101 to KK119.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from events.errors import Finding, Severity
from events.languages.gjson import lint_path
from events.resource import Path, ResourceDocument
from sensors.condition import Condition
from sensors.dependency import CompiledDependency
from sensors.patterns import is_unanchored_word
from sensors.rate_limit import UNITS_US
from sensors.spec import DataFilter, Dependency, Parameter, SensorSpec, TriggerSpec

_ORDERINGS = frozenset({">", ">=", "<", "<="})
_BESIDE_TEMPLATE = frozenset(
    {"policy", "atLeastOnce", "retryStrategy", "rateLimit", "dlqTrigger", "parameters"}
)


class Traps:
    """Collects the traps of one Sensor."""

    def __init__(self, document: ResourceDocument) -> None:
        self._document = document
        self.findings: list[Finding] = []

    def _add(self, path: Path, code: str, what: str, fix: str) -> None:
        self.findings.append(self._document.finding(path, what, fix, code=code, severity=Severity.WARNING))

    def without_effect(self, spec: SensorSpec, path: Path) -> None:
        """Fields that are read and change nothing: two of them upstream either, the others since no pod is made."""
        for member, value in (
            ("errorOnFailedRound", spec.error_on_failed_round),
            ("loggingFields", spec.logging_fields),
        ):
            if value:
                self._add((*path, member), "NoEffect", "has no effect, as upstream", "remove it")
        why = "has no effect: one gateway serves all Sensors, none has a pod of its own"
        for member, count in (
            ("replicas", spec.replicas),
            ("revisionHistoryLimit", spec.revision_history_limit),
        ):
            if count is not None:
                self._add((*path, member), "NoEffect", why, "remove it when you have left Argo Events")
        template = spec.template
        for name, info in type(template).model_fields.items() if template is not None else ():
            if name != "service_account_name" and getattr(template, name) is not None:
                where: Path = (*path, "template", info.alias or name)
                self._add(where, "NoEffect", why, "remove it when you have left Argo Events")

    def names(self, dependencies: Sequence[CompiledDependency], path: Path) -> None:
        """Names that a condition cannot tell apart."""
        seen: dict[str, str] = {}
        for each in dependencies:
            first = seen.setdefault(each.name.replace("-", "_"), each.name)
            if first != each.name:
                what = (
                    f"`-` and `_` are the same in `conditions`, so that `{first}` means `{each.name}` there"
                )
                self._add((*path, each.index, "name"), "KK109", what, "give it a name that differs otherwise")

    def unused(
        self, dependencies: Sequence[CompiledDependency], conditions: Sequence[Condition], path: Path
    ) -> None:
        """Dependencies that wake no trigger: upstream does not even subscribe to them."""
        named = {name for condition in conditions for name in condition.names}
        for each in dependencies:
            if each.name not in named:
                what = f"no trigger's condition names `{each.name}`: its events do nothing"
                self._add((*path, each.index, "name"), "KK117", what, "name it in `conditions`, or remove it")

    def dependency(self, spec: Dependency, path: Path) -> None:
        """Filters that pass more, or less, than they seem to."""
        filters = spec.filters
        if filters is None:
            return
        where: Path = (*path, "filters")
        if spec.filters_logical_operator == "or" and not any(
            (filters.exprs, filters.data, filters.context, filters.time, filters.script)
        ):
            self._add(
                where, "KK107", "no filters under `or` pass nothing", "remove `filters`, or join with `and`"
            )
        for index, test in enumerate(filters.data):
            self._data(test, (*where, "data", index))
        context = filters.context
        if context is not None and (context.id or context.specversion or context.time):
            what = "only type, subject, source and datacontenttype are compared; the others are ignored"
            self._add((*where, "context"), "KK105", what, "remove them, or use a data filter")

    def _data(self, test: DataFilter, path: Path) -> None:
        advice = lint_path(test.path)
        if advice is not None:
            self._add((*path, "path"), "KK106", f"`{test.path[:64]}`: {advice}", "")
        if test.comparator == "!=" and len(test.value) > 1:
            what = "`!=` with several values passes as soon as one of them differs, so nearly always"
            self._add((*path, "comparator"), "KK102", what, "write one filter for each value")
        if test.type == "bool" and test.comparator not in {"", "="}:
            what = "a bool filter always asks for equality; its comparator is ignored"
            self._add((*path, "comparator"), "KK104", what, "name the other value instead")
        if test.type == "string":
            self._text(test, path)

    def _text(self, test: DataFilter, path: Path) -> None:
        if test.comparator in _ORDERINGS:
            what = f"`{test.comparator}` never matches texts"
            self._add((*path, "comparator"), "KK103", what, "write `type: number`")
        for index, value in enumerate(test.value):
            if is_unanchored_word(value):
                what = f"`{value[:64]}` is searched anywhere in the text, so longer texts match too"
                self._add((*path, "value", index), "KK101", what, f"write ^{value[:64]}$ for exactly that")

    def trigger(
        self,
        spec: TriggerSpec,
        path: Path,
        condition: Condition | None,
        dependencies: Sequence[CompiledDependency],
    ) -> None:
        """Conditions and limits that do something else than they seem to."""
        if condition is not None:
            self._condition(condition, (*path, "template", "conditions"), dependencies)
        extra = (spec.template.model_extra if spec.template is not None else None) or {}
        for name in extra.keys() & _BESIDE_TEMPLATE:
            what = f"`{name}` has no effect inside `template`, as upstream"
            self._add((*path, "template", name), "KK114", what, "move it one level up, beside `template`")
        self._limits(spec, path)

    def _limits(self, spec: TriggerSpec, path: Path) -> None:
        limit = spec.rate_limit
        if limit is not None and limit.unit not in UNITS_US:
            what = f"`{limit.unit[:64]}` counts as Second, as upstream"
            self._add((*path, "rateLimit", "unit"), "KK115", what, f"write one of {', '.join(UNITS_US)}")
        if limit is not None and (limit.requests_per_unit or 0) < 0:
            what = "a negative number means no limit at all, as upstream"
            self._add((*path, "rateLimit", "requestsPerUnit"), "KK116", what, "remove `rateLimit`")

    def _condition(
        self, condition: Condition, path: Path, dependencies: Sequence[CompiledDependency]
    ) -> None:
        if condition.needs_memory:
            what = "of several events of one dependency only the newest is held until the others arrive"
            self._add(path, "KK110", what, "nothing to do if that is meant; an event alone needs no `&&`")
        topics = {each.name: each.topic for each in dependencies}
        named: dict[object, str] = {}
        for name in condition.names:
            first = named.setdefault(topics.get(name), name)
            if first != name:
                what = f"`{first}` and `{name}` wait for the same event: one event may satisfy both"
                self._add(path, "KK108", what, "with `||` it fires twice; tell them apart by their filters")


def parameter_traps(document: ResourceDocument, parameter: Parameter, path: Path) -> list[Finding]:
    """What a parameter at `path` does that it does not seem to."""
    return [
        document.finding((*path, *member), what, fix, code=code, severity=Severity.WARNING)
        for member, code, what, fix in _traps_of(parameter)
    ]


def _traps_of(parameter: Parameter) -> Iterator[tuple[Path, str, str, str]]:
    source = parameter.src
    if source is None:
        return
    has_key = bool(source.context_key or source.data_key)
    if not has_key and source.value is None:
        what = "without a key the value is the whole event, its data in base64"
        yield ("src",), "KK111", what, 'write `dataKey: "@this"` for the data'
    if source.context_key and source.data_key:
        what = "`dataKey` replaces `contextKey`, also where it finds nothing"
        yield ("src", "contextKey"), "KK112", what, "keep one of them"
    if source.use_raw_data and (not has_key or parameter.operation in {"append", "prepend"}):
        what = "has no effect: only what a key finds keeps its type, and what is appended to is a text"
        yield ("src", "useRawData"), "KK113", what, "remove it"
    if "|" in parameter.dest and "#(" not in parameter.dest and "\\|" not in parameter.dest:
        yield ("dest",), "KK118", f"`{parameter.dest[:64]}` writes nothing: `|` only reads", "write dots"
    for member, key in (("dataKey", source.data_key), ("contextKey", source.context_key)):
        advice = lint_path(key) if key else None
        if advice is not None:
            yield ("src", member), "KK106", f"`{key[:64]}`: {advice}", ""
