"""Documents and paths to compare gjson and sjson with, drawn from any `random.Random`.

The names are few, so that paths hit; what is known to be treacherous comes often: equal keys, escapes, white
space, numbers that floats cannot hold, empty containers, text that looks like JSON.
"""

from random import Random

_SHOP = """{
  "name": {"first": "Ada", "last": "B\\u00fcrger"},
  "age": 37, "score": 1.50, "big": 9007199254740993, "tiny": 1.5e-7, "big.float": 1.5e6,
  "active": true, "gone": null, "empty": {}, "none": [],
  "tags": ["red", "green", "blue \\"sky\\""],
  "items": [
    {"id": "a1", "price": 10, "parts": [{"n": "x"}, {"n": "y"}], "ok": true},
    {"id": "b2", "price": 2.5, "parts": [], "ok": "false"},
    {"id": "c*3", "price": "12", "ok": null, "extra": {"deep": [[1, [2]], 3]}}
  ],
  "app.kubernetes.io/name": "shop", "dup": 1, "dup": 2,
  "matrix": [[1,2],[3,4],[ ]],
  "text": "{\\"json\\":[1,2]}"
}
"""
_SHOP_PATHS = (
    *[
        "name",
        "name.last",
        "age",
        "score",
        "big",
        "tiny",
        r"big\.float",
        "active",
        "gone",
        "missing",
        "empty",
        "none",
    ],
    *[
        "tags",
        "tags.1",
        "tags.2",
        "tags.3",
        "tags.-1",
        "tags.#",
        "items.#",
        "items.#.id",
        "items.#.parts.#.n",
    ],
    *[
        "items.#.parts.0.n",
        "items.1",
        "items.0.parts.#",
        "n*",
        "na?e.f*",
        "*.first",
        "it*.1.id",
        "?ge",
        r"c\*3",
    ],
    *['items.#(id=="a1").price', 'items.#(id=="b2")', "items.#(price>5)#.id", "items.#(price>=2.5)#.id"],
    *["items.#(price<10)#.id", "items.#(price!=10)#.id", 'items.#(id%"?2").price', 'items.#(id!%"a*")#.id'],
    *['items.#(id%"c\\*3").id', "items.#(ok)#.id", "items.#(ok=~true)#.id", "items.#(ok=~false)#.id"],
    *["items.#(ok=~null)#.id", "items.#(extra=~*)#.id", "items.#(nope=~*)#", "items.#(ok==true).id"],
    *[
        'items.#(parts.#(n=="y")).id',
        'items.#(parts.#(n=="y"))#|#',
        "items.#(parts.#>1)#.id",
        'tags.#(%"*e*")#',
    ],
    *[
        'tags.#(=="red")',
        'tags.#(>"gz")#',
        "items.#(price>1)#.price|0",
        "items.#.id|1",
        "items|#",
        "items.#.id.0",
    ],
    *["@this", "@keys", "name.@values", "name|@keys|1", "tags|@reverse", "name.@reverse", "tags.@reverse.0"],
    *[
        "matrix.@flatten",
        'items.2.extra.deep.@flatten:{"deep":true}',
        "items.2.extra.deep|@flatten",
        "@dig:n",
    ],
    *[
        "items.@join",
        'items|@join:{"preserve":true}|@keys',
        "text.@fromstr",
        "text.@fromstr.json.1",
        "name.@tostr",
    ],
    *[
        "name|@tostr|@fromstr",
        "{tags,items}",
        "[age,score,missing]",
        '{"a":age,name.last,"l":tags.#}',
        "{a:age}",
    ],
    *[
        "[items.#.id,tags]|1.0",
        "{name.first}.first",
        "[]",
        "{}",
        "[age",
        "age,score",
        '!"lit"',
        "!5",
        "!true",
    ],
    *['{"k":!"v","n":!1}', "name.@ugly", "@ugly", "name.@pretty", '@pretty:{"sortKeys":true}', "@valid.age"],
    *[
        "items|@group",
        "name.@group",
        '!{"a":[1,2],"b":[3,4]}|@group',
        "@nope",
        "tags.@nope",
        "dup",
        "",
        ".",
        "|",
    ],
    *[
        r"app\.kubernetes\.io/name",
        "app.kubernetes.io/name",
        "matrix.1.0",
        "matrix.#.0",
        "matrix.#.#",
        "a|b|c",
    ],
    *[
        "name.first.x",
        "tags.0.x",
        "missing|@this",
        "missing.@keys",
        "missing|@keys",
        "name.first|@this",
        "..#",
        "..0",
    ],
    *[
        "..0.age",
        "..1",
        "#",
        "#.x",
        "0",
        "@this.@this|age",
        "items.#[price>5].id",
        "items.#(price>5",
        "items.#()#",
    ],
)
_LINES = '{"id":"a","n":1}\n{"id":"b","n":2}\n[3]\n"four"\n'

