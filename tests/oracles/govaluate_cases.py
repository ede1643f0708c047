"""Expressions and variables to compare govaluate with, drawn from any `random.Random`.

Names and values are few, so that types often fit and comparisons often hold; every symbol, every kind of literal and
what is known to be treacherous (dates, escapes, brackets that close nothing, patterns) comes often.
"""

from random import Random
from typing import Any

VALUES: tuple[Any, ...] = (
    *(0.0, 1.0, 2.0, -1.0, 10.0, 1.5, -0.5, 1e6, 1e21, 1e-7, 2.0**63, 2.0**64, 123456789.0, 1388534400.0),
    *("", "a", "b", "abc", "push", "a.c", "10", "1", "2014-01-02", "(", "[", "true", "é", "日本", "A B"),
    *(True, False, None, [], {}, ["a", "b"], [1.0, "a", None, True], [[1.0], {"a": 1.0}], {"a": "b"}, [None]),
    *({"b": [1.0, 2.5], "a": {"c": None}}, [{"a": 1.0}, "a"], {"é": 1e-9, "A": True}),
)
NAMES = ("a", "b", "x", "size", "kind", "my-name", "é", "l", "o", "ok", "no")
"""`no` is never bound; some of the others are not, either."""

_NUMBERS = (
    *("0", "1", "2", "3", "10", "1.5", "0.5", ".5", "2.", "007", "0x1F", "0xffff", "0x", "0xg", "1.2.3", "."),
    *("1388534400", "100000000000000000000000", "1\\e3", "1\\_0", "0\\x10", "\u0663", "0xffffffffffffffffff"),
    *("9007199254740993", "18446744073709551615", "64", "63", "65"),
)
_TEXTS = (
    *(
        "",
        "a",
        "b",
        "abc",
        "push",
        "10",
        "true",
        "é",
        "(",
        "[a",
        "^a",
        "b$",
        "a.c",
        "\\\\d+",
        "x{2}",
        "a|b",
        "(?i)A",
    ),
    *("2014-01-02", "2014-01-02 14:12", "2014-01-02 14:12:22", "2014-01-02 14:12:22-08:00", "2014-01-02T14"),
    *(
        "2014-01-02T14Z",
        "2014-01-02T14:12Z",
        "2014-01-02T14:12:22.9+0100",
        "2014-01-02T14:12:22Z",
        "2014-13-02",
    ),
    *(
        "2014-02-30",
        "3:04PM",
        "11:59AM",
        "13:00PM",
        "3:04pm",
        "Thu Jan  2 14:12:22 2014",
        "Thu Jan 2 14:12:22 MST 2014",
    ),
    *(
        "Thu Jan 02 14:12:22 -0700 2014",
        "thu jan 2 14:12:22 GMT+3 2014",
        "0000-01-01",
        "9999-12-31",
        "1969-12-31",
    ),
    *(
        "2014-01-02T14:12:22.123456789+05:30",
        "2014-1-2",
        " 2014-01-02",
        "2014-01-02 ",
        "2014-01-02T14:12:22,5Z",
    ),
    *("A B", "a\\'b", 'a\\"b', "a\\\\b", "\\a", "日本"),
)
_OPERATORS = (
    *("==", "!=", ">", ">=", "<", "<=", "=~", "!~", "in", "IN", "&&", "||", "+", "-", "*", "/", "%", "**"),
    *("&", "|", "^", "<<", ">>", "?", ":", "??", ","),
)
_PREFIXES = ("-", "!", "~")
_ODD = (
    *(
        "x.Y",
        "a.B(1)",
        "a.b",
        "a.",
        "a..B",
        "no.X(no)",
        "f(1)",
        "[",
        "[a",
        "[]",
        "my\\-name",
        "\\-1",
        "_a",
        "#",
        "=",
        "'",
    ),
    *(
        '"',
        "==-",
        "&&!",
        "()",
        "(-)",
        ")(",
        "(a)(b)",
        "((1) 2)",
        "\\",
        "nil",
        "and",
        "\u00a0",
        "\u200b",
        "a\\ b",
        "\\i\\n",
    ),
    *(
        "null",
        "é.É",
        "ß.ß",
        "a.ǆ",
        "x.1",
        "true.X",
        "tr\\ue",
        "[true]",
        "[a\\]b]",
        "{",
        "}",
        "@",
        "$",
        "1a",
        "a1",
        "a_1",
    ),
)


def variables(random: Random) -> dict[str, Any]:
    """Values for most of the names."""
    return {name: random.choice(VALUES) for name in NAMES[:-1] if random.random() < 0.9}


def expression(random: Random, depth: int = 3) -> str:
    """Mostly well formed; one in ten is not."""
    kind = random.random()
    if kind < 0.05:
        return soup(random)
    if kind < 0.1:
        return mutate(random, _expression(random, depth))
    return _expression(random, depth)


def _expression(random: Random, depth: int) -> str:
    parts = [_operand(random, depth)]
    while random.random() < (0.75 if len(parts) == 1 else 0.4):
        parts += [random.choice(_OPERATORS), _operand(random, depth)]
    return " ".join(parts)


def _operand(random: Random, depth: int) -> str:  # noqa: PLR0911 - one for each sort of operand
    kind = random.random()
    if kind < 0.35:
        return name(random)
    if kind < 0.5:
        return random.choice(_NUMBERS[:12] if random.random() < 0.9 else _NUMBERS)
    if kind < 0.68:
        return literal(random)
    if kind < 0.74:
        return random.choice(("true", "false"))
    if kind < 0.8:
        return random.choice(_PREFIXES) + random.choice((name(random), "1", "true", "(a + 1)"))
    if kind < 0.83:
        return random.choice(_ODD)
    if depth == 0:
        return name(random)
    if kind < 0.9:
        return _typed(random, depth)
    return f"({_expression(random, depth - 1)})"


