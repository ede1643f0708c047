"""Builtins with a predicate, as loops over a list: `filter(commits, .added > 0)`.

Each round costs as many steps as the predicate has nodes, so that loops in loops end (`MAX_STEPS`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from events.languages.expr.access import length
from events.languages.expr.builtins_lists import group, groups
from events.languages.expr.errors import Fault
from events.languages.expr.nodes import Builtin, Node, children
from events.languages.expr.run import NO_ITEM, OUT_OF_RANGE, NoItems, Run, Scope
from events.languages.expr.values import SLICES, AnyMap, KeySet, as_bytes, kind, wrong_type
from events.languages.go_values import Uint8

Evaluate = Callable[[Run], Any]


def compile_loop(node: Builtin, compile_node: Callable[[Node], Evaluate]) -> Evaluate:
    """The closure of a builtin with a predicate."""
    loop = _Loop(
        source=compile_node(node.arguments[0]),
        predicate=compile_node(node.arguments[1]),
        mapping=compile_node(node.map) if node.map is not None else None,
        start=compile_node(node.arguments[2]) if len(node.arguments) == 3 else None,
        cost=sum(_size(each) for each in (*node.arguments[1:2], node.map) if each is not None),
        at=node.at,
        throws=node.throws,
    )
    run_loop = _LOOPS[node.name]

    def evaluate(run: Run) -> Any:
        items = loop.items(run)
        outer, scope = run.scope, Scope()
        run.scope = scope
        found = run_loop(loop, run, scope, items)
        run.scope = outer
        return found

    return evaluate


def _size(node: Node) -> int:
    """Nodes of a tree."""
    count, waiting = 0, [node]
    while waiting:
        found = waiting.pop()
        count += 1
        waiting += children(found)
    return count


class _TextBytes(list[Uint8]):
    """The bytes of a text that is gone over."""

    __slots__ = ()


class _Loop:
    """One builtin of a program, and what its rounds have in common."""

    def __init__(
        self,
        *,
        source: Evaluate,
        predicate: Evaluate,
        mapping: Evaluate | None,
        start: Evaluate | None,
        cost: int,
        at: int,
        throws: bool,
    ) -> None:
        self.source = source
        self.predicate = predicate
        self.mapping = mapping
        self.start = start
        self.cost = cost
        self.at = at
        self.throws = throws

    def items(self, run: Run) -> Sequence[Any]:
        """What there is to go over. Raises Fault."""
        value = self.source(run)
        if type(value) in SLICES:
            return value  # type: ignore[no-any-return]  # a list of some class
        if type(value) is str:
            return _TextBytes(Uint8(byte) for byte in as_bytes(value))
        if isinstance(value, dict | AnyMap | KeySet):
            return NoItems(length(value) or 0)
        named = "zero" if value is None else kind(value)
        raise Fault(f"reflect: call of reflect.Value.Len on {named} Value", self.at)

    def rounds(
        self, run: Run, scope: Scope, items: Sequence[Any], *, first: int = 0, backwards: bool = False
    ) -> Iterator[Any]:
        """The value of the predicate for each element, which stands in `scope` meanwhile."""
        predicate, cost = self.predicate, self.cost
        order = range(len(items) - 1, -1, -1) if backwards else range(first, len(items))
        for index in order:
            scope.index = index
            scope.item = items[index]
            try:
                run.spend(cost)
            except Fault as fault:
                raise fault.placed(self.at) from None
            yield predicate(run)

    def truths(
        self, run: Run, scope: Scope, items: Sequence[Any], *, backwards: bool = False
    ) -> Iterator[bool]:
        """The same, of a predicate that has to be a boolean."""
        for value in self.rounds(run, scope, items, backwards=backwards):
            if value is not True and value is not False:
                raise wrong_type(value, "bool").placed(self.at)
            yield value

    def item(self, run: Run, scope: Scope) -> Any:
        """The element, or what is to become of it."""
        if self.mapping is not None:
            return self.mapping(run)
        if scope.item is NO_ITEM:
            raise Fault("reflect: call of reflect.Value.Index on map Value", self.at)
        return scope.item

    def grow(self, run: Run, found: list[Any]) -> list[Any]:
        """Count a new list. Raises Fault."""
        try:
            run.grow(len(found))
        except Fault as fault:
            raise fault.placed(self.at) from None
        return found


def _all(loop: _Loop, run: Run, scope: Scope, items: Sequence[Any]) -> bool:
    return all(loop.truths(run, scope, items))


def _none(loop: _Loop, run: Run, scope: Scope, items: Sequence[Any]) -> bool:
    return not any(loop.truths(run, scope, items))


def _any(loop: _Loop, run: Run, scope: Scope, items: Sequence[Any]) -> bool:
    return any(loop.truths(run, scope, items))


def _count(loop: _Loop, run: Run, scope: Scope, items: Sequence[Any]) -> int:
    return sum(loop.truths(run, scope, items))


def _filter(loop: _Loop, run: Run, scope: Scope, items: Sequence[Any]) -> list[Any]:
    found = [loop.item(run, scope) for truth in loop.truths(run, scope, items) if truth]
    return loop.grow(run, found)


def _map(loop: _Loop, run: Run, scope: Scope, items: Sequence[Any]) -> list[Any]:
    return loop.grow(run, list(loop.rounds(run, scope, items)))


def _find(*, backwards: bool) -> Callable[[_Loop, Run, Scope, Sequence[Any]], Any]:
    def find(loop: _Loop, run: Run, scope: Scope, items: Sequence[Any]) -> Any:
        for truth in loop.truths(run, scope, items, backwards=backwards):
            if truth:
                return loop.item(run, scope)
        if loop.throws:
            raise Fault("reflect: slice index out of range", loop.at)
        return None

    return find


def _find_index(*, backwards: bool) -> Callable[[_Loop, Run, Scope, Sequence[Any]], int | None]:
    def find(loop: _Loop, run: Run, scope: Scope, items: Sequence[Any]) -> int | None:
        for truth in loop.truths(run, scope, items, backwards=backwards):
            if truth:
                return scope.index
        return None

    return find


def _group_by(loop: _Loop, run: Run, scope: Scope, items: Sequence[Any]) -> AnyMap | None:
    members: dict[object, tuple[Any, Any]] = {}
    for key in loop.rounds(run, scope, items):
        try:
            group(members, key, loop.item(run, scope))
        except Fault as fault:
            raise fault.placed(loop.at) from None
    return groups(members)


def _reduce(loop: _Loop, run: Run, scope: Scope, items: Sequence[Any]) -> Any:
    has_first = len(items) > 0 or isinstance(items, NoItems)  # of a map any look at one fails
    scope.item = items[0] if has_first else OUT_OF_RANGE
    if loop.start is not None:
        scope.accumulated = loop.start(run)
    elif has_first:
        scope.accumulated = loop.item(run, scope)
    else:
        named = "string" if isinstance(items, _TextBytes) else "slice"
        raise Fault(f"reflect: {named} index out of range", loop.at)
    for value in loop.rounds(run, scope, items, first=0 if loop.start is not None else 1):
        scope.accumulated = value
    return scope.accumulated


_LOOPS: Final[dict[str, Callable[[_Loop, Run, Scope, Sequence[Any]], Any]]] = {
    "all": _all,
    "none": _none,
    "any": _any,
    "one": lambda loop, run, scope, items: _count(loop, run, scope, items) == 1,
    "filter": _filter,
    "map": _map,
    "count": _count,
    "find": _find(backwards=False),
    "findLast": _find(backwards=True),
    "findIndex": _find_index(backwards=False),
    "findLastIndex": _find_index(backwards=True),
    "groupBy": _group_by,
    "reduce": _reduce,
}