LOOKUPS = (
    *[(_SHOP, path) for path in _SHOP_PATHS],
    *[(_LINES, path) for path in ("..#", "..1.id", "..#.id", '..#(id=="b").n', "..2.0", "..3", "..9")],
    *[(document, "@this") for document in ("1", '"a"', " null ", "true", "-1.50", "1e400", "[ ]", "")],
)
"""Documents and paths written by hand."""

NAMES = ["a", "b", "c", "ab", "abc", "0", "1", "a.b", "", "a b", "é", "#", "@this", "x*", "n"]
_STRINGS = [
    '""',
    '"a"',
    '"b"',
    '"abc"',
    '"true"',
    '"False"',
    '"T"',
    '"0"',
    '"1"',
    '"12"',
    '"1.5"',
    r'"\u00e9\n\"q\" \\"',
    r'"\ud83d\ude00 \ud83d x \udc00"',
    r'"\/\b\f\r\t<&>"',
    '"é日本"',
    '"{\\"a\\":1}"',
    '"[1,2] } ] ("',
    '"a,b|c.d"',
    '"\\\\"',
    '"null"',
]
_NUMBERS = [
    *["0", "1", "2", "10", "-1", "-0", "1.50", "0.1", "1e3", "1E-7", "-2.5e+10", "1e400"],
    *["9007199254740993", "123456789012345678901234567890"],
]
_MODIFIERS = [
    *["this", "keys", "values", "reverse", "flatten", "join", "dig", "tostr", "fromstr", "group", "ugly"],
    *["pretty", "valid", "nope"],
]
_INJURIES = """{}[]()":,\\|.#@*?!~=<>%-0aunt \n\x00\xe9\xff"""
_LITERALS = ["1", "-1.5", '"x"', "true", "NULL", "null", "{", '{"a":1}', "[1,2]", "Inf", "nan", "x"]
_COMPARED = [
    *[
        '"a"',
        '"b"',
        "a",
        "1",
        "0",
        "1.5",
        "1e3",
        "true",
        "false",
        "null",
        "~true",
        "~false",
        "~null",
        "~*",
        "~x",
    ],
    *['"a*"', "*", '"é\\n"', '"\\u00e9"', "", '"', "?", "1_0", "0x10p0", "inf", "[1]", "(x)"],
]
_WORDS = ["true", "false", "null"]
_SPACES = ["", "", "", " ", "\n", "  ", "\t", "\r\n"]


def document(random: Random, depth: int = 4) -> str:
    """A valid JSON text."""
    roll = random.random()
    space = random.choice(_SPACES)
    if depth == 0 or roll < 0.3:
        return space + random.choice(random.choice([_STRINGS, _NUMBERS, _WORDS])) + random.choice(_SPACES)
    inner = [document(random, depth - 1) for _ in range(random.choice([0, 1, 2, 2, 3, 4]))]
    if roll < 0.62:
        return f"{space}[{','.join(inner) or random.choice(_SPACES)}]{random.choice(_SPACES)}"
    members = [f"{random.choice(_SPACES)}{_key(random)}{random.choice(_SPACES)}:{value}" for value in inner]
    return f"{space}{{{','.join(members) or random.choice(_SPACES)}}}{random.choice(_SPACES)}"


def _key(random: Random) -> str:
    name = random.choice(NAMES)
    if random.random() < 0.08:
        return '"' + "".join(f"\\u{ord(char):04x}" for char in name) + '"'
    return f'"{name}"'


def container(random: Random, depth: int = 4) -> str:
    """A valid JSON text whose root is an object or an array, most often an object."""
    while True:
        text = document(random, depth)
        if text.lstrip()[0] == "{" or (text.lstrip()[0] == "[" and random.random() < 0.5):
            return text


def mutate(random: Random, raw: bytes) -> bytes:
    """`raw` with one to three small injuries."""
    changed = bytearray(raw)
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(changed) + 1)
        roll = random.random()
        if roll < 0.35:
            del changed[at : at + random.choice([1, 1, 2, 5])]
        elif roll < 0.75:
            changed[at:at] = random.choice(_INJURIES).encode("latin-1")
        elif roll < 0.9:
            changed[at:at] = changed[at : at + random.randint(1, 6)]
        else:
            del changed[at:]
    return bytes(changed)


def path(random: Random, depth: int = 3) -> str:
    """A path of gjson, all features mixed."""
    parts = [_part(random, depth)]
    while random.random() < 0.55 and len(parts) < 5:
        parts.append(random.choice([".", ".", ".", "|"]) + _part(random, depth))
    return "".join(parts)


def _part(random: Random, depth: int) -> str:
    roll = random.random()
    if roll < 0.45:
        return _escaped(random, random.choice(NAMES))
    if roll < 0.55:
        return random.choice(["0", "1", "2", "3", "00", "-1", "18446744073709551617"])
    if roll < 0.62:
        return random.choice(["*", "?", "a*", "*b", "?b*", "a*c", "**", r"x\*", "a?c", "*?"])
    if roll < 0.72 or depth == 0:
        return "#"
    nested = random.choices([_query, _modifier, _multipath, _literal], [10, 10, 5, 3])[0]
    return nested(random, depth)


