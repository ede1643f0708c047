"""Expressions of govaluate (commit 9aa49832a739), as the `exprs` filters of a Sensor use them.

    expression = compile_expression("size > 10 && kind =~ '^(push|tag)$'")
    expression.evaluate({"size": 11.0, "kind": "push"})   # True

Words and oddities are those of the Go library, tested against it (`tests/oracles/cmd/govaluate`); what differs is in
docs/reference/differences/govaluate.md. Functions are not registered upstream, so there are none.
"""

from events.languages.govaluate.errors import EvaluationError, ExpressionError
from events.languages.govaluate.expression import Expression, compile_expression
from events.languages.govaluate.plan import MAX_DEPTH
from events.languages.govaluate.tokens import MAX_LENGTH

__all__ = [
    "MAX_DEPTH",
    "MAX_LENGTH",
    "EvaluationError",
    "Expression",
    "ExpressionError",
    "compile_expression",
]
