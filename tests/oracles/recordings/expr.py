"""Expressions of expr 1.15.5 over JSON environments."""

from collections.abc import Iterator
from random import Random
from typing import Any

from tests.oracles import expr_cases
from tests.oracles.oracle import Oracle, pack, unpack
from tests.oracles.vectors import Vector

_LONGEST = 3000


def vectors() -> Iterator[Vector]:
    """Expression, what is other than usual in the environment, and what came of it."""
    random = Random("expr 1.15.5")
    with Oracle("expr") as oracle:
        for expression in expr_cases.by_hand():
            yield from _short(expr_vector(oracle, expression, {}))
        for _ in range(3000):
            expression = expr_cases.expression(random)
            if random.random() < 0.15:
                expression = expr_cases.mutated(random, expression)
            yield from _short(expr_vector(oracle, expression, expr_cases.changes(random)))


def _short(vector: Vector) -> Iterator[Vector]:
    """A long range, or all functions of sprig, say nothing that a short answer does not."""
    if len(str(vector)) < _LONGEST:
        yield vector


def expr_vector(oracle: Oracle, expression: str, changes: dict[str, Any]) -> Vector:
    """Ask for one expression."""
    environment = expr_cases.environment(changes)
    answer = oracle.ask({"expression": pack(expression.encode()), "environment": pack(environment.encode())})
    assert "panic" not in answer, (expression, answer)
    vector: Vector = {"expression": expression, "changes": changes, "stage": answer["stage"]}
    if answer["error"]:
        return {**vector, "error": unpack(answer["error"]).decode("utf-8", "surrogateescape")}
    return {**vector, "value": answer["value"]}
