"""All rules for Sensors, and what they say of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from events.errors import Finding
from events.resource import ResourceDocument
from events.rule import RuleBook
from sensors.condition import Condition
from sensors.dependency import CompiledDependency
from sensors.rules import (
    artifacts,
    conditions,
    delivery,
    destinations,
    expressions,
    filters,
    headers,
    http,
    objects,
    parameters,
    scripts,
    templates,
)
from sensors.rules.subject import subjects_of

SENSOR_RULES = RuleBook.of(
    artifacts.RULES,
    conditions.RULES,
    delivery.RULES,
    destinations.RULES,
    expressions.RULES,
    filters.RULES,
    headers.RULES,
    http.RULES,
    objects.RULES,
    parameters.RULES,
    scripts.RULES,
    templates.RULES,
)


def sensor_traps(
    document: ResourceDocument,
    dependencies: Sequence[CompiledDependency],
    conditions_by_index: Mapping[int, Condition | None],
    kinds: Mapping[int, str],
) -> list[Finding]:
    """Every trap of a Sensor: warnings, they stop nothing. Conditions and kinds are those of its triggers by place."""
    subjects = subjects_of(document, dependencies, conditions_by_index, kinds)
    return list(SENSOR_RULES.findings(document, subjects))