def _literal(random: Random, _depth: int) -> str:
    return "!" + random.choice(_LITERALS)


def _escaped(random: Random, name: str) -> str:
    if random.random() < 0.15:
        return name
    return "".join("\\" + char if char in ".#@*?|" else char for char in name)


def _query(random: Random, depth: int) -> str:
    inner = random.choice(["", "", path(random, depth - 1), random.choice(NAMES)])
    operator = random.choice(["", "==", "=", "!=", "<", "<=", ">", ">=", "%", "!%", "!"])
    value = random.choice(_COMPARED)
    comparison = operator + random.choice(["", " "]) + value if operator else ""
    shape = random.choice(["#(%s)%s", "#(%s)%s", "#(%s)%s", "#[%s]%s"])
    return shape % (inner + comparison, random.choice(["", "#"]))


def _modifier(random: Random, depth: int) -> str:
    name = random.choice(_MODIFIERS)
    if name == "dig":
        return "@dig:" + path(random, depth - 1)
    argument = {
        "flatten": [':{"deep":true}', ':{"deep":1}', ":"],
        "join": [':{"preserve":true}', ':{"preserve":"x"}'],
        "pretty": [
            ':{"sortKeys":true}',
            ':{"indent":"\\t","prefix":" ","width":10}',
            ':{"width":0}',
            ':{"width":20,"sortKeys":1,"indent":""}',
            ":x",
        ],
    }.get(name, [":1", ':"x"', ":{}"])
    return f"@{name}{random.choice(['', '', '', *argument])}"


def _multipath(random: Random, depth: int) -> str:
    entries = [path(random, depth - 1) for _ in range(random.randint(0, 3))]
    if random.random() < 0.5:
        return f"[{','.join(entries)}]"
    names = ["", "", '"x":', "y:", '"\\u00e9":', "<&>:", '"z\\":']
    return f"{{{','.join(random.choice(names) + entry for entry in entries)}}}"


def writable_path(random: Random) -> str:
    """A path of sjson: mostly simple ones."""
    if random.random() < 0.2:
        return path(random, 2)
    steps = ["0", "1", "3", "-1", ":0", ":-1", "é", "new", r"a\.b", r"n\ew", 'q\\"q', ":a", "<&>", *NAMES[:8]]
    return ".".join(random.choice(steps) for _ in range(random.choice([1, 1, 2, 2, 3, 4])))


def text_value(random: Random) -> str:
    """A text to write."""
    return random.choice(["", "x", "a<b&c>", 'q"q', "é<", "\u2028", "\n\x01", "日本", "\\", "1", "\x7f"])


def raw_value(random: Random) -> str:
    """A JSON value to write."""
    return random.choice(["1", "1.50", "null", '"x"', "true", '{"z":[1, 2]}', "[]"])


_TARGET = '{"a":{"k":"v"}, "l":[{"n":"x","v":1},{"n":"y","v":2} ],"s":"scalar", "m": {"labels":{}}}'

WRITES = (
    *[
        (_TARGET, path, "new")
        for path in ("a.k", "a.b", "a.b.c", "a.0", "a.:0", "l.-1", "l.0", "l.5", "l.1.v", "l.k")
    ],
    *[
        (_TARGET, path, "new")
        for path in ('l.#(n=="y").v', "l.#.v", "l.#(v>0)#.n", "s.b", "s.0", "a|k", "", "l.-1.z")
    ],
    *[
        (_TARGET, path, "new")
        for path in (r"m.labels.app\.kubernetes\.io/name", "x.0.v", "x.2", "x.-1", "x.:1", "*.k")
    ],
    *[
        (_TARGET, path, "new")
        for path in ("@this", "#", "l.#", "nope.#.v", "l.#(n=z).v", "a.", ".a", "a..b", ":a.:k")
    ],
    *[("", path, "new") for path in ("a", "0", "-1", "a.0.b", "1.a", ":0")],
    *[("[]", path, "new") for path in ("0", "2", "-1", "-1.a", "a", ":0")],
    *[("[1, 2 ]", path, "new") for path in ("0", "1", "2", "4", "-1", "0.a")],
    *[(' {"a" : 1 }\n', path, "new") for path in ("a", "b", "a.b")],
    *[(document, "a", "new") for document in ("null", '"text"', "5", " ", "{}", "[1]", "{ }")],
    *[
        ("{}", "t", text)
        for text in ("<a&b>", 'a"<b>', "é<b>", "\x7f", "\u2028", "\n", "\\", "\x00", "😀", "")
    ],
    *[("{}", name, "v") for name in ("é", "<&>", r"q\"q", "a b", r"\x", "a\\", "日本.0")],
)
"""Documents, paths and texts to write, by hand."""
