"""When two values are the same to Go's `reflect.DeepEqual`: the same types, all the way down (1 is not 1.0)."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from events.languages.go_values import type_name
from events.languages.sprig.bounds import Walk
from events.languages.sprig.nil_values import is_nil


def deep_equal(one: Any, other: Any) -> bool:
    """Whether two values are deeply equal.

    Raises:
        FunctionError: the values are too deep or too large to tell.
    """
    return _equal(one, other, Walk(), 0)


def _equal(one: Any, other: Any, walk: Walk, depth: int) -> bool:
    walk.step(depth)
    if type(one) is not type(other) or is_nil(one) != is_nil(other):
        return False
    if isinstance(one, list):
        return one is other or (
            len(one) == len(other)
            and all(_equal(left, right, walk, depth + 1) for left, right in zip(one, other, strict=True))
        )
    if isinstance(one, dict):
        return one is other or (
            one.keys() == other.keys()
            and all(_equal(value, other[name], walk, depth + 1) for name, value in one.items())
        )
    return bool(one == other)


def identity(value: Any, walk: Walk) -> Hashable:
    """A key that is equal for two values exactly if they are deeply equal; what is NaN equals nothing.

    Raises:
        FunctionError: the value is too deep, or `walk` has seen too much.
    """
    return _identity(value, walk, 0)


def _identity(value: Any, walk: Walk, depth: int) -> Hashable:
    walk.step(depth)
    if is_nil(value):
        return (type_name(value), None)
    if isinstance(value, list):
        return (type_name(value), *(_identity(element, walk, depth + 1) for element in value))
    if isinstance(value, dict):
        members = ((name, _identity(value[name], walk, depth + 1)) for name in sorted(value))
        return (type_name(value), *members)
    if isinstance(value, (float, complex)) and value != value:  # noqa: PLR0124 - NaN is what is not itself
        return _Unlike()
    return (type(value), value)


class _Unlike:
    """Equal to itself only."""

    __slots__ = ()
