"""`kikkake test --update`: what happened is written into the test file, in the place of what was expected.

Only the values of `expect` that differ are written; everything else of the file stays as it is, byte for byte. What
is not an expectation (a Sensor that is refused, a file that is missing) is never written away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

import yaml

from events.resource import Path, read_documents
from kikkake.testing.actual import actual_delivery, actual_sensor
from kikkake.testing.front import Sent
from kikkake.testing.happened import Happened
from kikkake.testing.reading import FileOfTests, LoadedTest, with_on_keys
from kikkake.testing.rewrite import CannotRewrite, Rewriter, is_same
from kikkake.testing.run import Result, run_tests
from kikkake.testing.yaml_spots import Spot, read_spots


@dataclass(frozen=True, slots=True)
class Change:
    """One `expect` that was, or could not be, written anew."""

    result: Result
    """The case that it belongs to, with what differed."""
    refusal: str = ""
    """Why it was not written."""


@dataclass(slots=True)
class _Seen:
    """What happened at the `expect`s of one document, by place."""

    test: LoadedTest
    expects: dict[Path, dict[str, Any]] = field(default_factory=dict)
    """As they would be right."""

    def case(self, result: Result) -> int | None:
        """The index of the case that the result is of."""
        names = [case.name for case in self.test.model.cases]
        found = (index for index, name in enumerate(names) if name == result.case)
        is_mine = self.test.name == result.test
        return next((at for at in found if is_mine and self.test.line(("cases", at)) == result.line), None)

    def differing(self, case: Path) -> Iterator[tuple[Path, dict[str, Any], dict[str, Any]]]:
        """Place, old and new value of those of a case that are not right."""
        for path, new in self.expects.items():
            old = value_at(self.test.document.value, path)
            if path[: len(case)] == case and not is_same(old, new):
                yield path, old, new


async def update_files(files: Sequence[FileOfTests]) -> list[Change]:
    """Run all tests and write what happened where it differs. What was written, and what could not be."""
    seen: dict[int, _Seen] = {}

    def saw(test: LoadedTest, path: Path, happened: object) -> None:
        expect = value_at(test.document.value, path)
        one = seen.setdefault(id(test), _Seen(test))
        if isinstance(happened, Happened):
            one.expects[path] = actual_sensor(expect, happened)
        elif isinstance(happened, Sent):
            one.expects[path] = actual_delivery(expect, happened)

    results = [result async for result in run_tests(files, saw=saw)]
    changes: list[Change] = []
    for file in files:
        mine = [result for result in results if result.file == str(file.path) and not result.ok]
        changes += _update_file(file, mine, [seen[id(test)] for test in file.tests if id(test) in seen])
    return changes


def _update_file(file: FileOfTests, failed: Sequence[Result], seen: Sequence[_Seen]) -> list[Change]:
    changes: list[Change] = []
    if not failed:
        return changes
    try:
        rewritten = _File(file.path)
    except UnicodeDecodeError:
        return [Change(result, "the file is not UTF-8") for result in failed]
    for result in failed:
        refusal = _not_an_expectation(result)
        if not refusal:
            try:
                rewritten.rewrite(result, seen)
            except CannotRewrite as error:
                refusal = f"{error}: write it by hand"
        changes.append(Change(result, refusal))
    if any(not change.refusal for change in changes):
        file.path.write_bytes(rewritten.text.encode("utf-8"))
    return changes


def _not_an_expectation(result: Result) -> str:
    """Why the case did not fail by what it expects, or an empty text."""
    if result.faults or result.failure:
        return "it cannot be run"
    for difference in result.differences:
        if difference.path.endswith(".expect.error"):
            return "the Sensor has a fault: mend it, or expect it with `error`"
        if difference.path.startswith("artifacts["):
            return "an artifact is missing"
        if ".expect" not in difference.path:
            return "a step could not be done as it is written"
    return ""


class _File:
    """The text of one file, case by case."""

    def __init__(self, path: FilePath) -> None:
        self.text = path.read_bytes().decode("utf-8")
        self._is_json = path.suffix == ".json"
        self._documents = read_documents(self.text, str(path))[0]
        self._values: list[Any] = [with_on_keys(document).value for document in self._documents]

    def rewrite(self, result: Result, seen: Sequence[_Seen]) -> None:
        """Write the `expect`s of one case anew. Raises CannotRewrite: then nothing has changed."""
        found = next(
            ((one, case) for one in seen if (case := one.case(result)) is not None),
            None,
        )
        if found is None:
            raise CannotRewrite("the Sensor is refused, so that nothing happened")
        one, case = found
        index = self._index(one.test)
        roots = self._roots()
        rewriter, value = Rewriter(self.text, is_json=self._is_json), self._values[index]
        for path, old, new in one.differing(("cases", case)):
            parent = roots[index].at(path[:-1])
            if parent is None:
                raise CannotRewrite("it stands under an alias or a merge key")
            rewriter.change_member(parent, str(path[-1]), old, new)
            value = with_value(value, path, new)
        text = rewriter.result()
        values = [value if at == index else other for at, other in enumerate(self._values)]
        if not _reads_as(text, values):
            raise CannotRewrite("it stands in a form that is not understood")
        self.text, self._values = text, values

    def _roots(self) -> list[Spot]:
        """Where each document stands. Raises CannotRewrite."""
        try:
            roots = [root for root in read_spots(self.text) if root.entries]
        except yaml.YAMLError as error:
            raise CannotRewrite(f"its file has a form that is not understood ({error})") from error
        if len(roots) != len(self._documents):
            raise CannotRewrite("another document of its file cannot be read")
        return roots

    def _index(self, test: LoadedTest) -> int:
        place = test.document.position(())
        return next(at for at, each in enumerate(self._documents) if each.position(()) == place)


def _reads_as(text: str, values: Sequence[Any]) -> bool:
    """Whether the text says exactly that: what a form was not understood in is never written."""
    documents, findings = read_documents(text, "")
    return not findings and [with_on_keys(document).value for document in documents] == list(values)


def value_at(value: Any, path: Path) -> Any:
    """What stands at a path."""
    for part in path:
        value = value[part]
    return value


def with_value(value: Any, path: Path, new: Any) -> Any:
    """A copy in which something else stands at a path."""
    if not path:
        return new
    part, rest = path[0], path[1:]
    if isinstance(value, list):
        return [with_value(item, rest, new) if index == part else item for index, item in enumerate(value)]
    return {name: with_value(item, rest, new) if name == part else item for name, item in value.items()}
