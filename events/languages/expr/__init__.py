"""expr 1.15.5, the language of `filter.expression` of event sources: `body.action in ["opened", "reopened"]`.

    program = compile_program('len(body.commits) > 0 && body.ref startsWith "refs/heads/"')
    program.run({"body": {...}})

The behaviour is that of the Go library, tested against it, without a declared environment: names are read when the
program runs, and one that is not there is nil. What differs is in docs/reference/differences/expr.md.
"""

from events.languages.expr.errors import ExprError, ExprEvaluationError
from events.languages.expr.host import host_functions
from events.languages.expr.parser import MAX_DEPTH, MAX_TEXT_CHARACTERS
from events.languages.expr.program import Program, compile_program
from events.languages.expr.run import MAX_MEMORY, MAX_STEPS

__all__ = [
    "MAX_DEPTH",
    "MAX_MEMORY",
    "MAX_STEPS",
    "MAX_TEXT_CHARACTERS",
    "ExprError",
    "ExprEvaluationError",
    "Program",
    "compile_program",
    "host_functions",
]
