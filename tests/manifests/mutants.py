"""Resources with something wrong in them: what people and generators of YAML really send, and what they never would."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from typing import Any

from tests.servers.kube_reader import Object

Path = tuple[str | int, ...]
_DEEP = 60
_HUGE = 300_000
_ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    2**53 + 1,
    "",
    "12000",
    "ü\u0301🎉\u2028",
    [],
    {},
    [[]],
    {"": {}},
    {"a.b/c": [None]},
)


def mutants(specs: list[Object], *, seed: int) -> Iterator[Object]:
    """Endless: specs, each with one to three things dropped, retyped, unknown, deep, huge, odd or in itself."""
    chance = random.Random(seed)
    while True:
        spec = copy.deepcopy(chance.choice(specs))
        for _ in range(chance.randint(1, 3)):
            chance.choice(_WAYS)(spec, chance)
        yield spec


def _places(value: Any, path: Path = ()) -> Iterator[Path]:
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for name, member in members:
        yield (*path, name)
        yield from _places(member, (*path, name))


def _pick(spec: Object, chance: random.Random) -> tuple[Any, Any]:
    """A container somewhere in `spec`, and the name or index of a member of it."""
    places = list(_places(spec))
    if not places:
        spec["empty"] = None
        places = [("empty",)]
    *outer, last = chance.choice(places)
    holder: Any = spec
    for part in outer:
        holder = holder[part]
    return holder, last


def _drop(spec: Object, chance: random.Random) -> None:
    holder, name = _pick(spec, chance)
    del holder[name]


def _replace(value: Callable[[random.Random], Any]) -> Callable[[Object, random.Random], None]:
    def change(spec: Object, chance: random.Random) -> None:
        holder, name = _pick(spec, chance)
        holder[name] = value(chance)

    return change


def _unknown(spec: Object, chance: random.Random) -> None:
    holder, _ = _pick(spec, chance)
    if isinstance(holder, dict):
        holder[f"unknown{chance.randint(0, 9)}"] = copy.deepcopy(chance.choice(_ODD))


def _swap(spec: Object, chance: random.Random) -> None:
    """Two members change places, as when the indentation is wrong."""
    (one, first), (other, second) = _pick(spec, chance), _pick(spec, chance)
    moved = copy.deepcopy(one[first])
    one[first] = copy.deepcopy(other[second])
    if second in other if isinstance(other, dict) else second < len(other):
        other[second] = moved


def _deep(_chance: random.Random) -> Any:
    value: Any = 1
    for level in range(_DEEP):
        value = {"a": value} if level % 2 else [value]
    return value


def _again(spec: Object, chance: random.Random) -> None:
    """A member holds all that is around it: as much of a cycle as JSON can say."""
    holder, name = _pick(spec, chance)
    holder[name] = copy.deepcopy(spec)


_WAYS: tuple[Callable[[Object, random.Random], None], ...] = (
    _drop,
    _replace(lambda chance: copy.deepcopy(chance.choice(_ODD))),
    _replace(_deep),
    _replace(lambda _: "x" * _HUGE),
    _unknown,
    _swap,
    _again,
)
