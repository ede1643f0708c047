"""Data filters: tests of values that gjson paths find in the event's data (spec-sensors 3.4).

Equal tests of different Sensors are one object, and an event remembers what each said of it.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import ClassVar

from events.errors import Finding, Scope
from events.languages.gjson import Path as GjsonPath
from events.languages.gjson import PathError, Result, compile_path
from events.languages.gjson.result import Kind
from events.languages.go_numbers import parse_bool, parse_float
from events.patterns import BadPattern, text_test
from events.resource import Path, ResourceDocument
from sensors import templates
from sensors.entries import all_of, any_of
from sensors.filter import Code, Filter, Inspection, Judge, Reading
from sensors.spec import DataFilter, Filters
from sensors.templated import NothingPrinted, templated
from sensors.templates import TemplateError

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "": operator.eq,
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}

Test = Callable[[Result], bool]
UNTESTABLE = (PathError, TemplateError, NothingPrinted)
"""Why there may be nothing to test although the path is there."""


class Leaf:
    """One entry: a path and a test. Called with a reading, it gives the code."""

    __slots__ = ("_test", "path")

    def __init__(self, path: GjsonPath, test: Test) -> None:
        self.path = path
        self._test = test

    def __call__(self, reading: Reading) -> Code:
        try:
            result = self.path.get(reading.document)
            if not result.exists:
                return Code.MISSING_PATH
            return Code.PASSED if self._test(result) else Code.FILTERED
        except PathError:
            return Code.FAILED

    def value(self, reading: Reading) -> Result:
        """What is tested; MISSING where the path leads nowhere. Raises what UNTESTABLE has."""
        return self.path.get(reading.document)


class TemplatedLeaf(Leaf):
    """One with a template between the path and the test."""

    __slots__ = ("_template",)

    def __init__(self, path: GjsonPath, template: str, test: Test) -> None:
        super().__init__(path, test)
        self._template = template

    def __call__(self, reading: Reading) -> Code:
        try:
            result = self.value(reading)
            if not result.exists:
                return Code.MISSING_PATH
            return Code.PASSED if self._test(result) else Code.FILTERED
        except UNTESTABLE:
            return Code.FAILED

    def value(self, reading: Reading) -> Result:
        found = self.path.get(reading.document)
        return templated(found, self._template, reading.event) if found.exists else found


class BadFilter(ValueError):
    """An entry that cannot be compiled; member, value and reason."""

    def __init__(self, member: str, index: int | None, reason: str, fix: str) -> None:
        self.member = member
        self.index = index
        self.reason = reason
        self.fix = fix
        super().__init__(reason)


class Data(Filter):
    """`filters.data` of one dependency."""

    kind: ClassVar[str] = "data"
    rank: ClassVar[int] = 1

    def __init__(self, entries: list[DataFilter], leaves: list[Leaf], *, is_or: bool) -> None:
        self._entries = entries
        self._leaves = leaves
        numbered = list(enumerate(leaves))
        self.judge: Judge = (
            any_of(numbered, self.rank, without_entries=0) if is_or else all_of(numbered, self.rank)
        )

    @classmethod
    def compile(
        cls, document: ResourceDocument, filters: Filters, path: Path, part: str
    ) -> tuple[Filter | None, list[Finding]]:
        """Wrong types, numbers, patterns, paths and templates are errors here, where upstream meets them per event."""
        leaves: list[Leaf] = []
        findings: list[Finding] = []
        for index, entry in enumerate(filters.data):
            try:
                leaves.append(
                    _leaf(entry.path, entry.template, entry.type, entry.comparator, tuple(entry.value))
                )
            except BadFilter as bad:
                where: Path = (*path, "data", index, bad.member)
                findings.append(
                    document.finding(
                        where if bad.index is None else (*where, bad.index),
                        bad.reason,
                        bad.fix,
                        code="InvalidDependencies",
                        scope=Scope.PART,
                        part=part,
                    )
                )
        if findings:
            return None, findings
        return cls(filters.data, leaves, is_or=filters.data_logical_operator == "or"), []

    def inspect(self, reading: Reading) -> list[Inspection]:
        return [
            _inspect(index, entry, leaf, reading)
            for index, (entry, leaf) in enumerate(zip(self._entries, self._leaves, strict=True))
        ]


@functools.lru_cache(maxsize=16_384)
def _leaf(path: str, template: str, value_type: str, comparator: str, values: tuple[str, ...]) -> Leaf:
    try:
        compiled = compile_path(path)
    except PathError as error:
        raise BadFilter("path", None, str(error), "shorten the path") from error
    test = _test(value_type, comparator, values)
    if not template:
        return Leaf(compiled, test)
    try:
        is_slow = templates.is_slow(template)
    except TemplateError as error:
        raise BadFilter("template", None, str(error), "correct the template") from error
    if is_slow:
        reason = "makes keys, certificates or hashes of passwords: every other Sensor would wait for it"
        raise BadFilter("template", None, reason, "use such functions in parameters")
    return TemplatedLeaf(compiled, template, test)


def _test(value_type: str, comparator: str, values: tuple[str, ...]) -> Test:
    match value_type:
        case "string":
            return _string_test(comparator, values)
        case "number":
            return _number_test(comparator, values)
        case "bool":
            return _bool_test(values)
        case _:
            raise BadFilter(
                "type", None, f"unsupported JSON type '{value_type[:64]}'", "write string, number or bool"
            )


def _string_test(comparator: str, values: tuple[str, ...]) -> Test:
    tests = []
    for index, value in enumerate(values):
        try:
            tests.append(text_test(value))
        except BadPattern as error:
            raise BadFilter(
                "value",
                index,
                f"`{value[:64]}` is not a regular expression (RE2): {error}",
                "escape it with \\",
            ) from error
    if comparator in {"", "="}:
        if len(tests) == 1:
            only = tests[0]
            return lambda result: only(result.text())
        return lambda result: _matches_one(tests, result.text())
    if comparator == "!=":
        # Alternatives are joined by "or" here too: it passes where one of them does not match.
        return lambda result: _misses_one(tests, result.text())
    return lambda _result: False


def _matches_one(tests: list[Callable[[str], bool]], text: str) -> bool:
    return any(test(text) for test in tests)


def _misses_one(tests: list[Callable[[str], bool]], text: str) -> bool:
    return not all(test(text) for test in tests)


def _number_test(comparator: str, values: tuple[str, ...]) -> Test:
    compare = _COMPARE[comparator]
    numbers = []
    for index, value in enumerate(values):
        number = parse_float(value)
        if number is None:
            raise BadFilter(
                "value", index, f"`{value[:64]}` is not a number", "write a number such as 10 or 1.5"
            )
        numbers.append(number)

    def test(result: Result) -> bool:
        actual = _as_number(result)
        return any(compare(actual, number) for number in numbers)

    return test


def _as_number(result: Result) -> float:
    if result.kind is Kind.NUMBER:
        return result.number()
    if result.kind is Kind.STRING:
        return parse_float(result.text()) or 0.0
    return 1.0 if result.kind is Kind.TRUE else 0.0


def _bool_test(values: tuple[str, ...]) -> Test:
    wanted = set()
    for index, value in enumerate(values):
        truth = parse_bool(value)
        if truth is None:
            raise BadFilter("value", index, f"`{value[:64]}` is not a boolean", "write true or false")
        wanted.add(truth)
    return lambda result: result.truth() in wanted


def _inspect(index: int, entry: DataFilter, leaf: Leaf, reading: Reading) -> Inspection:
    code, actual, reason = Code.PASSED, None, ""
    fault = reading.data_fault()
    if fault is None:
        code = leaf(reading)
        if code is Code.MISSING_PATH:
            reason = f"path '{entry.path}' does not exist"
        else:
            actual, reason = _actual(entry, leaf, reading)
    elif fault is Code.FAILED:
        code, reason = Code.FAILED, "event data not valid JSON"
    return Inspection(
        Data.kind, index, code, entry.path, entry.comparator or "=", tuple(entry.value), actual, reason
    )


def _actual(entry: DataFilter, leaf: Leaf, reading: Reading) -> tuple[str | None, str]:
    """The text of what is tested; or None, and why there is none."""
    try:
        return leaf.value(reading).text(), ""
    except PathError:
        return None, f"path '{entry.path}' costs too much in this event"
    except (TemplateError, NothingPrinted) as error:
        return None, str(error)
