"""Which token may follow which. Only neighbours are looked at, so `(a) b` passes: see `plan`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from events.languages.govaluate.errors import ExpressionError
from events.languages.govaluate.tokens import Token, TokenKind

_K = TokenKind
_OPERATORS: Final = frozenset({_K.MODIFIER, _K.COMPARATOR, _K.LOGICALOP, _K.TERNARY, _K.SEPARATOR})
_AFTER_VALUE: Final = _OPERATORS | {_K.CLAUSE_CLOSE}
_VALUES: Final = frozenset({_K.NUMERIC, _K.BOOLEAN, _K.VARIABLE, _K.ACCESSOR, _K.CLAUSE})
_TEXTS: Final = frozenset({_K.STRING, _K.TIME})
_FOLLOWERS: Final = {
    _K.START: _VALUES | _TEXTS | {_K.PREFIX},
    _K.CLAUSE: _VALUES | _TEXTS | {_K.PREFIX, _K.CLAUSE_CLOSE},
    _K.CLAUSE_CLOSE: (_AFTER_VALUE | _VALUES | _TEXTS) - {_K.ACCESSOR},
    _K.NUMERIC: _AFTER_VALUE,
    _K.BOOLEAN: _AFTER_VALUE,
    _K.STRING: _AFTER_VALUE,
    _K.TIME: _AFTER_VALUE - {_K.TERNARY},
    _K.VARIABLE: _AFTER_VALUE,
    _K.ACCESSOR: _AFTER_VALUE | {_K.CLAUSE},
    _K.MODIFIER: _VALUES | {_K.STRING, _K.PREFIX, _K.CLAUSE_CLOSE},
    _K.COMPARATOR: _VALUES | _TEXTS | {_K.PREFIX, _K.CLAUSE_CLOSE},
    _K.LOGICALOP: _VALUES | _TEXTS | {_K.PREFIX, _K.CLAUSE_CLOSE},
    _K.PREFIX: _VALUES | {_K.CLAUSE_CLOSE},
    _K.TERNARY: _VALUES | _TEXTS | {_K.PREFIX, _K.SEPARATOR},
    _K.SEPARATOR: _VALUES | _TEXTS | {_K.PREFIX},
}
_MAY_BE_LAST: Final = frozenset(
    {
        _K.CLAUSE_CLOSE,
        _K.NUMERIC,
        _K.BOOLEAN,
        _K.STRING,
        _K.TIME,
        _K.VARIABLE,
        _K.ACCESSOR,
    }
)
_BEGINNING: Final = Token(_K.START, None, 0)


def check_syntax(tokens: Sequence[Token], length: int) -> None:
    """Refuse what cannot be an expression. `length` is that of the text: where an end that comes too soon is.

    Raises:
        ExpressionError: with the place of the token that cannot stand where it stands.
    """
    _check_balance(tokens)
    last = _BEGINNING
    for token in tokens:
        if token.kind not in _FOLLOWERS[last.kind]:
            raise _misplaced(last, token)
        last = token
    if last.kind not in _MAY_BE_LAST:
        raise ExpressionError("Unexpected end of expression", length)


def _check_balance(tokens: Sequence[Token]) -> None:
    opening = sum(token.kind is _K.CLAUSE for token in tokens)
    closing = sum(token.kind is _K.CLAUSE_CLOSE for token in tokens)
    if opening != closing:
        raise ExpressionError("Unbalanced parenthesis")


def _misplaced(last: Token, token: Token) -> ExpressionError:
    if last.kind is _K.VARIABLE and token.kind is _K.CLAUSE:
        return ExpressionError(f"Undefined function {last.shown()}", last.at)
    return ExpressionError(
        f"Cannot transition token types from {last.kind.value} [{last.shown()}]"
        f" to {token.kind.value} [{token.shown()}]",
        token.at,
    )
