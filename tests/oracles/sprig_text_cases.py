"""Calls of sprig's functions on texts, lists, maps, JSON, patterns and URLs, drawn from any `random.Random`.

A case is a template and its data. Most arguments fit the function, one in twelve has a wrong type; values are small
and few, so that searches hit, keys are equal and lists repeat themselves.
"""

import copy
import json
import re
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.oracles import sprig_text_pools as pools
from tests.oracles.oracle import Oracle
from tests.oracles.sprig_vectors import sprig_vector
from tests.oracles.vectors import Vector


def _by_arguments(functions: dict[str, str]) -> dict[str, str]:
    return {name: letters for letters, names in functions.items() for name in names.split()}


# One letter an argument: t text, n number, s separator, v any value, w a list or map, l list, L one without spare
# room, m map, k key, y type, p pattern, r replacement, j JSON, u URL, U parts of a URL, f path, e base64 or base32,
# B bool; a star repeats the last one, none to three times.
STRINGS = _by_arguments(
    {
        "t": "upper lower title untitle swapcase camelcase snakecase kebabcase trim initials nospace",
        "st": "trimAll trimall trimPrefix trimSuffix contains hasPrefix hasSuffix split splitList",
        "nt": "trunc abbrev repeat indent nindent wrap",
        "nnt": "substr abbrevboth",
        "nst": "wrapWith",
        "sst": "replace",
        "ttn": "plural",
        "snt": "splitn",
        "v*": "quote squote cat",
        "v": "toString toStrings",
        "l": "sortAlpha",
        "sl": "join",
    }
)
VALUES = _by_arguments(
    {
        "": "hello",
        "v*": "list tuple coalesce all any",
        "v": "empty typeOf kindOf",
        "vv": "default deepEqual",
        "vvB": "ternary",
        "yv": "typeIs typeIsLike kindIs",
        "t": "fail",
        "w": "deepCopy mustDeepCopy",
        "l*": "concat",
        "l": "first last initial rest reverse compact uniq mustFirst mustLast mustInitial mustRest mustReverse"
        " mustCompact mustUniq",
        "lv": "append push prepend mustAppend mustPush mustPrepend",
        "lv*": "without mustWithout",
        "vl": "has mustHas",
        "Ln*": "slice mustSlice",
        "nl": "chunk mustChunk",
        "kv*": "dict",
        "mk": "get unset hasKey",
        "mkv": "set",
        "km*": "pluck",
        "m*": "keys",
        "m": "values",
        "mk*": "pick omit",
        "kkvm": "dig",
        "mm*": "merge mergeOverwrite mustMerge mustMergeOverwrite",
    }
)
FORMATS = _by_arguments(
    {
        "t": "b64enc b32enc",
        "e": "b64dec b32dec",
        "j": "fromJson mustFromJson",
        "v": "toJson toPrettyJson toRawJson mustToJson mustToPrettyJson mustToRawJson",
        "p": "regexQuoteMeta",
        "pt": "regexMatch regexFind mustRegexMatch mustRegexFind",
        "ptn": "regexFindAll regexSplit mustRegexFindAll mustRegexSplit",
        "ptr": "regexReplaceAll regexReplaceAllLiteral mustRegexReplaceAll mustRegexReplaceAllLiteral",
        "f": "base dir clean ext isAbs osBase osDir osClean osExt osIsAbs",
        "u": "urlParse",
        "U": "urlJoin",
    }
)
_MUTATING = ("set", "unset", "merge", "mergeOverwrite", "mustMerge", "mustMergeOverwrite")
_TEXTS = {"t", "s", "k", "p", "r", "j", "u", "f", "e", "y"}


@dataclass(frozen=True, slots=True)
class Recorded:
    """A template and its data, as a recording has them."""

    text: str
    data: dict[str, Any]


