"""The entries of one list of filters, combined by `and` or by `or`: each is a test of the event's data.

Equal entries of different Sensors are one object, and an event remembers what each said of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sensors.filter import FAILURES, Code, Judge, Reading, pack_verdict

Entry = Callable[[Reading], Code]


def all_of(entries: Iterable[tuple[int, Entry]], rank: int) -> Judge:
    """Passed where every entry passes; the first that does not decides. Each comes with its place in the list."""
    packed = _with_verdicts(entries, rank)
    unreadable = pack_verdict(Code.FAILED, rank)

    def judge(reading: Reading) -> int:
        fault = reading.data_fault()
        if fault is not None:
            return unreadable if fault else 0
        answers = reading.answers
        for entry, verdicts in packed:
            code = answers.get(entry)
            if code is None:
                code = answers[entry] = entry(reading)
            if code:
                return verdicts[code]
        return 0

    return judge


def any_of(entries: Iterable[tuple[int, Entry]], rank: int, *, without_entries: int) -> Judge:
    """Passed where one entry passes; else the first failure decides, else the first that did not match.

    `without_entries` is the verdict where there is none.
    """
    packed = _with_verdicts(entries, rank)
    unreadable = pack_verdict(Code.FAILED, rank)

    def judge(reading: Reading) -> int:
        fault = reading.data_fault()
        if fault is not None:
            return unreadable if fault else 0
        answers = reading.answers
        failure = filtered = 0
        for entry, verdicts in packed:
            code = answers.get(entry)
            if code is None:
                code = answers[entry] = entry(reading)
            if code == Code.PASSED:
                return 0
            if code in FAILURES:
                failure = failure or verdicts[code]
            else:
                filtered = filtered or verdicts[code]
        return failure or filtered or without_entries

    return judge


def _with_verdicts(entries: Iterable[tuple[int, Entry]], rank: int) -> list[tuple[Entry, tuple[int, ...]]]:
    """Each entry and its verdicts by code."""
    return [(entry, tuple(pack_verdict(code, rank, index) for code in Code)) for index, entry in entries]
