"""Templates that call sprig's functions on numbers, by hand and drawn from a random generator."""

from collections.abc import Iterator
from random import Random

DATA = {
    "n": 3,
    "big": 1e19,
    "huge": 1e300,
    "half": 2.5,
    "neg": -7.25,
    "zero": 0,
    "yes": True,
    "nil": None,
    "text": "12",
    "list": [1, "2"],
    "map": {"a": 1},
}
VALUES = (
    *["nil", "true", "false", "0", "1", "-1", "2", "3", "7", "-7", "10", "100", "255", "1_000", "0x10"],
    *["9223372036854775807", "-9223372036854775808", "4611686018427387904", "-9223372036854775807"],
    *["0.0", "-0.0", "0.5", "-0.5", "1.5", "2.5", "-2.5", "0.1", "0.2", "3.14159", "123456.789", "1e18"],
    *["1e19", "1e21", "1e300", "-1e300", "1e-300", "5e-324", "1.7976931348623157e308", "1e400", "'a'"],
    *["1i", '""', '"12"', '"012"', '"0x1F"', '"0X1f"', '"1_000"', '"0b11"', '"0o17"', '"0O17"'],
    *['"12.0"', '"12.9"', '"1e3"', '"abc"', '"inf"', '"-Inf"', '"nan"', '" 5"', '"+5"', '"-0"', '"12."'],
    *['"1..0"', '"1.0.0"', '".0"', '"12.00."', '"0"', '"00"', '"08"', '"9223372036854775807"'],
    *['"9223372036854775808"', '"-9223372036854775808"', '"1e400"', '"-1e400"', '"0x1p4"', '"1__0"'],
    *['"_1"', '"0_7"', '"0x_1"', '"755"', '"-17"', '"7e2"', '"é"', '"0x8000000000000000"', '"infinity"'],
    *['"1_0.5"', ".n", ".big", ".huge", ".half", ".neg", ".zero", ".yes", ".nil", ".text", ".list"],
    *[".map", ".none", ".", "(int64 5)", "(until 3)", "(index .text 0)", '(semver "1.2.3")'],
    *["(float64 2)", "(list)", "(dict)", '(float64 "inf")', '(float64 "nan")', '(float64 "-inf")'],
    *["(toDecimal 17)", "(len .list)"],
)
_UNARY = (
    *["add1", "add1f", "ceil", "floor", "int", "int64", "float64", "toDecimal", "max", "min", "maxf"],
    *["minf", "biggest"],
)
_BINARY = ("sub", "div", "mod")
_MANY = ("add", "mul", "max", "min", "maxf", "minf", "biggest", "addf", "subf", "mulf", "divf")
_COUNTS = (
    *["0", "1", "2", "3", "5", "-1", "-3", "10", "12", "-12", "7", "20", "22", "23", "309", "-330"],
    *["1.0", ".n", '"3"', "nil"],
)
LIMIT = "9223372036854775807"


def arithmetic() -> Iterator[str]:
    """Every function of one value on every value."""
    for function in _UNARY:
        for value in VALUES:
            yield f"{{{{ {function} {value} }}}}"
    for value in (
        *['""', '"12"', '"-5"', '"+7"', '"1_0"', '"0x1"', '"99999999999999999999"'],
        *['"-99999999999999999999"', '"1.5"', "5", "nil", ".n", ".text"],
    ):
        yield f"{{{{ atoi {value} }}}}"
    for call in (
        *["seq", "seq 0", "seq 1", "seq 5", "seq -3", "seq 2 5", "seq 5 2", "seq 2 2", "seq 0 2 10"],
        *["seq 10 -3 0", "seq 10 3 0", "seq 0 -1 5", "seq 1 0 5", "seq 5 0 1", "seq 1 2 3 4", "seq 0 0"],
        *["seq 3 3 3", "seq 3 -1 3", 'seq "3"', "seq 1.5", "until 0", "until 3", "until -3"],
        *["until 1.0", "until .n", "until nil", 'until "3"', "until (int .n)", "untilStep 0 10 3"],
        *["untilStep 10 0 -3", "untilStep 0 10 0", "untilStep 10 0 3", "untilStep 3 3 1"],
        *["untilStep 0 10 -1", f"untilStep {LIMIT} {LIMIT} 1", "untilStep -3 3 2", "until 5 | len"],
        *["until 3 | join `-`", "len (until 1000)", f"untilStep -{LIMIT} {LIMIT} {LIMIT}", "add"],
        *["addf", "mul", "sub 1", "div 1", "max", "add1", "round 1", "randInt 3 3", "randInt 5 3"],
        *["round nil 0", "typeOf (until 3)", "typeOf (add 1 2)", "typeOf (int 1.5)"],
        *["typeOf (atoi `3`)", "typeOf (addf 1)", "typeOf (seq 2)", "kindOf (toDecimal `7`)"],
        *["randAlpha -1", "randBytes -1", "randAscii 0", "randBytes 0"],
    ):
        yield f"{{{{ {call} }}}}"


def arithmetic_at_random(random: Random) -> str:
    """A function of two or more values, or rounding."""
    kind = random.randrange(4)
    if kind == 0:
        return f"{{{{ {random.choice(_BINARY)} {_some(random, 2)} }}}}"
    if kind == 1:
        return f"{{{{ {random.choice(_MANY)} {_some(random, random.randint(2, 4))} }}}}"
    if kind == 2:
        on = (
            f" {random.choice(('0.3', '.5', '0.9', '1', '0', '-0.5', '.half'))}"
            if random.random() < 0.3
            else ""
        )
        return f"{{{{ round {_number(random)} {random.choice(_COUNTS)}{on} }}}}"
    first, second = (round(random.uniform(-1000, 1000), random.randrange(8)) for _ in range(2))
    return f"{{{{ {random.choice(_MANY)} {first} {second} }}}}"


def _some(random: Random, count: int) -> str:
    return " ".join(_number(random) for _ in range(count))


def _number(random: Random) -> str:
    if random.random() < 0.5:
        return random.choice(VALUES)
    if random.random() < 0.5:
        return str(random.randint(-(2**63), 2**63 - 1) >> random.randrange(64))
    return repr(random.uniform(-1, 1) * 10 ** random.randint(-12, 25))
