"""Functions of jq on numbers, as Go's math package calculates them."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from events.languages.jq.errors import cannot_apply
from events.languages.jq.values import as_float, as_int, is_number


def _number(name: str, value: Any) -> float:
    if not is_number(value):
        raise cannot_apply(name, value)
    return as_float(value)


def _calculated(apply: Callable[..., float], *numbers: float) -> float:
    """Where Python raises, Go gives NaN or an infinity."""
    try:
        return float(apply(*numbers))
    except OverflowError:
        return math.inf
    except (ValueError, ZeroDivisionError):
        return math.nan


def _of_one(name: str, apply: Callable[[float], float]) -> Callable[[Any], Any]:
    return lambda value: _calculated(apply, _number(name, value))


def _of_two(name: str, apply: Callable[[float, float], float]) -> Callable[[Any, Any, Any], Any]:
    def call(_value: Any, left: Any, right: Any) -> Any:
        return _calculated(apply, _number(name, left), _number(name, right))

    return call


def _whole(apply: Callable[[float], float]) -> Callable[[float], float]:
    """Rounding that leaves what is not finite, and the sign of zero, as they are."""
    return lambda x: math.copysign(float(apply(x)), x) if math.isfinite(x) else x


def _round_half_away(x: float) -> float:
    return (
        math.floor(abs(x) + 0.5) if abs(x) < 2**52 and abs(x) != 0.49999999999999994 else math.floor(abs(x))
    )


def _log(apply: Callable[[float], float]) -> Callable[[float], float]:
    return lambda x: -math.inf if x == 0 else apply(x)


def _log1p(x: float) -> float:
    return -math.inf if x == -1 else math.log1p(x)


def _atanh(x: float) -> float:
    return math.copysign(math.inf, x) if abs(x) == 1 else math.atanh(x)


def _logb(x: float) -> float:
    if x == 0:
        return -math.inf
    return abs(x) if math.isinf(x) else float(math.frexp(x)[1] - 1)


def _gamma(x: float) -> float:
    if x == 0:
        return math.copysign(math.inf, x)
    return math.gamma(x)


def _lgamma(x: float) -> float:
    return math.inf if x <= 0 and x == math.floor(x) else math.lgamma(x)


def _cbrt(x: float) -> float:
    return math.cbrt(x)


def _power(x: float, y: float) -> float:
    if x == 0 and y < 0:
        is_odd = y == math.floor(y) and math.fmod(y, 2) != 0
        return math.copysign(math.inf, x) if is_odd else math.inf
    try:
        return math.pow(x, y)
    except OverflowError:
        is_odd = y == math.floor(y) and math.fmod(y, 2) != 0
        return -math.inf if x < 0 and is_odd else math.inf


def _sinh(x: float) -> float:
    try:
        return math.sinh(x)
    except OverflowError:
        return math.copysign(math.inf, x)


def _drem(x: float, y: float) -> float:
    rest = math.remainder(x, y)
    return math.copysign(rest, x) if rest == 0 else rest


def _dim(x: float, y: float) -> float:
    difference = x - y
    return 0.0 if difference <= 0 else difference


def _greater(x: float, y: float) -> float:
    if math.isnan(x) or math.isnan(y):
        return y if math.isnan(x) else x
    return max(x, y)


def _lesser(x: float, y: float) -> float:
    if math.isnan(x) or math.isnan(y):
        return y if math.isnan(x) else x
    return min(x, y)


def _scale(x: float, y: float) -> float:
    try:
        return math.ldexp(x, min(max(as_int(y), -5000), 5000))
    except OverflowError:
        return math.copysign(math.inf, x)


def _frexp(value: Any) -> Any:
    mantissa, exponent = math.frexp(_number("frexp", value))
    return [mantissa, exponent]


def _modf(value: Any) -> Any:
    number = _number("modf", value)
    if math.isinf(number):
        return [math.copysign(0.0, number), number]
    rest, whole = math.modf(number)
    return [rest, whole]


def _fma(_value: Any, x: Any, y: Any, z: Any) -> Any:

    a, b, c = (_number("fma", each) for each in (x, y, z))
    if not all(math.isfinite(each) for each in (a, b, c)):
        return a * b + c
    return as_float(float(Fraction(a) * Fraction(b) + Fraction(c)))


def _is_finite(value: Any) -> bool:
    return is_number(value) and not math.isinf(as_float(value))


def _is_infinite(value: Any) -> bool:
    return is_number(value) and math.isinf(as_float(value))


def _is_nan(value: Any) -> bool:
    if value is None:
        return False
    return math.isnan(_number("isnan", value))


def _is_normal(value: Any) -> bool:
    if not is_number(value):
        return False
    exponent = struct.unpack(">Q", struct.pack(">d", as_float(value)))[0] >> 52 & 0x7FF
    return bool(0 < exponent < 0x7FF)


_ONE: dict[str, Callable[[float], float]] = {
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "sinh": _sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "asinh": math.asinh,
    "acosh": math.acosh,
    "atanh": _atanh,
    "floor": _whole(math.floor),
    "ceil": _whole(math.ceil),
    "trunc": _whole(math.trunc),
    "round": _whole(_round_half_away),
    "nearbyint": _whole(round),
    "rint": _whole(round),
    "significand": lambda x: math.frexp(x)[0] * 2,
    "fabs": abs,
    "sqrt": math.sqrt,
    "cbrt": _cbrt,
    "exp": math.exp,
    "exp10": lambda x: _power(10.0, x),
    "exp2": math.exp2,
    "expm1": math.expm1,
    "log": _log(math.log),
    "log10": _log(math.log10),
    "log2": _log(math.log2),
    "log1p": _log1p,
    "logb": _logb,
    "gamma": _gamma,
    "tgamma": _gamma,
    "lgamma": _lgamma,
    "erf": math.erf,
    "erfc": math.erfc,
}
_TWO: dict[str, Callable[[float, float], float]] = {
    "atan2": math.atan2,
    "copysign": math.copysign,
    "drem": _drem,
    "fdim": _dim,
    "fmax": _greater,
    "fmin": _lesser,
    "fmod": math.fmod,
    "hypot": math.hypot,
    "nextafter": math.nextafter,
    "nexttoward": math.nextafter,
    "remainder": math.remainder,
    "ldexp": _scale,
    "scalb": _scale,
    "scalbln": _scale,
    "pow": _power,
}

FUNCTIONS: dict[tuple[str, int], Callable[..., Any]] = {
    **{(name, 0): _of_one(name, apply) for name, apply in _ONE.items()},
    **{(name, 2): _of_two(name, apply) for name, apply in _TWO.items()},
    ("fma", 3): _fma,
    ("frexp", 0): _frexp,
    ("modf", 0): _modf,
    ("infinite", 0): lambda _value: math.inf,
    ("nan", 0): lambda _value: math.nan,
    ("isfinite", 0): _is_finite,
    ("isinfinite", 0): _is_infinite,
    ("isnan", 0): _is_nan,
    ("isnormal", 0): _is_normal,
}
"""By name and number of arguments."""
