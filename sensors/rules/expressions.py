"""Rules about expression filters, whose language surprises (spec-sensors 3.3 and 13, defect 34)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from events.rule import Hit, Rule
from sensors.rules.subject import DependencySubject

_STRING = re.compile(r"""(["'])((?:\\.|(?!\1).)*)\1""", re.DOTALL)
_DATE = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[-+]\d\d:?\d\d)?)?|\d{1,2}:\d\d[AP]M",
    re.ASCII,
)
_NULL = re.compile(r"(?<![\w.\[])(nil|null|none|undefined)(?![\w\]])", re.IGNORECASE)
_SHOWN = 64


def _date_literal(dependency: DependencySubject) -> Iterator[Hit]:
    for entry in dependency.filters.items("exprs"):
        for literal in _STRING.finditer(entry.text("expr")):
            if _DATE.fullmatch(literal[2]):
                what = (
                    f'"{literal[2][:_SHOWN]}" becomes a number of seconds since 1970: it never equals a text'
                )
                yield Hit(entry.at("expr"), what)
                break


def _no_null(dependency: DependencySubject) -> Iterator[Hit]:
    for entry in dependency.filters.items("exprs"):
        bound = {field.text("name") for field in entry.items("fields")}
        found = _NULL.search(_without_strings(entry.text("expr")))
        if found is not None and found[1] not in bound:
            what = f"`{found[1]}` is no value of this language but a variable that nothing binds"
            yield Hit(entry.at("expr"), what)


def _without_strings(expr: str) -> str:
    return _STRING.sub('""', expr)


RULES: tuple[Rule, ...] = (
    Rule(
        code="KK125",
        name="expr-date",
        title="A text that looks like a date becomes a number",
        why='In an expression, `"2014-01-02"` and other texts in one of 14 date forms are numbers of seconds '
        "since 1970, as upstream. Compared with a text of the event they are never equal.",
        fix="compare with a pattern (=~), or use a data filter of type string",
        bad="""
dependencies:
- filters:
    exprs:
    - expr: day == "2014-01-02"
      fields: [{name: day, path: body.day}]
""",
        good="""
dependencies:
- filters:
    exprs:
    - expr: day =~ "^2014-01-02$"
      fields: [{name: day, path: body.day}]
""",
        checks=((DependencySubject, _date_literal),),
    ),
    Rule(
        code="KK126",
        name="expr-null",
        title="Expressions have no word for null",
        why="`nil` and `null` are names of variables here, as upstream, and reading one that is not bound is "
        "an error. A JSON null binds its variable all the same, and `??` gives another value for it.",
        fix='write `(x ?? "") == ""`',
        bad="""
dependencies:
- filters:
    exprs:
    - expr: user == nil
      fields: [{name: user, path: body.user}]
""",
        good="""
dependencies:
- filters:
    exprs:
    - expr: (user ?? "") == ""
      fields: [{name: user, path: body.user}]
""",
        checks=((DependencySubject, _no_null),),
    ),
)
