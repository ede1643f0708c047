"""Expression filters: govaluate over values that gjson paths find in the event's data (spec-sensors 3.3).

Equal expressions over equal fields of different Sensors are one object, and an event remembers what each said of it.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import ClassVar

from events.errors import Finding, Scope
from events.languages.gjson import Path as GjsonPath
from events.languages.gjson import PathError, compile_path
from events.languages.govaluate import EvaluationError, Expression, ExpressionError, compile_expression
from events.languages.govaluate.values import format_value
from events.resource import Path, ResourceDocument
from sensors.entries import all_of, any_of
from sensors.filter import Code, Filter, Inspection, Judge, Reading, pack_verdict
from sensors.spec import ExprField, ExprFilter, Filters

_SHOWN_LENGTH = 64
"""A value of an event is cut here (spec: bad-input 1.2)."""


class MissingField(Exception):
    """A field's path is not in the event."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(path)


class Leaf:
    """One entry: an expression and its variables. Called with a reading, it gives the code."""

    __slots__ = ("_evaluate", "_fields", "expression")

    def __init__(self, expression: Expression, fields: tuple[tuple[str, GjsonPath], ...]) -> None:
        self.expression = expression
        self._evaluate = expression.evaluate
        self._fields = fields

    def __call__(self, reading: Reading) -> Code:
        try:
            # Nothing but the boolean: 1 and "true" are no yes.
            return Code.PASSED if self._evaluate(self.variables(reading)) is True else Code.FILTERED
        except MissingField:
            return Code.MISSING_PATH
        except (EvaluationError, PathError):
            return Code.FAILED

    def variables(self, reading: Reading) -> dict[str, object]:
        """The values of the fields; of two with one name the last counts.

        Raises:
            MissingField: a path leads nowhere.
            PathError: a path costs too much in this event, or its value is nested too deeply.
        """
        variables: dict[str, object] = {}
        for name, path in self._fields:
            found = path.get(reading.document)
            if not found.exists:
                raise MissingField(path.text)
            variables[name] = found.value()
        return variables


class Exprs(Filter):
    """`filters.exprs` of one dependency."""

    kind: ClassVar[str] = "exprs"
    rank: ClassVar[int] = 0

    def __init__(self, entries: list[ExprFilter], leaves: list[Leaf | None], *, is_or: bool) -> None:
        self._entries = entries
        self._leaves = leaves
        answering = [(index, leaf) for index, leaf in enumerate(leaves) if leaf is not None]
        # Entries without fields do not count as a yes: with nothing else there is none.
        nobody = pack_verdict(Code.FILTERED, self.rank)
        self.judge: Judge = (
            any_of(answering, self.rank, without_entries=nobody) if is_or else all_of(answering, self.rank)
        )

    @classmethod
    def compile(
        cls, document: ResourceDocument, filters: Filters, path: Path, part: str
    ) -> tuple[Filter | None, list[Finding]]:
        """What is no expression is an error here, where upstream meets it per event.

        An entry without fields or text is passed over, as upstream; its validation refuses such a Sensor anyway.
        """
        leaves: list[Leaf | None] = []
        findings: list[Finding] = []
        for index, entry in enumerate(filters.exprs):
            where: Path = (*path, "exprs", index)
            is_whole = bool(entry.fields and entry.expr)
            faults = _faults(document, entry, where, part) if is_whole else []
            findings += faults
            leaves.append(_leaf(entry) if is_whole and not faults else None)
        if findings:
            return None, findings
        return cls(filters.exprs, leaves, is_or=filters.expr_logical_operator == "or"), []

    def inspect(self, reading: Reading) -> list[Inspection]:
        return [
            _inspect(index, entry, leaf, reading)
            for index, (entry, leaf) in enumerate(zip(self._entries, self._leaves, strict=True))
            if leaf is not None
        ]


