"""Dependencies with filters and transforms: written by hand, and at random for an event."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from tests.oracles.upstream.events import Case, Pick, fixed_events
from tests.oracles.upstream.paths import random_path

_TEMPLATES = (
    "{{ .Input | lower }}",
    "{{ .Input }}",
    '{{ trimPrefix "refs/heads/" .Input }}',
    "{{ .Input | len }}",
    '{{ if contains "a" .Input }}true{{ else }}false{{ end }}',
    "{{ .Input.x }}",
    "{{ atoi .Input | add 1 }}",
    "{{ fromJson .Input | len }}",
    '{{ regexFind "[0-9]+" .Input }}',
    "",
    "{{ .Input | quote }}\t|",
    "{{ b64enc .Input }}",
    '{{ .Input | replace "a" "\\u0001" }}',
    '{{ index (splitList "/" .Input) 1 }}',
)
_PATTERNS = (
    "^refs/heads/",
    "main$",
    "a|b",
    "[0-9]+",
    ".*",
    "(?i)PUSH",
    "^$",
    "^1\\.10\\.\\d+$",
    "é",
    "\\bx\\b",
    "null",
    "true",
)
_NUMBERS = ("0", "1", "7", "50.0", "1e3", "-3e2", "0x1p4", "inf", "9007199254740993", "10240", "-0.5", "1_0")
_COMPARATORS = ("", "=", "!=", ">", ">=", "<", "<=")
_ZONES = ("", "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland")
_CLOCKS = (
    "00:00:00",
    "01:30:00",
    "02:15:00",
    "12:00:00",
    "16:36:34",
    "18:36:35",
    "23:59:59",
    "9:00:00",
    "05:59:00.5",
)
_OPERATORS = ("", "and", "or")
_SCRIPTS = (
    "return true",
    "return false",
    "return event.body.ref == 'refs/heads/main'",
    "return 1",
    "return event ~= nil",
    "return #event.body.commits == 2",
    "return event.type == 'PUSH_ARTIFACT', true",
    "error('no')",
    "return nil",
    "for k, v in pairs(event) do if type(v) == 'table' then return true end end return false",
    "return event.alerts[1].labels.severity == 'critical'",
    "return string.find(event.Key, 'csv') ~= nil",
    "local n = 0 for _, c in ipairs(event.body.commits) do if c.distinct then n = n + 1 end end return n == 1",
    "return tostring(event.n) == '1000000'",
    "return event.flags.n == nil and event.flags.t",
    "return #event.matrix > 0",
)
_JQ = (
    ".",
    "{ref: .body.ref}",
    "{n: (.body.commits | length)}",
    ".body",
    ".alerts[0].labels",
    ".nope",
    ".[]",
    "{tags: [.event_data.resources[].tag]}",
    ". + {extra: 1.0}",
    "empty",
    'error("x")',
    "with_entries(.value |= tostring)",
    "{k: keys}",
    "{s: (.body.commits[0].message | ascii_downcase)}",
    "{d: (.n // 5 | . / 3)}",
    "{t: (.body | tojson)}",
    "{x: [paths] | length}",
    "to_entries | from_entries",
    "{a: (.offset // 0 | . + 1), b: .tiny, c: .huge}",
    "reduce (.alerts // [])[] as $a ({}; .[$a.labels.alertname] = $a.status)",
    '{m: (.body.ref | test("^refs"))}',
)
_LUA = (
    "return event",
    "event.extra = 1 return event",
    "return {a = event.body and event.body.ref}",
    "return {1, 2, event.n}",
    "return setmetatable({}, {__is_array = true})",
    "return 'text'",
    "event.body.commits = nil return event",
    "return nil",
    "local t = {} for k in pairs(event) do t[#t + 1] = k end table.sort(t) return {keys = t, n = #t}",
    "event.x.y = 1 return event",
    "return {n = event.offset, half = (event.n or 3) / 2, big = 2 ^ 53, text = tostring(event.zero)}",
    "return {[3] = 'c', a = 1}",
    "return {matrix = event.matrix, tags = event.tags, list = event.flags and event.flags.list}",
    "return {s = string.upper(event.type)}",
)


def fixed_dependencies() -> Iterator[tuple[Case, Case]]:
    """Every script and program with every event that is written by hand, and the corners of how filters combine."""
    events = fixed_events()
    for filters, event in itertools.product(_CORNERS, [*events[:21:3], *events[21:]]):
        yield filters, event
    for script, event in itertools.product(_SCRIPTS, events):
        yield {"filters": {"script": script}}, event


def fixed_transforms() -> Iterator[tuple[Case, Case]]:
    """Every program with every event."""
    programs = [
        *({"jq": each} for each in _JQ),
        *({"script": each} for each in _LUA),
        {"jq": ".", "script": "return {}"},
    ]
    for program, event in itertools.product(programs, fixed_events()):
        yield {"transform": program}, event


def random_dependency(random: Random, pick: Pick) -> tuple[Case, Case]:
    """Filters, and an event that they may well pass."""
    event = pick(random)
    makers: list[tuple[str, Callable[[Random, Case], Any]]] = [
        ("exprs", _exprs),
        ("data", _data),
        ("context", _context),
        ("time", _time),
        ("script", _script),
    ]
    weights = (4, 6, 1, 1, 0.3)
    wanted = set(random.choices([each[0] for each in makers], weights, k=random.randint(1, 3)))
    filters = {name: make(random, event) for name, make in makers if name in wanted}
    for member in ("exprLogicalOperator", "dataLogicalOperator"):
        if random.random() < 0.5:
            filters[member] = random.choice(_OPERATORS)
    return {"filters": filters, "filtersLogicalOperator": random.choice(_OPERATORS)}, event


def random_transform(random: Random, pick: Pick) -> tuple[Case, Case]:
    """A program and an event."""
    if random.random() < 0.5:
        return {"transform": {"jq": random.choice(_JQ)}}, pick(random)
    return {"transform": {"script": random.choice(_LUA)}}, pick(random)


def _data(random: Random, event: Case) -> list[Case]:
    return [_data_filter(random, event) for _ in range(random.randint(1, 3))]


def _data_filter(random: Random, event: Case) -> Case:
    path, value = random_path(random, event["data"])
    kind = random.choice(("string", "string", "number", "bool"))
    made = {
        "path": path or "body",
        "type": kind,
        "value": [_wanted(random, kind, value) for _ in range(random.choice((1, 1, 2)))],
    }
    if random.random() < 0.5:
        made["comparator"] = random.choice(_COMPARATORS)
    if random.random() < 0.15:
        made["template"] = random.choice(_TEMPLATES)
    return made


def _wanted(random: Random, kind: str, value: Any) -> str:
    """One alternative of a data filter; never empty."""
    if kind == "bool":
        return random.choice(("true", "false", "1", "0", "T", "False"))
    if kind == "number":
        own = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""
        return own if own and random.random() < 0.6 else random.choice(_NUMBERS)
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    if not text.isprintable() or not text or random.random() < 0.35:
        return random.choice(_PATTERNS)
    own = "".join(re.escape(each) if each.isascii() else each for each in text[:40])
    return random.choice(
        (f"^{own}$", own, own[: max(1, len(own) // 2)].rstrip("\\") or "x", f"({own}|other)")
    )


def _exprs(random: Random, event: Case) -> list[Case]:
    return [_expr(random, event) for _ in range(random.randint(1, 2))]


def _expr(random: Random, event: Case) -> Case:
    fields = []
    terms = []
    for name in random.sample(("a", "b", "c"), random.randint(1, 2)):
        path, value = random_path(random, event["data"])
        fields.append({"path": path or "body", "name": name})
        terms.append(_term(random, name, value))
    joined = random.choice((" && ", " || ")).join(terms)
    return {"expr": f"!({joined})" if random.random() < 0.1 else joined, "fields": fields}


def _term(random: Random, name: str, value: Any) -> str:
    """A comparison of a field, mostly with a value of its own type."""
    if isinstance(value, bool):
        return random.choice((name, f"{name} == true", f"!{name}", f"{name} != false", f"{name} ?? true"))
    if isinstance(value, int | float) or random.random() < 0.08:
        own = f"{value:f}" if isinstance(value, float) else str(value)
        number = random.choice((own if isinstance(value, int | float) else "0", "7", "100", "0.5"))
        sign = random.choice(("==", "!=", ">", ">=", "<", "<="))
        return random.choice(
            (
                f"{name} {sign} {number}",
                f"{name} % 2 == 1",
                f"({name} + 1) * 2 > {number}",
                f"{name} ** 2 < 50",
            )
        )
    if isinstance(value, str) and value.isprintable():
        text = value.replace("\\", "").replace('"', "").replace("'", "")
        return random.choice(
            (
                f"{name} == '{text}'",
                f'{name} =~ "^{text[:3]}"',
                f'{name} != "{text}"',
                f"{name} in ('{text}', 'x')",
                f"{name} + 'x' == '{text}x'",
                f"{name} !~ 'refs'",
                f"{name} > 'm'",
                f"({name} == 'x' ? true : false)",
            )
        )
    return random.choice(
        (
            f"{name} == {name}",
            f"({name} ?? 1) == 1",
            f"{name} == ''",
            f"{name} == 1",
            f"d == 1 || {name} == 2",
        )
    )


def _context(random: Random, event: Case) -> Case:
    members = random.sample(("type", "source", "subject", "datacontenttype"), random.randint(1, 2))
    return {name: event[name] if event[name] and random.random() < 0.7 else "other" for name in members}


def _time(random: Random, _event: Case) -> Case:
    start, stop = random.sample(_CLOCKS, 2)
    zone = random.choice(_ZONES)
    return {"start": start, "stop": stop, **({"timezone": zone} if zone else {})}


def _script(random: Random, _event: Case) -> str:
    return random.choice(_SCRIPTS)


def _filters(operator: str = "", **members: Any) -> Case:
    return {"filters": members, "filtersLogicalOperator": operator}


def _one(path: str, value: str = "main", **more: Any) -> Case:
    return {"path": path, "type": "string", "value": [value], **more}


def _expression(text: str, **paths: str) -> Case:
    return {"expr": text, "fields": [{"name": name, "path": path} for name, path in paths.items()]}


_PASSES, _MISSES, _FAILS = _one("body.ref"), _one("body.ref", "^nothing$"), _one("no.such.path")
_YES, _NO, _LOST = (
    _expression("r == r", r="body.ref"),
    _expression("r == 1", r="body.ref"),
    _expression("r", r="nope"),
)
_WINDOW = {"start": "16:00:00", "stop": "17:00:00"}
_TYPE = {"type": "webhook"}
_CORNERS: tuple[Case, ...] = (
    {},
    _filters(),
    _filters("or"),
    *(
        _filters(operator, data=[first, second], dataLogicalOperator=inner)
        for operator in ("and", "or")
        for inner in ("and", "or")
        for first in (_PASSES, _MISSES, _FAILS)
        for second in (_PASSES, _MISSES, _FAILS)
    ),
    *(
        _filters(operator, exprs=[first, second], exprLogicalOperator=inner)
        for operator in ("and", "or")
        for inner in ("and", "or")
        for first in (_YES, _NO, _LOST)
        for second in (_YES, _NO, _LOST)
    ),
    *(
        _filters(operator, exprs=[expr], data=[data], context=_TYPE, time=_WINDOW)
        for operator in ("and", "or")
        for expr in (_YES, _NO, _LOST)
        for data in (_PASSES, _MISSES, _FAILS)
    ),
    *(
        _filters(operator, data=[data], script=script)
        for operator in ("and", "or")
        for data in (_PASSES, _MISSES, _FAILS)
        for script in ("return true", "return false", "return event.x.y")
    ),
    *(
        _filters(operator, context=context, time=time)
        for operator in ("and", "or")
        for context in (_TYPE, {"source": "other"})
        for time in (
            _WINDOW,
            {"start": "17:00:00", "stop": "16:00:00"},
            {"start": "18:00:00", "stop": "19:00:00", "timezone": "Europe/Berlin"},
        )
    ),
    *(
        _filters(data=[{"path": path, "type": kind, "value": ["1"], "comparator": sign}])
        for path in (
            "a",
            "body.created",
            "event_data.resources.0.size",
            "alerts.0.value",
            "object_attributes.draft",
        )
        for kind in ("string", "number", "bool")
        for sign in ("=", "!=", ">", "<=")
    ),
)
