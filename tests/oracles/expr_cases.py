"""Expressions of expr and environments for them: written by hand, and generated."""

import json
from pathlib import Path
from random import Random
from typing import Any

_BY_HAND = Path(__file__).with_name("expr_cases.txt")

ENVIRONMENT = {
    "header": {"X-Github-Event": ["push"], "Content-Type": ["application/json"]},
    "body": {
        "action": "opened",
        "ref": "refs/heads/main",
        "id": 4,
        "ratio": 2.5,
        "draft": False,
        "none": None,
        "x-y": "dash",
        "labels": [{"name": "bug", "n": 3}, {"name": "ui", "n": 1}, {"name": "zoo", "n": 2}],
        "arr": [1, 2, 3],
        "words": ["b", "a", "c"],
        "deep": {"a": {"b": [[1, 2], [3]]}},
        "empty": [],
        "text": "Grüße, 世界",
    },
    "metadata": {"team": "a"},
    "n": 7,
    "s": "hello world",
    "t": True,
    "list": [3, 1, 2],
    "mixed": [1, "a", None, True, [1], {"a": 1}],
    "names": ["x", "y"],
}

_NAMES = [
    "n",
    "s",
    "t",
    "x",
    "list",
    "names",
    "mixed",
    "body",
    "metadata",
    "body.id",
    "body.action",
    "body.arr",
]
_NAMES += [
    "body.labels",
    "body.none",
    "body.words",
    "body.deep.a",
    "body.text",
    "body.ratio",
    "header",
    "body.empty",
]
_LITERALS = [
    "0",
    "1",
    "2",
    "3",
    "-1",
    "7",
    "1.5",
    "0.0",
    '"a"',
    '"hello world"',
    '""',
    '"x"',
    "true",
    "false",
    "nil",
]
_LITERALS += [
    '"é"',
    "[1, 2]",
    '["a", "x"]',
    "{a: 1}",
    "1..3",
    "[]",
    "[1, n]",
    "100",
    '"7"',
    "[nil]",
    '{"a": n}',
]
_OPERATORS = [
    "+",
    "-",
    "*",
    "/",
    "%",
    "**",
    "==",
    "!=",
    "<",
    ">",
    "<=",
    ">=",
    "&&",
    "||",
    "and",
    "or",
    "in",
    "not in",
]
_OPERATORS += ["contains", "startsWith", "endsWith", "not contains", "..", "??", "=="]
_ONE = [
    "len",
    "type",
    "abs",
    "ceil",
    "floor",
    "round",
    "int",
    "float",
    "string",
    "trim",
    "upper",
    "lower",
    "sum",
]
_ONE += [
    "mean",
    "median",
    "first",
    "last",
    "sort",
    "toJSON",
    "join",
    "max",
    "toBase64",
    "fromJSON",
    "asInt",
    "asFloat",
]
_ONE += ["toJson", "fromPairs", "trimPrefix", "min", "duration", "date", "nope"]
_TWO = [
    "split",
    "splitAfter",
    "join",
    "indexOf",
    "lastIndexOf",
    "hasPrefix",
    "hasSuffix",
    "max",
    "min",
    "get",
    "take",
]
_TWO += ["trim", "trimPrefix", "trimSuffix", "repeat", "sort", "sortBy"]
# Without findLast and findLastIndex: the library's machine loses the operand before them (see the differences).
_PREDICATES = [
    "all",
    "none",
    "any",
    "one",
    "filter",
    "map",
    "count",
    "find",
    "findIndex",
    "groupBy",
    "reduce",
]
_CHANGED = [
    0,
    7,
    -3,
    2.5,
    "",
    "a",
    "7",
    "é",
    True,
    None,
    [],
    [1, 2],
    ["b", "a"],
    {"a": 1},
    [[1, 2], ["a", 3]],
    1e20,
]
_MEMBERS = ["a", "name", "n", "action", "labels", "id", "missing", "b"]
_INJURIES = "()[]{}.,:;?|&!=<>+-*/%^#\"'\\ \n$_0a1einotx`~@é"


def by_hand() -> list[str]:
    """The expressions of expr_cases.txt, one a line; there `␤` stands for a line break."""
    return [line.replace("␤", "\n") for line in _BY_HAND.read_text(encoding="utf-8").split("\n")[:-1]]


def changes(random: Random) -> dict[str, Any]:
    """What is other than in the usual environment: most often something."""
    found: dict[str, Any] = {}
    for _ in range(random.choice([0, 0, 1, 2])):
        found[random.choice(["n", "s", "t", "list", "x", "names"])] = random.choice(_CHANGED)
    return found


def environment(changed: dict[str, Any]) -> str:
    """The JSON of the usual environment with these changes."""
    return json.dumps({**ENVIRONMENT, **changed}, ensure_ascii=False)