def _faults(document: ResourceDocument, entry: ExprFilter, where: Path, part: str) -> list[Finding]:
    def fault(at: Path, what: str, fix: str) -> Finding:
        return document.finding(at, what, fix, code="InvalidDependencies", scope=Scope.PART, part=part)

    findings = []
    for index, field in enumerate(entry.fields):
        try:
            compile_path(field.path)
        except PathError as error:
            findings.append(fault((*where, "fields", index, "path"), str(error), "shorten the path"))
    try:
        compile_expression(entry.expr)
    except ExpressionError as error:
        place = "" if error.at is None else f", at its character {error.at + 1}"
        what = f"`{_cut(entry.expr)}` is no expression{place}: {_cut_inside(str(error).strip())}"
        findings.append(fault((*where, "expr"), what, _fix(str(error))))
    return findings


_FIXES = (
    ("Invalid token", "put a space between symbols; the words are && || ! == != > >= < <= =~ !~ in ?? ? :"),
    ("Undefined function", "there are no functions: let the path of a field find the value"),
    ("Unable to access", "a name has no dots: bind the path to a plain name in `fields`"),
    ("Hanging accessor", "a name has no dots: bind the path to a plain name in `fields`"),
    ("error parsing regexp", "write a pattern of RE2; a backslash in a text has to be written twice"),
    ("Unclosed string", 'end the text with the quote; write \\" for one inside'),
)


def _fix(error: str) -> str:
    for beginning, fix in _FIXES:
        if error.startswith(beginning):
            return fix
    return "correct the expression; a name with more than letters, digits and _ in it stands in [ ]"


def _leaf(entry: ExprFilter) -> Leaf:
    return _shared_leaf(entry.expr, tuple((field.name, field.path) for field in entry.fields))


@functools.lru_cache(maxsize=16_384)
def _shared_leaf(expression: str, fields: tuple[tuple[str, str], ...]) -> Leaf:
    return Leaf(compile_expression(expression), tuple((name, compile_path(path)) for name, path in fields))


def _inspect(index: int, entry: ExprFilter, leaf: Leaf, reading: Reading) -> Inspection:
    fault = reading.data_fault()
    if fault is Code.FAILED:
        return _told(index, fault, entry.expr, None, "event data not valid JSON")
    if fault is Code.PASSED:
        return _told(index, fault, entry.expr, None, "the event has no data, which passes")
    try:
        variables = leaf.variables(reading)
    except MissingField as missing:
        reason = f"path '{missing.path}' does not exist"
        return _told(index, Code.MISSING_PATH, missing.path, None, reason)
    except PathError as error:
        return _told(index, Code.FAILED, entry.expr, None, str(error))
    values = _values(entry.fields, variables)
    try:
        answer = leaf.expression.evaluate(variables)
    except EvaluationError as error:
        return _told(index, Code.FAILED, entry.expr, values, f"{_cut_inside(str(error))} ({values})")
    code = Code.PASSED if answer is True else Code.FILTERED
    reason = f"`{_cut(entry.expr)}` is {_shown(answer)}, wanted true: {values}"
    return _told(index, code, entry.expr, values, reason if code else reason.replace(", wanted true", "", 1))


def _told(index: int, code: Code, path: str, actual: str | None, reason: str) -> Inspection:
    return Inspection(Exprs.kind, index, code, path, "", ("true",), actual, reason)


def _values(fields: Sequence[ExprField], variables: dict[str, object]) -> str:
    """`size is 3, kind is 'tag'`."""
    names = dict.fromkeys(field.name for field in fields)
    return ", ".join(f"{name} is {_shown(variables[name])}" for name in names)


def _shown(value: object) -> str:
    if isinstance(value, str):
        return f"'{_cut(value)}'"
    try:
        return _cut(format_value(value))
    except EvaluationError:
        return "nested too deeply to be shown"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}…"


def _cut_inside(message: str) -> str:
    """A message of the library around a value: what is too long is the value, so both ends are kept."""
    if len(message) <= 3 * _SHOWN_LENGTH:
        return message
    return f"{message[: _SHOWN_LENGTH + 7]}…{message[-_SHOWN_LENGTH - 10 :]}"
