"""Conditions: `&&`, `||` and brackets over dependency names (spec-sensors 5.1).

Compiled once into a test of a bit mask, one bit for each dependency that the condition names. As upstream, `-`
and `_` are the same in a name, `&&` binds tighter, and a condition without `&&` needs no memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from events.errors import KikkakeError, cut

MAX_DEPTH = 100
"""Most brackets that may be open at once."""
_SHOWN_NAMES = 20
_TOKEN = re.compile(r"\s*(?:(?P<name>[A-Za-z][A-Za-z0-9_-]*)|(?P<sign>&&|\|\||[()])|(?P<other>\S))")
_USABLE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_LITERALS = frozenset({"true", "false"})

Holds = Callable[[int], bool]


class BadCondition(KikkakeError):
    """The expression cannot be used; `column` counts from 1."""

    def __init__(self, what: str, column: int, names: Sequence[str]) -> None:
        self.column = column
        super().__init__(f"{what} at column {column}; names allowed: {shown_names(names)}")


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition."""

    names: tuple[str, ...]
    """The dependencies that it names, in the order of their first appearance; others never reach the trigger."""
    holds: Holds
    """Whether it holds for a mask of present dependencies; bit i stands for `names[i]`."""
    needs_memory: bool
    """Without `&&`, each event fires alone."""

    def mask(self, present: Sequence[str]) -> int:
        """The bits of the dependencies that are present; others are ignored."""
        held = frozenset(present)
        return sum(1 << index for index, name in enumerate(self.names) if name in held)

    def missing(self, present: Sequence[str]) -> tuple[str, ...]:
        """The dependencies each of which is absent and would help: for people."""
        return tuple(name for name in self.names if name not in present)


def shown_names(names: Sequence[str]) -> str:
    """For messages: the first of them."""
    return (", ".join(map(cut, names[:_SHOWN_NAMES])) or "none") + (
        ", …" if len(names) > _SHOWN_NAMES else ""
    )


def parse_condition(text: str, dependencies: Sequence[str]) -> Condition:
    """Compile `text` over the names of a Sensor's dependencies; an empty text joins them all with `&&`.

    Raises BadCondition.
    """
    if not text.strip():
        return _join_all(dependencies)
    return _Parser(text, dependencies).parse()


def never(names: tuple[str, ...]) -> Condition:
    """One that no event makes true: for a trigger that fires by a time-out, with events of these dependencies."""
    return Condition(names, lambda _mask: False, needs_memory=False)


def is_usable_name(name: str) -> bool:
    """Whether a dependency's name can stand in a condition; upstream's parser fails on others even unasked."""
    return name not in _LITERALS and _USABLE_NAME.fullmatch(name) is not None


def _join_all(dependencies: Sequence[str]) -> Condition:
    names = tuple(dict.fromkeys(dependencies))
    everything = (1 << len(names)) - 1
    return Condition(names, lambda mask: mask & everything == everything, needs_memory=len(names) > 1)


class _Parser:
    """Recursive descent: or := and ("||" and)*, and := unit ("&&" unit)*, unit := name | "(" or ")"."""

    def __init__(self, text: str, dependencies: Sequence[str]) -> None:
        self._text = text
        self._allowed = tuple(dict.fromkeys(dependencies))
        # `-` reads as `_`, so that two names may mean the same; then the later one is meant.
        self._by_name = {name.replace("-", "_"): name for name in self._allowed}
        self._names: list[str] = []
        self._has_and = False
        self._at = 0
        self._depth = 0
        self._next = self._token()

    def parse(self) -> Condition:
        holds = self._either()
        if self._next is not None:
            kind, word, column = self._next
            if word == ")":
                raise self._bad("`)` was never opened", column)
            expected = "expected `&&` or `||` before" if kind == "name" or word == "(" else "unexpected"
            raise self._bad(f"{expected} `{word}`", column)
        return Condition(tuple(self._names), holds, self._has_and)

    def _either(self) -> Holds:
        sides = [self._both()]
        while self._take("||"):
            sides.append(self._both())
        return sides[0] if len(sides) == 1 else lambda mask: any(side(mask) for side in sides)

    def _both(self) -> Holds:
        sides = [self._unit()]
        while self._take("&&"):
            self._has_and = True
            sides.append(self._unit())
        return sides[0] if len(sides) == 1 else lambda mask: all(side(mask) for side in sides)

    def _unit(self) -> Holds:
        if self._next is None:
            raise self._bad("a name is missing", len(self._text) + 1)
        kind, word, column = self._next
        if word == "(":
            return self._bracket(column)
        if kind != "name":
            raise self._bad(f"expected a name, got `{word}`", column)
        name = None if word in _LITERALS else self._by_name.get(word.replace("-", "_"))
        if name is None:
            raise self._bad(f"unknown name `{word[:64]}`", column)
        self._next = self._token()
        if name not in self._names:
            self._names.append(name)
        bit = 1 << self._names.index(name)
        return lambda mask: bool(mask & bit)

    def _bracket(self, column: int) -> Holds:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._bad(f"more than {MAX_DEPTH} open brackets", column)
        self._next = self._token()
        inner = self._either()
        if not self._take(")"):
            end = len(self._text) + 1 if self._next is None else self._next[2]
            raise self._bad("missing `)`", end)
        self._depth -= 1
        return inner

    def _take(self, sign: str) -> bool:
        if self._next is None or self._next[1] != sign:
            return False
        self._next = self._token()
        return True

    def _token(self) -> tuple[str, str, int] | None:
        """Kind, text and column of the next token; None at the end."""
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            return None
        self._at = found.end()
        kind = found.lastgroup or "other"
        return kind, found[kind], found.start(kind) + 1

    def _bad(self, what: str, column: int) -> BadCondition:
        shown = self._text if len(self._text) <= 64 else f"{self._text[:64]}…"
        return BadCondition(f"`{shown}`: {what}", column, self._allowed)