def expression(random: Random, depth: int = 4, *, in_closure: bool = False) -> str:
    """An expression that can be read; most of them fail when they run, as nothing fits."""
    if depth == 0 or random.random() < 0.15:
        return _leaf(random, in_closure=in_closure)
    make = random.choices(
        [_binary, _unary, _call, _predicate, _member, _index, _conditional, _pipe, _let, _container],
        [30, 5, 14, 14, 8, 8, 4, 4, 2, 4],
    )[0]
    return make(random, depth - 1, in_closure=in_closure)


def _leaf(random: Random, *, in_closure: bool) -> str:
    if in_closure and random.random() < 0.5:
        return random.choice(["#", "#", ".n", ".name", "#.name", "#index", "#acc"])
    return random.choice(_NAMES if random.random() < 0.55 else _LITERALS)


def _binary(random: Random, depth: int, *, in_closure: bool) -> str:
    left, right = (expression(random, depth, in_closure=in_closure) for _ in range(2))
    text = f"{left} {random.choice(_OPERATORS)} {right}"
    return f"({text})" if random.random() < 0.4 else text


def _unary(random: Random, depth: int, *, in_closure: bool) -> str:
    return random.choice(["!", "-", "not ", "+"]) + expression(random, depth, in_closure=in_closure)


def _call(random: Random, depth: int, *, in_closure: bool) -> str:
    count = 1 if random.random() < 0.6 else 2
    name = random.choice(_ONE if count == 1 else _TWO)
    if random.random() < 0.03:
        count = random.choice([0, 3])
    arguments = ", ".join(expression(random, depth, in_closure=in_closure) for _ in range(count))
    return f"{name}({arguments})"


def _predicate(random: Random, depth: int, *, in_closure: bool) -> str:
    name = random.choice(_PREDICATES)
    source = expression(random, depth, in_closure=in_closure)
    if random.random() < 0.6:
        source = random.choice(["list", "names", "body.labels", "1..3", "mixed", "[1, 2, 3]", "body.arr"])
    body = expression(random, min(depth, 2), in_closure=True)
    if random.random() < 0.5:
        body = random.choice(
            ["# > 1", '.name == "bug"', "# != nil", "true", "# == 2", ".n > 1", "#", "# % 2 == 0"]
        )
    start = f", {_leaf(random, in_closure=in_closure)}" if name == "reduce" and random.random() < 0.5 else ""
    return f"{name}({source}, {body}{start})"


def _member(random: Random, depth: int, *, in_closure: bool) -> str:
    base = expression(random, depth, in_closure=in_closure)
    return f"({base}){random.choice(['.', '.', '?.'])}{random.choice(_MEMBERS)}"


def _index(random: Random, depth: int, *, in_closure: bool) -> str:
    base = random.choice(["list", "names", "s", "body", "body.labels", "mixed"])
    if random.random() < 0.3:
        base = f"({expression(random, depth, in_closure=in_closure)})"
    inside = random.choice(["0", "1", "-1", "9", '"a"', '"action"', "n", "1:", ":2", "-2:", "1:2", ":"])
    return f"{base}[{inside}]"


def _conditional(random: Random, depth: int, *, in_closure: bool) -> str:
    condition, then, otherwise = (expression(random, depth, in_closure=in_closure) for _ in range(3))
    return f"({condition} ? {then} : {otherwise})"


def _pipe(random: Random, depth: int, *, in_closure: bool) -> str:
    base = expression(random, depth, in_closure=in_closure)
    return f"({base} | {random.choice(_ONE)}())"


def _let(random: Random, depth: int, *, in_closure: bool) -> str:
    name = random.choice(["v", "w"])
    value = expression(random, depth, in_closure=in_closure)
    body = expression(random, depth, in_closure=in_closure)
    return f"(let {name} = {value}; {name} == {body})"


def _container(random: Random, depth: int, *, in_closure: bool) -> str:
    items = [expression(random, depth, in_closure=in_closure) for _ in range(random.randint(0, 3))]
    if random.random() < 0.6:
        return f"[{', '.join(items)}]"
    return "{" + ", ".join(f"{name}: {item}" for name, item in zip("abc", items, strict=False)) + "}"


def mutated(random: Random, text: str) -> str:
    """`text` with one to three small injuries."""
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(text) + 1)
        roll = random.random()
        if roll < 0.35:
            text = text[:at] + text[at + random.choice([1, 1, 2, 5]) :]
        elif roll < 0.8:
            text = text[:at] + random.choice(_INJURIES) + text[at:]
        elif roll < 0.95:
            text = text[:at] + text[at : at + random.randint(1, 6)] + text[at:]
        else:
            text = text[:at]
    return text
