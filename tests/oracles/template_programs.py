"""Templates and data to compare text/template with, drawn from any `random.Random`."""

from random import Random
from typing import Any

_NAMES = ("a", "b", "c", "items", "name", "n", "x")
_TEXTS = ("", " ", "\n", "text ", "<b> & ", "é", "  \n ")
_STRINGS = ("", "a", "b", "abc", "é日", "x y", "1", "<&>", "%d", "\n", "a\"b'c", "\u2028", "\x7f")
_NUMBERS = (0, 1, 2, 3, -1, 1.5, 1e6, 1e21, 123456789, 0.1, -2.25, 1e-7, 9007199254740993)

_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
_FUNCTIONS = (
    *["print", "println", "printf", "printf", "len", "index", "index", "slice", "not", "and", "or"],
    *["html", "js", "urlquery", "call", "eq", *_COMPARISONS],
)


def data(random: Random, depth: int = 4) -> Any:
    """A JSON value, most often an object whose names the programs use."""
    roll = random.random()
    if depth == 0 or (roll < 0.35 and depth < 4):
        return random.choice([random.choice(_STRINGS), random.choice(_NUMBERS), True, False, None])
    if roll < 0.8 or depth == 4:
        return {name: data(random, depth - 1) for name in random.sample(_NAMES, random.randint(0, 5))}
    return [data(random, depth - 1) for _ in range(random.randint(0, 3))]


class _Program:
    def __init__(self, random: Random, *, is_main: bool = True) -> None:
        self._random = random
        self._is_main = is_main
        self._variables = ["$"]
        self._loops = 0

    def _constant(self) -> str:
        return self._random.choice(
            [
                "0",
                "1",
                "2",
                "-1",
                "1.5",
                "1e3",
                "0x1F",
                "'a'",
                '"a"',
                '"b"',
                "`x`",
                '"é"',
                '""',
                "true",
                "false",
                "nil",
                "2i",
            ]
        )

    def _path(self) -> str:
        fields = "".join(
            "." + self._random.choice(_NAMES) for _ in range(self._random.choice([1, 1, 1, 2, 2, 3]))
        )
        roll = self._random.random()
        if roll < 0.55:
            return fields
        if roll < 0.65:
            return "."
        variable = self._random.choice(self._variables) if self._random.random() < 0.98 else "$undeclared"
        return variable if roll < 0.85 else variable + fields

    def _argument(self, depth: int) -> str:
        roll = self._random.random()
        if roll < 0.45:
            return self._path()
        if roll < 0.75 or depth <= 0:
            return self._constant()
        inner = f"({self.pipeline(depth - 1)})"
        return inner + "." + self._random.choice(_NAMES) if self._random.random() < 0.15 else inner

    def _format(self) -> str:
        parts = []
        for _ in range(self._random.choice([1, 1, 2, 3])):
            flags = "".join(self._random.choice("#0+- ") for _ in range(self._random.choice([0, 0, 0, 1, 2])))
            width = self._random.choice(["", "", "", "5", "10", "*", "[1]", "[2]"])
            precision = self._random.choice(["", "", "", ".2", ".", ".*", ".[1]*"])
            parts.append(f"%{flags}{width}{precision}{self._random.choice('vvsdqxXTtefgcUbo')}")
        return '"' + " ".join(parts) + '"'

    def _call(self, depth: int) -> str:
        name = self._random.choice(_FUNCTIONS)
        least = {"len": 1, "not": 1, "and": 2, "or": 2, "index": 2, **dict.fromkeys(_COMPARISONS, 2)}
        count = least.get(name, self._random.choice([0, 1, 2]))
        if self._random.random() < 0.06:
            count = self._random.choice([0, 1, 2, 3])
        arguments = [self._argument(depth) for _ in range(count)]
        if name == "slice":  # Go refuses an index that comes as a field (see differences/go_template.md)
            arguments[1:] = [self._constant() for _ in arguments[1:]]
        if name == "printf" and self._random.random() < 0.9:
            arguments.insert(0, self._format())
        return " ".join([name, *arguments])

    def pipeline(self, depth: int) -> str:
        """One pipeline without declarations."""
        roll = self._random.random()
        first = self._path() if roll < 0.4 else self._call(depth) if roll < 0.75 else self._argument(depth)
        while self._random.random() < 0.25:
            first += " | " + (self._call(depth - 1) if self._random.random() < 0.9 else self._argument(0))
        return first

    def _declaration(self, depth: int) -> str:
        if self._random.random() < 0.3 and len(self._variables) > 1:
            return f"{self._random.choice(self._variables)} = {self.pipeline(depth)}"
        pipeline = self.pipeline(depth)
        self._variables.append(f"$v{self._random.randint(0, 3)}")
        return f"{self._variables[-1]} := {pipeline}"

    def _braces(self, inner: str) -> str:
        left = "{{- " if self._random.random() < 0.15 else self._random.choice(["{{", "{{ "])
        return left + inner + (" -}}" if self._random.random() < 0.15 else self._random.choice(["}}", " }}"]))

    def body(self, depth: int) -> str:
        """Text and actions."""
        count = self._random.choice([1, 1, 2, 3])
        return "".join(self._random.choice(_TEXTS) + self._action(depth) for _ in range(count))

    def _action(self, depth: int) -> str:
        roll = self._random.random()
        if depth <= 0 or roll < 0.4:
            return self._braces(self.pipeline(2))
        if roll < 0.52:
            return self._braces(self._declaration(1))
        if roll < 0.57:
            jump = self._random.choice(
                ["break", "continue", "/* note */", 'template "one" .', 'template "two" .a', 'template "no"']
            )
            may_stand = self._is_main if jump.startswith("template") else self._loops or jump[0] == "/"
            return self._braces(jump) if may_stand else ""
        mark = len(self._variables)
        text = self._block(depth)
        del self._variables[mark:]
        return text

    def _block(self, depth: int) -> str:
        keyword = self._random.choice(["if", "with", "range", "range"])
        condition = self._declaration(1) if self._random.random() < 0.3 else self.pipeline(1)
        if keyword == "range" and self._random.random() < 0.4:
            condition = f"$i, $e := {self._path()}"
            self._variables += ["$i", "$e"]
        self._loops += keyword == "range"
        text = self._braces(f"{keyword} {condition}") + self.body(depth - 1)
        self._loops -= keyword == "range"
        if keyword != "range" and self._random.random() < 0.2:
            text += self._braces(f"else {keyword} {self.pipeline(1)}") + self.body(depth - 1)
        if self._random.random() < 0.4:
            text += self._braces("else") + self.body(depth - 1)
        return text + self._braces("end")