class Case:
    """One template and its data, drawn at random."""

    def __init__(self, random: Random, name: str, letters: str) -> None:
        self._random = random
        self.data: dict[str, Any] = {
            "v": json_value(random, 2),
            "l": _list(random),
            "m": _map(random, 2),
            "none": None,
            "count": random.randrange(9),
        }
        arguments = [self._argument(letter) for letter in self._spread(letters)]
        if name in _MUTATING:  # a map that is put into itself ends the Go process
            arguments[1:] = [re.sub(r"\.m\b", "(deepCopy .m)", argument) for argument in arguments[1:]]
        call = " ".join([name, *arguments])
        if name in ("keys", "values"):
            self.text = (
                f"{{{{ $x := {call} }}}}{{{{ typeOf $x }}}} {{{{ toStrings $x | sortAlpha | toJson }}}}"
            )
        else:
            after = " {{ toJson . }}" if name in _MUTATING else ""
            self.text = f'{{{{ $x := {call} }}}}{{{{ printf "%T %v" $x $x }}}} {{{{ toJson $x }}}}{after}'

    def _spread(self, letters: str) -> str:
        if letters.endswith("*"):
            return letters[:-2] + letters[-2] * self._random.choice((0, 1, 1, 2, 2, 3))
        return letters

    def _argument(self, letter: str) -> str:
        random = self._random
        if random.random() < 1 / 12:
            letter = random.choice("tnlm" if letter == "w" else "tnvlm")
        if letter in _TEXTS:
            return self._text(letter)
        makers = {
            "l": self._list_argument,
            "m": self._map_argument,
            "v": self._value,
            "w": random.choice((self._list_argument, self._map_argument)),
            "U": self._url_parts,
        }
        return makers[letter]() if letter in makers else random.choice(pools.EXPRESSIONS[letter])

    def _text(self, letter: str) -> str:
        random = self._random
        if letter == "t" and random.random() < 0.04:
            return random.choice(pools.TEXT_EXPRESSIONS)
        return self._datum(text(random, letter))

    def _list_argument(self) -> str:
        return self._random.choice(pools.LISTS)

    def _map_argument(self) -> str:
        if self._random.random() < 0.5:
            return self._datum(_map(self._random, 2))
        return self._random.choice(pools.MAPS)

    def _value(self) -> str:
        random = self._random
        if random.random() < 0.3:
            return self._text("t")
        if random.random() < 0.3:
            return self._datum(json_value(random, 2))
        return random.choice(pools.VALUES)

    def _datum(self, value: Any) -> str:
        """The value as a member of the data, and how the template names it."""
        name = f"t{len(self.data)}"
        self.data[name] = value
        return f".{name}"

    def _url_parts(self) -> str:
        random = self._random
        parts = {
            name: text(random, "u") if random.random() < 0.85 else json_value(random, 0)
            for name in ("scheme", "host", "path", "query", "opaque", "fragment", "userinfo")
            if random.random() < 0.4
        }
        self.data["parts"] = parts
        return ".parts"


def text(random: Random, letter: str) -> str:
    """A text of the kind that the letter names."""
    if letter in pools.WHOLE:
        return random.choice(pools.WHOLE[letter])
    if letter == "p" and random.random() < 0.6:
        return random.choice(pools.PATTERNS)
    if letter == "u" and random.random() < 0.25:
        return random.choice(pools.URLS)
    if letter == "j" and random.random() < 0.4:
        return json.dumps(json_value(random, 3), ensure_ascii=random.random() < 0.5)
    parts = pools.PARTS.get(letter, pools.FRAGMENTS)
    return "".join(random.choice(parts) for _ in range(random.choice((0, 1, 1, 2, 3, 4, 5, 8))))


def json_value(random: Random, depth: int) -> Any:
    """A JSON value nested at most `depth` levels."""
    kind = random.randrange(10)
    if depth and kind == 0:
        return _list(random)
    if depth and kind <= 2:
        return _map(random, depth)
    if kind <= 5:
        return text(random, "t")
    return copy.copy(random.choice(pools.SCALARS))


def _list(random: Random) -> list[Any]:
    return [json_value(random, 1) for _ in range(random.choice((0, 1, 2, 3, 5)))]


def _map(random: Random, depth: int) -> dict[str, Any]:
    return {
        random.choice(pools.KEYS): json_value(random, depth - 1) for _ in range(random.choice((0, 1, 2, 3)))
    }


def calls(random: Random, functions: dict[str, str], count: int) -> list[Case]:
    """`count` cases of each function."""
    return [Case(random, name, letters) for name, letters in functions.items() for _ in range(count)]


def text_vector(oracle: Oracle, case: Case | Recorded) -> Vector:
    """What the library answers: template, data, and the output or the error."""
    return {"data": case.data, **sprig_vector(oracle, case.text, case.data)}