def _typed(random: Random, depth: int) -> str:
    """Parts whose types fit, so that whole expressions have a value."""
    numbers = [random.choice(("1", "2", "3.5", "10", "0", "-4", "1000")) for _ in range(4)]
    symbols = [random.choice(("+", "-", "*", "/", "%", "**", "&", "|", "^", "<<", ">>")) for _ in range(3)]
    sum_ = f"({numbers[0]} {symbols[0]} {numbers[1]} {symbols[1]} {numbers[2]} {symbols[2]} {numbers[3]})"
    match random.randrange(6):
        case 0:
            return sum_
        case 1:
            return f"({sum_} {random.choice(('<', '>', '==', '!=', '<=', '>='))} {numbers[0]})"
        case 2:
            test = f"{name(random)} {random.choice(('==', '!='))} {literal(random)}"
            return (
                f"({test} {random.choice(('&&', '||'))} {random.choice(('true', 'false', 'no', 'a', '1'))})"
            )
        case 3:
            return f"({name(random)} in ({literal(random)}, {literal(random)}, {name(random)}))"
        case 4:
            chosen = [_expression(random, depth - 1) for _ in range(2)]
            return f"({name(random)} == {literal(random)} ? {chosen[0]} : {chosen[1]})"
        case _:
            return f"(({name(random)} + '') {random.choice(('=~', '!~', '+', '==', '<'))} {literal(random)})"


def name(random: Random) -> str:
    """A variable, in one of the ways to write it."""
    found = random.choice(NAMES if random.random() < 0.3 else NAMES[:-1])
    if found == "my-name":
        return random.choice(("[my-name]", "my\\-name"))
    return found if random.random() < 0.9 else f"[{found}]"


def literal(random: Random) -> str:
    """A text."""
    quote = random.choice("'\"")
    text = random.choice(_TEXTS[:16] if random.random() < 0.5 else _TEXTS)
    closing = quote if random.random() < 0.97 else random.choice(" '\"")
    return f"{quote}{text}{closing}"


def soup(random: Random) -> str:
    """Tokens in any order."""
    tokens = (*_OPERATORS, *_PREFIXES, *_ODD, *NAMES, "(", ")", "(", ")", "1", "'a'", "true", "'2014-01-02'")
    return random.choice(("", " ")).join(random.choice(tokens) for _ in range(random.randrange(9)))


def mutate(random: Random, text: str) -> str:
    """The same with a few characters lost, doubled, swapped or strange."""
    chars = list(text)
    for _ in range(random.randrange(1, 4)):
        at = random.randrange(len(chars) + 1)
        match random.randrange(4):
            case 0:
                del chars[at : at + random.randrange(1, 4)]
            case 1:
                chars[at:at] = chars[at : at + random.randrange(1, 6)]
            case 2:
                chars.insert(at, random.choice("()[]'\"\\,.-+*!~=<>&|?:^% \t\n0x1aé\u00a0٣_#"))
            case _:
                chars[at : at + 1] = random.choice(("&&", "||", " ", "(", ")", "!", "in", "\\"))
    return "".join(chars)


SPECIFIED: tuple[tuple[str, dict[str, Any]], ...] = (
    ('size > 10 && kind =~ "^(push|tag)$"', {"size": 11.0, "kind": "push"}),
    ('size > 10 && kind =~ "^(push|tag)$"', {"size": "11", "kind": "push"}),
    ("n ?? 3 == 3", {"n": None}),
    ("(n ?? 3) == 3", {"n": None}),
    ('d == "2014-01-02"', {"d": "2014-01-02"}),
    ('d > "2014-01-01"', {"d": 1388620800.0}),
    ("v==-1", {"v": -1.0}),
    ("a&&!b", {"a": True, "b": False}),
    ("a == 1 and b", {"a": 1.0, "b": True}),
    ("my-name == 1", {"my-name": 1.0}),
    ("[my-name] == 1", {"my-name": 1.0}),
    ("my\\-name == 1", {"my-name": 1.0}),
    ("a.b == 1", {"a": {"b": 1.0}}),
    ("_a", {"_a": 1.0}),
    ('x in ("x")', {"x": "x"}),
    ('x in ("x", "y")', {"x": "x"}),
    ("x in l", {"x": "x", "l": ["x"]}),
    ("o in l", {"o": {"a": 1.0}, "l": [1.0, {"a": 1.0}]}),
    ("o in l", {"o": {"a": 1.0}, "l": [1.0, "a"]}),
    ("true || unknown", {}),
    ("false && unknown", {}),
    ("unknown || true", {}),
    ("a == b", {"a": {"x": [1.0]}, "b": {"x": [1.0]}}),
    ("a == 1", {"a": "1"}),
    ("a == 1", {"a": True}),
    ("2 ** 3 ** 2", {}),
    ("-2 ** 2", {}),
    ("10 - 3 - 2 * 2 - 1", {}),
    ("a ? 1 : b ? 2 : 3", {"a": False, "b": True}),
    ("a ? null : 2", {"a": True, "null": None}),
    ("1 + 2 'x", {}),
    ("(1) (2)", {}),
    ("((1) 2) + 5", {}),
    ("", {}),
    (" \n", {}),
    ("1, 2, 3", {}),
    ("(1, 2), 3", {}),
    ("l, 3", {"l": [1.0]}),
    ("7.3 ** 4", {}),
    ("2 ** -1074", {}),
    ("10 ** 308 * 10", {}),
    ("x =~ 'b' + y", {"x": "abc", "y": "c"}),
    ("x =~ y", {"x": "abc", "y": "("}),
    ("'\\\\d' + x", {"x": "a"}),
)
