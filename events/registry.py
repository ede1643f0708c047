"""Finding kinds: a kind's name is its module's name in a plural folder.

Listing reads file names and imports nothing; asking for a kind imports that module only. Third parties
add kinds by entry points in the groups `kikkake.sources`, `kikkake.triggers`, `kikkake.filters`, `kikkake.buses`.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import importlib.metadata
import importlib.util
import re
from pathlib import Path
from typing import Generic, TypeVar

from events.errors import KikkakeError

T = TypeVar("T")


class KindNotFound(KikkakeError):
    """No module has this kind; the message names the nearest and all known ones."""

    def __init__(self, family: str, name: str, known: tuple[str, ...]) -> None:
        nearest = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean `{nearest[0]}`?" if nearest else ""
        self.known = known
        super().__init__(f"`{name}` is not a kind of {family}{hint} This build has: {', '.join(known)}")


class KindBroken(KikkakeError):
    """A kind's module does not hold exactly one class of its family."""


class Registry(Generic[T]):
    """The kinds of one family: `Registry("source", "sources.kinds", PushSource)`."""

    def __init__(self, family: str, package: str, base: type[T] | tuple[type[T], ...], *, group: str) -> None:
        self._family = family
        self._package = package
        self._bases = base if isinstance(base, tuple) else (base,)
        self._group = group
        self._found: dict[str, type[T]] = {}

    def names(self) -> tuple[str, ...]:
        """Every known kind, sorted, without importing any. They are looked for once: 3 ms of small files."""
        return self._names

    @functools.cached_property
    def _names(self) -> tuple[str, ...]:
        own = {kind_name(path.stem) for path in self._folder().glob("*.py") if not path.stem.startswith("_")}
        return tuple(sorted(own | set(self._entry_points)))

    def get(self, name: str) -> type[T]:
        """The class of a kind. Raises KindNotFound, KindBroken."""
        if name not in self._found:
            self._found[name] = self._load(name)
        return self._found[name]

    def _load(self, name: str) -> type[T]:
        if (self._folder() / f"{module_name(name)}.py").is_file() and kind_name(module_name(name)) == name:
            return self._only_class(importlib.import_module(f"{self._package}.{module_name(name)}"), name)
        entry = self._entry_points.get(name)
        if entry is None:
            raise KindNotFound(self._family, name, self.names())
        loaded = entry.load()
        if not (isinstance(loaded, type) and issubclass(loaded, self._bases)):
            raise KindBroken(f"{self._family} `{name}`: entry point {entry.value} is not a {self._family}")
        return loaded

    def _only_class(self, module: object, name: str) -> type[T]:
        module_path = getattr(module, "__name__", "")
        classes = [
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, self._bases) and value.__module__ == module_path
        ]
        if len(classes) != 1:
            raise KindBroken(
                f"{module_path}: {len(classes)} classes are a {self._family}, `{name}` needs exactly one"
            )
        return classes[0]

    def _folder(self) -> Path:
        spec = importlib.util.find_spec(self._package)
        if spec is None or not spec.submodule_search_locations:
            raise KindBroken(f"package {self._package} has no folder")
        return Path(next(iter(spec.submodule_search_locations)))

    @functools.cached_property
    def _entry_points(self) -> dict[str, importlib.metadata.EntryPoint]:
        return {entry.name: entry for entry in importlib.metadata.entry_points(group=self._group)}


def module_name(kind: str) -> str:
    """`argoWorkflow` is found in `argo_workflow.py`."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", kind).lower()


def kind_name(module: str) -> str:
    """`argo_workflow.py` holds `argoWorkflow`."""
    head, *tail = module.split("_")
    return head + "".join(part.capitalize() for part in tail)
