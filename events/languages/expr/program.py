"""Compiling an expression, and running it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from events.languages.expr.checker import check
from events.languages.expr.compiler import compile_tree
from events.languages.expr.errors import ExprError, ExprEvaluationError, Fault, describe, summarize
from events.languages.expr.optimizer import optimize
from events.languages.expr.parser import parse
from events.languages.expr.run import Run
from events.languages.expr.signatures import NAMES

_REMEMBERED = 1024


class Program:
    """A compiled expression. It keeps nothing between two runs."""

    def __init__(self, text: str, evaluate: Callable[[Run], Any], variables: int, result_type: str) -> None:
        self.text = text
        self.result_type = result_type
        """Go's name of the type that the check found; `interface {}` where only a run can tell."""
        self._evaluate = evaluate
        self._variables = variables

    def run(self, environment: Mapping[str, Any], *, now_us: int | None = None) -> Any:
        """The value over an environment: names to values of `events.languages.go_values`, functions among them.

        A name that is not there is nil. `now_us` is what `now()` answers, in microseconds since 1970.
        A run ends with an error after 1,000,000 elements of lists or as many nodes in loops.

        Raises:
            ExprEvaluationError: with the library's text.
        """
        run = Run(environment, self._variables, now_us)
        try:
            return self._evaluate(run)
        except Fault as fault:
            raise ExprEvaluationError(describe(self.text, fault)[0], summarize(self.text, fault)) from None
        except RecursionError:
            what = "the value is nested too deeply"
            raise ExprEvaluationError(what, what) from None


@functools.lru_cache(maxsize=_REMEMBERED)
def compile_program(text: str) -> Program:
    """Read, check and optimise an expression.

    Raises:
        ExprError: with the library's text: `MESSAGE (LINE:COLUMN)`, the line, and a mark below the place.
    """
    try:
        tree = parse(text, NAMES)
        check(tree)
        result_type = "<nil>" if tree.type is None else tree.type.text
        evaluate, variables = compile_tree(optimize(tree))
    except Fault as fault:
        raise ExprError(*describe(text, fault)) from None
    except RecursionError:
        raise ExprError("the expression is nested too deeply") from None
    return Program(text, evaluate, variables, result_type)
