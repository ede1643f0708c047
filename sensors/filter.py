"""The contract of a kind of filter, the verdict, and how the kinds of one dependency are combined.

`filters/` has one file a kind. A filter is pure: it sees one event and says passed, filtered or failed. A
verdict is one integer, so that a thousand of them cost neither objects nor space in a decision.
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, NamedTuple

from events.errors import Finding
from events.event import Event
from events.languages.gjson import Document
from events.registry import Registry
from events.resource import Path, ResourceDocument
from sensors.spec import Filters


class Code(enum.IntEnum):
    """What was said of an event. Everything but PASSED keeps it from the trigger."""

    PASSED = 0
    FILTERED = 1
    MISSING_PATH = 2
    """Failed since a path is not in the event: the everyday outcome, no alarm (design, section 5)."""
    FAILED = 3
    """Failed for another reason, such as data that is not JSON."""


class Verdict(NamedTuple):
    """An integer verdict, unpacked."""

    code: Code
    rank: int
    """Rank of the kind of filter that decided; -1 where no filter in particular did."""
    entry: int
    """Place of the deciding filter in its list."""


RANKS = ("exprs", "data", "context", "time", "script", "transform")
"""What the ranks of verdicts stand for: the kinds of filter in the order in which they are judged, and the transform,
which comes before them all."""


def pack_verdict(code: Code, rank: int = -1, entry: int = 0) -> int:
    """One small integer; 0 is `passed`."""
    return code if rank < 0 else code | (entry * 8 + rank + 1) << 2


def unpack_verdict(verdict: int) -> Verdict:
    """The opposite of `pack_verdict`."""
    where = verdict >> 2
    if where == 0:
        return Verdict(Code(verdict & 3), -1, 0)
    return Verdict(Code(verdict & 3), (where - 1) % 8, (where - 1) // 8)


FAILURES = (Code.MISSING_PATH, Code.FAILED)


class Reading:
    """One event while it is judged. Answers are kept, so that any number of Sensors may ask the same."""

    __slots__ = ("_data_fault", "_is_read", "answers", "document", "event")

    def __init__(self, event: Event) -> None:
        self.event = event
        self.document: Document = event.document
        self.answers: dict[object, Code] = {}
        """What each shared test said, by the test itself."""
        self._is_read = False  # data that nobody asks for is never parsed
        self._data_fault: Code | None = None

    def data_fault(self) -> Code | None:
        """Why the data cannot be tested: FAILED where it is not JSON; PASSED where there is none, as upstream."""
        if not self._is_read:
            self._is_read = True
            if self.event.data is None:
                self._data_fault = Code.PASSED
            elif not self.document.is_valid():
                self._data_fault = Code.FAILED
        return self._data_fault


class Inspection(NamedTuple):
    """What one filter looked at: for people, computed only when somebody asks."""

    kind: str
    entry: int
    """Its place in the list of its kind."""
    code: Code
    path: str
    comparator: str
    wanted: tuple[str, ...]
    actual: str | None
    """The value in its text form; None where there is none."""
    reason: str
    """For a failure: why, as upstream words it. Otherwise empty, or what says more than path, actual and wanted."""


Judge = Callable[[Reading], int]
"""One filter, one kind of filter or one whole dependency: event to packed verdict."""


class Filter(ABC):
    """One kind of filter of one dependency."""

    kind: ClassVar[str]
    """The member of `filters` that configures it."""

    rank: ClassVar[int]
    """Kinds are judged in the order of their ranks: exprs 0, data 1, context 2, time 3, script 4."""

    fails_an_or: ClassVar[bool] = False
    """Whether its error ends an outer `or` at once (upstream: the script's does)."""

    judge: Judge

    @classmethod
    @abstractmethod
    def compile(
        cls, document: ResourceDocument, filters: Filters, path: Path, part: str
    ) -> tuple[Filter | None, list[Finding]]:
        """The filter of `filters`, which stand at `path`, or None with the faults that stop `part`."""

    @abstractmethod
    def inspect(self, reading: Reading) -> list[Inspection]:
        """What each of its parts says of the event."""


FILTERS: Registry[Filter] = Registry("filter", "sensors.filters", Filter, group="kikkake.filters")


def combine(filters: list[Filter], *, is_or: bool) -> Judge:
    """The verdict of several kinds (spec-sensors 3.2). `filters` are the configured ones, in the order of ranks."""
    if is_or:
        return _any_of(filters)
    if not filters:
        return _pass
    if len(filters) == 1:
        return filters[0].judge
    return _all_of([kind.judge for kind in filters])


def _pass(_reading: Reading) -> int:
    return 0


def _all_of(judges: list[Judge]) -> Judge:
    def judge(reading: Reading) -> int:
        first = 0
        for each in judges:
            verdict = each(reading)
            # A failure ends it, whatever was said before; a plain "no" lets the later kinds speak.
            if verdict & 3 in FAILURES:
                return verdict
            first = first or verdict
        return first

    return judge


def _any_of(filters: list[Filter]) -> Judge:
    def judge(reading: Reading) -> int:
        failure = filtered = 0
        has_passed = False
        for each in filters:
            verdict = each.judge(reading)
            if verdict == 0:
                has_passed = True
            elif verdict & 3 == Code.FILTERED:
                filtered = filtered or verdict
            elif each.fails_an_or:
                return verdict
            else:
                failure = failure or verdict
        # One kind's error makes the whole fail, even where another kind has passed.
        if failure or has_passed:
            return failure
        return filtered or pack_verdict(Code.FILTERED)

    return judge
