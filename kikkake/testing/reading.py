"""From files to test documents: every fault with its place; an unknown field is an error, since a test must not lie."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath
from typing import Any

from events.errors import Finding, KikkakeError, Severity
from events.model import read_model
from events.resource import Path, ResourceDocument, nearest_name, read_documents
from kikkake.files import TEST_API, TEST_KINDS, files_with_tests
from kikkake.testing.delivery_document import EventSourceTest
from kikkake.testing.sensor_document import SensorTest

CODE = "InvalidTest"
_MAX_FILE_BYTES = 8_388_608

AnyTest = SensorTest | EventSourceTest
_MODELS: dict[str, type[SensorTest | EventSourceTest]] = {
    "SensorTest": SensorTest,
    "EventSourceTest": EventSourceTest,
}


class RefusedTest(KikkakeError):
    """A test document cannot be run; carries all of its findings."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(" | ".join(str(finding) for finding in findings))


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedTest:
    """One test document that was read without a fault."""

    model: AnyTest
    document: ResourceDocument
    """As it stands in the file: for the places of its parts."""
    folder: FilePath
    """What its paths are relative to."""

    @property
    def name(self) -> str:
        return self.model.metadata.name

    def line(self, path: Path) -> int:
        """Where a part stands."""
        return self.document.position(path)[0]

    def fault(self, path: Path, what: str, fix: str = "") -> Finding:
        """A fault at `path`."""
        return self.document.finding(path, what, fix, code=CODE)


@dataclass(slots=True)
class FileOfTests:
    """What one file holds."""

    path: FilePath
    tests: list[LoadedTest] = field(default_factory=list)
    refused: list[tuple[str, tuple[Finding, ...]]] = field(default_factory=list)
    """Name and faults of each document that cannot be run; an empty name is the file as a whole."""


def read_test_files(paths: Sequence[str]) -> list[FileOfTests]:
    """All files of `paths` that hold test documents; no path is the current folder, `-` standard input.

    Raises FilesUnreadable.
    """
    named = {FilePath(path) for path in paths}
    files = [_read_text(FilePath("-"), sys.stdin.read())] if "-" in paths else []
    on_disk = [path for path in paths if path != "-"] if paths else ["."]
    files += [_read_file(path, is_named=path in named) for path in files_with_tests(on_disk)]
    return [file for file in files if file.tests or file.refused]


def _read_file(path: FilePath, *, is_named: bool) -> FileOfTests:
    text = _text(path)
    # Under a folder `tests` stand payloads and resources too: only what means to be a test is judged as one.
    is_test = is_named or path.stem.endswith("_test") or TEST_API in text
    return _read_text(path, text) if is_test else FileOfTests(path)


def _read_text(path: FilePath, text: str) -> FileOfTests:
    file = FileOfTests(path)
    documents, findings = read_documents(text, str(path))
    if findings:
        file.refused.append(("", tuple(findings)))
    for document in documents:
        if document.api_version.startswith("kikkake/") or document.kind in TEST_KINDS:
            _read_document(file, document)
    return file


def _text(path: FilePath) -> str:
    if path.stat().st_size > _MAX_FILE_BYTES:
        return ""
    return path.read_text(encoding="utf-8", errors="replace")


def _read_document(file: FileOfTests, document: ResourceDocument) -> None:
    try:
        file.tests.append(read_test(document, file.path.parent))
    except RefusedTest as refused:
        name = document.name or f"document in line {document.position(())[0]}"
        file.refused.append((name, refused.findings))


def read_test(document: ResourceDocument, folder: FilePath) -> LoadedTest:
    """The document as a test. Raises RefusedTest."""
    if document.api_version != TEST_API:
        what = f"expected {TEST_API}, got {document.api_version or '(none)'}"
        raise RefusedTest([document.finding(("apiVersion",), what, code=CODE)])
    model_class = _MODELS.get(document.kind)
    if model_class is None:
        near = nearest_name(document.kind, TEST_KINDS)
        fix = f"did you mean `{near}`?" if near else f"write one of {', '.join(TEST_KINDS)}"
        raise RefusedTest([document.finding(("kind",), "no such kind of test", fix, code=CODE)])
    document = with_on_keys(document)
    model, findings = read_model(document, model_class, document.value, (), code=CODE)
    if model is None or findings:
        raise RefusedTest([replace(finding, severity=Severity.ERROR) for finding in findings])
    return LoadedTest(model=model, document=document, folder=folder)


def with_on_keys(document: ResourceDocument) -> ResourceDocument:
    """`on` unquoted is a boolean in YAML 1.1, and becomes the key `true` as in Kubernetes: here it is `on` again."""
    places = set(_places_of_on(document.value))
    if not places:
        return document
    positions = {_renamed(path, places): place for path, place in document.positions.items()}
    return ResourceDocument(_rename(document.value, (), places), document.file, positions)


def _places_of_on(value: Any) -> Iterable[Path]:
    """Maps in which a member `on` has a meaning and the key `true` stands."""
    for index, case in _items(value, "cases"):
        for step_index, step in _items(case, "events"):
            yield from _if_on(step, ("cases", index, "events", step_index))
            yield from _in_expect(step.get("delivery"), ("cases", index, "events", step_index, "delivery"))
        for step_index, step in _items(case, "deliveries"):
            yield from _in_expect(step, ("cases", index, "deliveries", step_index))
        yield from _in_expect(case.get("delivery"), ("cases", index, "delivery"))


def _in_expect(delivery: Any, path: Path) -> Iterable[Path]:
    expect = delivery.get("expect") if isinstance(delivery, dict) else None
    for index, event in _items(expect, "events"):
        yield from _if_on(event, (*path, "expect", "events", index))


def _if_on(value: dict[str, Any], path: Path) -> Iterable[Path]:
    if "true" in value and "on" not in value:
        yield path


def _items(value: Any, member: str) -> Iterable[tuple[int, dict[str, Any]]]:
    items = value.get(member) if isinstance(value, dict) else None
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict):
            yield index, item


def _rename(value: Any, path: Path, places: set[Path]) -> Any:
    if isinstance(value, dict):
        is_here = path in places
        return {
            ("on" if is_here and name == "true" else name): _rename(member, (*path, name), places)
            for name, member in value.items()
        }
    if isinstance(value, list):
        return [_rename(member, (*path, index), places) for index, member in enumerate(value)]
    return value


def _renamed(path: Path, places: set[Path]) -> Path:
    for length in range(len(path) - 1, -1, -1):
        if path[length] == "true" and path[:length] in places:
            return (*path[:length], "on", *path[length + 1 :])
    return path
