"""Resources from files on disk: which files count, what is in them, and noticing when they change.

Test documents (design, section 7) live in `*_test.yaml` or under a folder `tests/`; everything that reads
resources skips them. Documents of other kinds (a Deployment beside a Sensor) are counted and left alone.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from events.errors import Finding, KikkakeError
from events.resource import ResourceDocument, read_documents

RESOURCE_API = "argoproj.io/v1alpha1"
RESOURCE_KINDS = ("EventSource", "Sensor", "EventBus")
TEST_API = "kikkake/v1"
TEST_KINDS = ("SensorTest", "EventSourceTest")

_SUFFIXES = {".yaml", ".yml", ".json"}
_MAX_FILE_BYTES = 8_388_608
"""A resource is at most 1.5 MiB in a cluster; a file of several may be larger, a log that ended in .json is not one."""
_SKIPPED_FOLDERS = {".git", ".venv", "node_modules", "__pycache__", ".kikkake"}


class FilesUnreadable(KikkakeError):
    """A path that was given does not exist or cannot be read."""


@dataclass(slots=True)
class Loaded:
    """What a set of paths holds."""

    documents: list[ResourceDocument] = field(default_factory=list)
    """EventSources, Sensors and EventBuses, in the order of the files."""
    tests: list[ResourceDocument] = field(default_factory=list)
    """Test documents that stand where resources belong."""
    findings: list[Finding] = field(default_factory=list)
    """Faults of reading: syntax, duplicate keys."""
    files: list[Path] = field(default_factory=list)
    ignored: int = 0
    """Documents of kinds that are not ours."""

    def of_kind(self, kind: str) -> list[ResourceDocument]:
        return [document for document in self.documents if document.kind == kind]


def is_test_file(path: Path, root: Path) -> bool:
    """Whether the file holds test documents by its name or by a folder `tests`, the given root or below it."""
    folders = path.relative_to(root).parent.parts if path.is_relative_to(root) else ()
    return path.stem.endswith("_test") or "tests" in (root.resolve().name, *folders)


def resource_files(paths: Sequence[str]) -> Iterator[Path]:
    """Every resource file of the paths, folders recursively, each once and in a fixed order."""
    yield from _files(paths, tests=False)


def files_with_tests(paths: Sequence[str]) -> Iterator[Path]:
    """Every test file of the paths; a file that is named itself counts whatever its name is."""
    yield from _files(paths, tests=True)


def load_resources(paths: Sequence[str]) -> Loaded:
    """Read all resources of the paths (no path: the current folder; `-`: standard input).

    Raises FilesUnreadable for a path that was named and is not there; faults of files are findings.
    """
    return ResourceFiles(paths).load()


class ResourceFiles:
    """The same paths, read as often as they change."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = paths
        self._once: dict[str, str] = {}
        """Texts that can be read only once: standard input, and pipes that were named."""
        self._was_read = False

    def load(self) -> Loaded:
        """As `load_resources`; from the second time on a file that was named may be away."""
        loaded = Loaded()
        for name in self._paths:
            if name == "-":
                if name not in self._once:
                    self._once[name] = sys.stdin.read()
                _take(loaded, self._once[name], name)
        named = [name for name in self._paths if name != "-"] if self._paths else ["."]
        for path in _files(named, tests=False, may_be_away=self._was_read):
            text = self._read(path, loaded, is_named=path in map(Path, named))
            if text is not None:
                loaded.files.append(path)
                _take(loaded, text, _shown(path))
        self._was_read = True
        return loaded

    def _read(self, path: Path, loaded: Loaded, *, is_named: bool) -> str | None:
        """The text of a file, or None with a finding that says why it cannot be read."""
        if str(path) in self._once:
            return self._once[str(path)]
        try:
            return self._text(path, is_named=is_named)
        except FileNotFoundError:
            return None
        except _Unfit as unfit:
            what = str(unfit)
        except UnicodeDecodeError as error:
            what = f"not UTF-8 at byte {error.start}"
        except OSError as error:
            what = error.strerror or "cannot be read"
        loaded.findings.append(Finding(at="(file)", what=what, code="Unparsable", file=_shown(path)))
        return None

    def _text(self, path: Path, *, is_named: bool) -> str:
        found = path.stat()
        is_regular = stat.S_ISREG(found.st_mode)
        # A pipe in a folder would be waited for without end; one that is named was meant.
        if not is_regular and not is_named:
            raise _Unfit("not a regular file")
        if found.st_size > _MAX_FILE_BYTES:
            raise _Unfit(f"{found.st_size} bytes; at most {_MAX_FILE_BYTES} are read")
        text = path.read_text(encoding="utf-8")
        if not is_regular:
            self._once[str(path)] = text
        return text


def _shown(path: Path) -> str:
    """A name as it may stand in a text, whatever its bytes are."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


class _Unfit(KikkakeError):
    """A file that is no resource file."""


def fingerprint(paths: Sequence[str]) -> dict[Path, tuple[int, int, int]]:
    """Time, size and inode of every resource file: differs when something was saved, also by rename."""
    marks: dict[Path, tuple[int, int, int]] = {}
    for path in _files(paths or ["."], tests=False, may_be_away=True):
        try:
            found = path.stat()
        except OSError:
            continue  # it vanished between listing and looking: the next look sees what came of it
        if stat.S_ISREG(found.st_mode):
            marks[path] = (found.st_mtime_ns, found.st_size, found.st_ino)
    return marks


def _files(paths: Sequence[str], *, tests: bool, may_be_away: bool = False) -> Iterator[Path]:
    """`may_be_away`: a file that was named may be missing; a folder never, since it may be a volume that comes back."""
    seen: set[Path] = set()
    for name in paths:
        root = Path(name)
        if root.is_dir():
            found = [path for path in _walk(root) if is_test_file(path, root) is tests]
        elif root.exists():
            found = [root]
        elif name == "-" or (may_be_away and root.suffix in _SUFFIXES):
            continue
        else:
            raise FilesUnreadable(f"{name}: no such file or folder")
        for path in found:
            if path not in seen:
                seen.add(path)
                yield path


def _walk(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED_FOLDERS)
        for name in sorted(files):
            path = Path(folder, name)
            if path.suffix in _SUFFIXES and not name.startswith("."):
                yield path


def _take(loaded: Loaded, text: str, file: str) -> None:
    documents, findings = read_documents(text, file)
    loaded.findings += findings
    for document in documents:
        if document.api_version == TEST_API and document.kind in TEST_KINDS:
            loaded.tests.append(document)
        elif document.kind in RESOURCE_KINDS and document.api_version.startswith("argoproj.io/"):
            if document.api_version != RESOURCE_API:
                what = f"apiVersion `{document.api_version}` is not known"
                fault = document.finding(("apiVersion",), what, f"write {RESOURCE_API}")
                loaded.findings.append(fault)
                document = replace(document, faults=(*document.faults, fault))  # noqa: PLW2901 - the same, and judged
            loaded.documents.append(document)
        else:
            loaded.ignored += 1
