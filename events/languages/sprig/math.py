"""sprig: arithmetic on whole numbers (`add`, `div`, `max`, ...) and on floats (`floor`, `round`); lists of numbers.

Arguments of any kind become int64 or float64 first (see conversion.py). Whole numbers overflow as Go's do. The
functions with an `f` that compute (`addf`, `divf`) are in decimals.py. `until`, `untilStep` and `seq` are limited by
bounds.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from events.languages.go_template.functions import Function, FunctionError, declare
from events.languages.go_values import IntList, wrap64
from events.languages.sprig.bounds import bounded, check_elements
from events.languages.sprig.conversion import to_float64, to_int64
from events.languages.sprig.decimals import (
    add_decimals,
    divide_decimals,
    multiply_decimals,
    subtract_decimals,
)


def _add(*values: object) -> int:
    return wrap64(sum(to_int64(value) for value in values))


def _multiply(first: object, *others: object) -> int:
    product = to_int64(first)
    for other in others:
        product = wrap64(product * to_int64(other))
    return product


def _divide(dividend: object, divisor: object) -> int:
    quotient, _ = _divided(dividend, divisor)
    return wrap64(quotient)


def _modulo(dividend: object, divisor: object) -> int:
    _, rest = _divided(dividend, divisor)
    return rest


def _divided(dividend: object, divisor: object) -> tuple[int, int]:
    """Quotient cut towards zero, and the rest with the sign of the dividend."""
    whole, parts = to_int64(dividend), to_int64(divisor)
    if parts == 0:
        raise FunctionError("runtime error: integer divide by zero")
    quotient, rest = divmod(abs(whole), abs(parts))
    return (-quotient if (whole < 0) != (parts < 0) else quotient), (-rest if whole < 0 else rest)


def _max(first: object, *others: object) -> int:
    return max(to_int64(value) for value in (first, *others))


def _min(first: object, *others: object) -> int:
    return min(to_int64(value) for value in (first, *others))


def _maxf(first: object, *others: object) -> float:
    return _extreme([to_float64(value) for value in (first, *others)], math.inf, max)


def _minf(first: object, *others: object) -> float:
    return _extreme([to_float64(value) for value in (first, *others)], -math.inf, min)


def _extreme(numbers: list[float], winner: float, pick: Callable[[list[float]], float]) -> float:
    """The infinity that always wins, else what is no number, else the extreme; of two zeros the one with its sign."""
    if winner in numbers:
        return winner
    if any(math.isnan(number) for number in numbers):
        return math.nan
    found = pick(numbers)
    if found == 0:
        return math.copysign(0.0, pick([math.copysign(1, number) for number in numbers if number == 0]))
    return found


def _floor(value: object) -> float:
    return _whole(to_float64(value), math.floor)


def _ceil(value: object) -> float:
    return _whole(to_float64(value), math.ceil)


def _whole(number: float, cut: Callable[[float], int]) -> float:
    return math.copysign(float(cut(number)), number) if math.isfinite(number) else number


def _round(value: object, places: int, *round_on: float) -> float:
    """Up where the decimals after the last place reach `round_on` (0.5), down otherwise, also below zero."""
    power = _power_of_ten(places)
    scaled = power * to_float64(value)
    # Go says that an infinity has no decimals that could be compared.
    rest = math.modf(scaled)[0] if math.isfinite(scaled) else math.nan
    rounded = _whole(scaled, math.ceil if rest >= (round_on[0] if round_on else 0.5) else math.floor)
    if power == 0:
        return math.nan if rounded == 0 or math.isnan(rounded) else math.copysign(math.inf, rounded)
    return rounded / power


def _power_of_ten(exponent: int) -> float:
    """`math.Pow(10, exponent)` to the last bit: Go squares a fraction and adds up exponents."""
    if exponent == 1:
        return 10.0
    fraction, power = 1.0, 0
    square, square_power = math.frexp(10.0)
    left = abs(exponent)
    while left:
        if square_power > 1 << 12:
            power += square_power
            break
        if left & 1:
            fraction *= square
            power += square_power
        square *= square
        square_power *= 2
        if square < 0.5:
            square += square
            square_power -= 1
        left >>= 1
    if exponent < 0:
        fraction, power = 1 / fraction, -power
    try:
        return math.ldexp(fraction, power)
    except OverflowError:
        return math.inf


def _until(count: int) -> IntList:
    return _until_step(0, count, -1 if count < 0 else 1)


def _until_step(start: int, stop: int, step: int) -> IntList:
    """From `start` up to or down to, not including, `stop`; empty where the step leads away from it."""
    distance = stop - start
    if step == 0 or (distance < 0) != (step < 0):
        return IntList()
    count = -(-abs(distance) // abs(step))
    check_elements(count)
    return IntList(range(start, stop, step))


def _seq(*numbers: int) -> str:
    """As the command `seq`: END, or START END, or START STEP END; the end is included."""
    if not 1 <= len(numbers) <= 3:
        return ""
    start, end = (numbers[0], numbers[-1]) if len(numbers) > 1 else (1, numbers[0])
    direction = -1 if end < start else 1
    step = numbers[1] if len(numbers) == 3 else direction
    if direction < 0 and step > 0:
        return ""
    return bounded(" ".join(map(str, _until_step(start, wrap64(end + direction), step))))


FUNCTIONS: dict[str, Function] = {
    "add": declare("func(...any) int64", _add),
    "add1": declare("func(any) int64", lambda value: wrap64(to_int64(value) + 1)),
    "add1f": declare("func(any) float64", lambda value: add_decimals(value, 1)),
    "addf": declare("func(...any) float64", lambda *values: add_decimals(0.0, *values)),
    "biggest": declare("func(any, ...any) int64", _max),
    "ceil": declare("func(any) float64", _ceil),
    "div": declare("func(any, any) int64", _divide),
    "divf": declare("func(any, ...any) float64", divide_decimals),
    "floor": declare("func(any) float64", _floor),
    "max": declare("func(any, ...any) int64", _max),
    "maxf": declare("func(any, ...any) float64", _maxf),
    "min": declare("func(any, ...any) int64", _min),
    "minf": declare("func(any, ...any) float64", _minf),
    "mod": declare("func(any, any) int64", _modulo),
    "mul": declare("func(any, ...any) int64", _multiply),
    "mulf": declare("func(any, ...any) float64", multiply_decimals),
    "round": declare("func(any, int, ...float64) float64", _round),
    "seq": declare("func(...int) string", _seq),
    "sub": declare("func(any, any) int64", lambda a, b: wrap64(to_int64(a) - to_int64(b))),
    "subf": declare("func(any, ...any) float64", subtract_decimals),
    "until": declare("func(int) []int", _until),
    "untilStep": declare("func(int, int, int) []int", _until_step),
}