def program(random: Random) -> str:
    """A template; most can be read, and about half run to the end."""
    text = _Program(random).body(random.choice([1, 2, 3]))
    if 'template "one"' in text:
        text += '{{define "one"}}[' + _Program(random, is_main=False).body(1) + "]{{end}}"
    if 'template "two"' in text:
        text = '{{define "two"}}(' + _Program(random, is_main=False).body(1) + "){{end}}" + text
    if random.random() < 0.05:
        text = mutate(random, text)
    return text


_INJURIES = (
    "{{",
    "}}",
    "{",
    "}",
    "(",
    ")",
    "|",
    ".",
    "$",
    '"',
    "`",
    "'",
    "end",
    "else",
    " ",
    "\n",
    "-",
    " -}}",
    "{{- ",
    "/*",
    "*/",
    "1",
    ":=",
    "=",
    ",",
    "é",
    "\x00",
    "é²",
    "%",
    "{{if .a}}",
    "{{define `x`}}",
    "{{range .}}",
    "nil",
    "_",
    "\\",
)


def mutate(random: Random, text: str) -> str:
    """`text` with one to three small injuries."""
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(text) + 1)
        roll = random.random()
        if roll < 0.35:
            text = text[:at] + text[at + random.choice([1, 1, 2, 5]) :]
        elif roll < 0.8:
            text = text[:at] + random.choice(_INJURIES) + text[at:]
        else:
            end = at + random.randint(1, 12)
            text = text[:end] + text[at:end] + text[end:]
    return text
