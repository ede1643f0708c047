"""Compiling what begins a path: `.`, constants, `.a`, `.[1:2]`, `.[]`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from events.languages.jq import syntax
from events.languages.jq.access import elements, entries, index, slice_of
from events.languages.jq.code import (
    Code,
    Environment,
    Path,
    Place,
    Stray,
    intact,
    single,
    step,
)
from events.languages.jq.formats import FORMATS, format_named
from events.languages.jq.scope import Pieces, Scope


class Reaching(Pieces):
    """Nodes that give a value or reach into one."""

    def _identity(self, _node: syntax.Identity, _scope: Scope | None) -> Code:
        return Code(
            lambda value, _environment: (value,),
            lambda path, value, _environment: ((path, value),),
            lambda value, _environment: value,
        )

    def _constant(self, node: syntax.Constant, _scope: Scope | None) -> Code:
        constant = node.value
        return single(lambda _value, _environment: constant)

    def _recurse(self, node: syntax.Recurse, scope: Scope | None) -> Code:
        del node
        return self._compile(syntax.Call("recurse", (), 0), scope)

    def _format(self, node: syntax.Format, _scope: Scope | None) -> Code:
        write = FORMATS.get(node.name)
        if write is None:
            return single(lambda value, _environment: format_named(value, node.name[1:]))
        return single(lambda value, _environment: write(value))

    def _text(self, node: syntax.Text, scope: Scope | None) -> Code:
        joined = node.parts[0]
        for part in node.parts[1:]:
            joined = syntax.Binary("+", joined, part)
        return self._compile(joined, scope)

    # reaching into values

    def _index(self, node: syntax.Index, scope: Scope | None) -> Code:  # noqa: C901 - values, paths, one
        target, key = self._compile(node.target, scope), self._compile(node.key, scope)
        key_one, target_one = key.one, target.one

        def many(value: Any, environment: Environment) -> Iterator[Any]:
            for at in key.many(value, environment):
                for each in target.many(value, environment):
                    yield index(each, at)

        def paths(path: Path | Stray, value: Any, environment: Environment) -> Iterator[Place]:
            for at in key.many(value, environment):
                for reached, each in target.paths(path, value, environment):
                    yield step(reached, each, at)

        if isinstance(node.key, syntax.Constant):
            constant = node.key.value
            if isinstance(node.target, syntax.Identity):
                return Code(
                    lambda value, _environment: (index(value, constant),),
                    lambda path, value, _environment: (step(path, value, constant),),
                    lambda value, _environment: index(value, constant),
                )
            if target_one is not None:
                return Code(
                    many, paths, lambda value, environment: index(target_one(value, environment), constant)
                )
        if key_one is None or target_one is None:
            return Code(many, paths)
        return Code(
            many,
            paths,
            lambda value, environment: index(target_one(value, environment), key_one(value, environment)),
        )

    def _slice(self, node: syntax.Slice, scope: Scope | None) -> Code:
        nothing = syntax.Constant(None)
        target = self._compile(node.target, scope)
        starts, ends = self._compile(node.start or nothing, scope), self._compile(node.end or nothing, scope)

        def many(value: Any, environment: Environment) -> Iterator[Any]:
            for start in starts.many(value, environment):
                for end in ends.many(value, environment):
                    for each in target.many(value, environment):
                        yield slice_of(each, start, end)

        def paths(path: Path | Stray, value: Any, environment: Environment) -> Iterator[Place]:
            for start in starts.many(value, environment):
                for end in ends.many(value, environment):
                    for reached, each in target.paths(path, value, environment):
                        found = slice_of(each, start, end)
                        yield ({"start": start, "end": end}, intact(reached, each)), found

        return Code(many, paths)

    def _iterate(self, node: syntax.Iterate, scope: Scope | None) -> Code:
        target = self._compile(node.target, scope)
        target_one = target.one

        def many(value: Any, environment: Environment) -> Iterator[Any]:
            for each in target.many(value, environment):
                yield from elements(each)

        def paths(path: Path | Stray, value: Any, environment: Environment) -> Iterator[Place]:
            for reached, each in target.paths(path, value, environment):
                members = entries(each)
                here = intact(reached, each, "invalid path on iterating against")
                for key, member in members:
                    yield (key, here), member

        if target_one is not None:
            return Code(lambda value, environment: elements(target_one(value, environment)), paths)
        return Code(many, paths)
