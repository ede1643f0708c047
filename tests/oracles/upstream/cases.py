"""All cases: those that are written by hand, and as many others as somebody wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from tests.oracles.upstream import filter_cases, parameter_cases, validation_cases
from tests.oracles.upstream.events import Case, Pick, random_event


def fixed_cases() -> Iterator[Case]:
    """Those that are written by hand."""
    for dependency, event in filter_cases.fixed_dependencies():
        yield {"ask": "filter", "dependency": dependency, "event": event}
    for dependency, event in filter_cases.fixed_transforms():
        yield {"ask": "transform", "dependency": dependency, "event": event}
    yield from parameter_cases.fixed_parameters()
    yield from parameter_cases.fixed_payloads()
    yield from parameter_cases.fixed_conditions()
    for sensor in validation_cases.fixed_sensors():
        yield {"ask": "validate", "sensor": sensor}


def random_cases(random: Random, pick: Pick = random_event) -> Iterator[Case]:
    """Cases without end, most of them filters and parameters; of the events that `pick` gives."""
    while True:
        yield random.choices(_MAKERS, _WEIGHTS)[0](random, pick)


def _filter(random: Random, pick: Pick) -> Case:
    dependency, event = filter_cases.random_dependency(random, pick)
    return {"ask": "filter", "dependency": dependency, "event": event}


def _transform(random: Random, pick: Pick) -> Case:
    dependency, event = filter_cases.random_transform(random, pick)
    return {"ask": "transform", "dependency": dependency, "event": event}


def _sensor(random: Random, _pick: Pick) -> Case:
    return {"ask": "validate", "sensor": validation_cases.random_sensor(random)}


_MAKERS: tuple[Callable[[Random, Pick], Case], ...] = (
    _filter,
    parameter_cases.random_parameters,
    parameter_cases.random_payload,
    parameter_cases.random_object,
    parameter_cases.random_condition,
    _transform,
    _sensor,
)
_WEIGHTS = (40, 25, 8, 7, 5, 5, 5)
