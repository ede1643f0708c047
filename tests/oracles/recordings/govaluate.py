"""Expressions of govaluate, commit 9aa49832a739."""

from collections.abc import Iterator
from random import Random
from typing import Any

from tests.oracles import govaluate_cases
from tests.oracles.oracle import Oracle
from tests.oracles.vectors import Vector


def vectors() -> Iterator[Vector]:
    """Expression, variables, and what came of it. Of those that are no expressions one in three is kept."""
    random = Random("govaluate 9aa49832a739")
    with Oracle("govaluate") as oracle:
        for expression, variables in govaluate_cases.SPECIFIED:
            yield govaluate_vector(oracle, expression, variables)
        for _ in range(6500):
            expression = govaluate_cases.expression(random)
            used = {
                name: value
                for name, value in govaluate_cases.variables(random).items()
                if name in expression or name == "my-name"
            }
            vector = govaluate_vector(oracle, expression, used)
            if "refused" not in vector or random.random() < 0.33:
                yield vector


def govaluate_vector(oracle: Oracle, expression: str, variables: dict[str, Any]) -> Vector:
    """Ask for one expression: `names` and one of `value`, `failed`, `refused` and `panicked`."""
    answer = oracle.ask({"expression": expression, "variables": variables})
    asked: Vector = {"expression": expression, "variables": variables}
    for outcome in ("refused", "panicked"):
        if outcome in answer:
            return {**asked, outcome: answer[outcome]}
    asked["names"] = answer.get("names", [])
    if "failed" in answer:
        return {**asked, "failed": answer["failed"]}
    return {**asked, "value": answer["value"]}
