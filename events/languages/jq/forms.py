"""Functions of jq that take expressions, not values: what decides itself how often it runs them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from events.languages.jq import regexes
from events.languages.jq.access import delete_paths, elements, get_path
from events.languages.jq.code import (
    Code,
    Environment,
    Make,
    Path,
    Place,
    Stray,
    all_paths,
    intact,
    several,
    single,
)
from events.languages.jq.encoding import encode
from events.languages.jq.errors import Raised
from events.languages.jq.functions import from_entries, has, sum_of, to_entries
from events.languages.jq.loops import (
    counted,
    first_of,
    last_of,
    limited,
    ranged,
    recurse,
    repeat,
    rounded_down,
    rounded_up,
    skipped,
    the_next,
    until,
    while_met,
)
from events.languages.jq.matching import matched, substitute
from events.languages.jq.values import equal, truth


def _empty() -> Code:
    return Code(lambda _value, _environment: (), lambda _path, _value, _environment: ())


def _error(message: Code | None = None) -> Code:
    if message is None:

        def fail(value: Any, _environment: Environment) -> Any:
            raise Raised(value)

        return single(fail)

    def many(value: Any, environment: Environment) -> Iterator[Any]:
        for each in message.many(value, environment):
            raise Raised(each)
        yield from ()

    return several(many)


def _path(inner: Code) -> Code:
    return several(lambda value, environment: all_paths(inner, value, environment))


def _getpath(keys: Code) -> Code:
    keys_one = keys.one

    def paths(path: Path | Stray, value: Any, environment: Environment) -> Iterator[Place]:
        for each in keys.many(value, environment):
            found = get_path(value, each)
            reached = intact(path, value)
            for key in each:
                reached = (key, reached)
            yield reached, found

    return Code(
        lambda value, environment: (get_path(value, each) for each in keys.many(value, environment)),
        paths,
        None
        if keys_one is None
        else lambda value, environment: get_path(value, keys_one(value, environment)),
    )


def _select(test: Code) -> Code:
    test_one = test.one

    def many(value: Any, environment: Environment) -> Iterator[Any]:
        for each in test.many(value, environment):
            if truth(each):
                yield value

    def paths(path: Path | Stray, value: Any, environment: Environment) -> Iterator[Place]:
        for each in test.many(value, environment):
            if truth(each):
                yield path, value

    if test_one is None:
        return Code(many, paths)
    return Code(
        lambda value, environment: (value,) if truth(test_one(value, environment)) else (),
        paths,
    )


def _map(inner: Code) -> Code:
    inner_one = inner.one
    if inner_one is not None:
        return single(lambda value, environment: [inner_one(each, environment) for each in elements(value)])
    return single(
        lambda value, environment: [
            made for each in elements(value) for made in inner.many(each, environment)
        ]
    )


def _isempty(inner: Code) -> Code:
    def one(value: Any, environment: Environment) -> Any:
        return next((False for _each in inner.many(value, environment)), True)

    return single(one)


def _all(*codes: Code) -> Code:
    return _quantified(codes, is_any=False)


def _any(*codes: Code) -> Code:
    return _quantified(codes, is_any=True)


def _quantified(codes: tuple[Code, ...], *, is_any: bool) -> Code:
    """`any` and `all`: of the elements, of what a test says of them, or of a test on any outputs."""

    def one(value: Any, environment: Environment) -> Any:
        found = codes[0].many(value, environment) if len(codes) == 2 else elements(value)
        for each in found:
            tests = codes[-1].many(each, environment) if codes else (each,)
            for test in tests:
                if truth(test) is is_any:
                    return is_any
        return not is_any

    return single(one)


def _add(inner: Code) -> Code:
    return single(lambda value, environment: sum_of(inner.many(value, environment)))


def _map_entries(inner: Code) -> Code:
    """`with_entries`."""
    return single(
        lambda value, environment: from_entries(
            [made for each in to_entries(value) for made in inner.many(each, environment)]
        )
    )


def _delete(inner: Code) -> Code:
    return single(lambda value, environment: delete_paths(value, list(all_paths(inner, value, environment))))


def _paths(test: Code | None = None) -> Code:
    everything = recurse()

    def many(value: Any, environment: Environment) -> Iterator[Any]:
        for path, each in everything.paths((), value, environment):
            if test is not None:
                for said in test.many(each, environment):
                    if truth(said) and path:
                        yield _listed(path)
            elif path:
                yield _listed(path)

    return several(many)


def _listed(path: Path | Stray) -> list[Any]:
    keys = []
    at: Any = path
    while at:
        key, at = at
        keys.append(key)
    return keys[::-1]


def _walk(inner: Code) -> Code:
    def walked(value: Any, environment: Environment) -> Iterable[Any]:
        if type(value) is list:
            value = [made for each in value for made in walked(each, environment)]
        elif type(value) is dict:
            made = {}
            for name in sorted(value):
                for new in walked(value[name], environment):
                    made[name] = new
                    break
            value = made
        return inner.many(value, environment)

    return several(walked)


def _in(*codes: Code) -> Code:
    """`IN(s)`: whether `.` is among the outputs; `IN(src; s)`: whether any of `src` is."""

    def one(value: Any, environment: Environment) -> Any:
        if len(codes) == 1:
            return any(equal(value, each) for each in codes[0].many(value, environment))
        for wanted in codes[1].many(value, environment):
            for each in codes[0].many(value, environment):
                if equal(each, wanted):
                    return True
        return False

    return single(one)


def _index_by(*codes: Code) -> Code:
    """`INDEX`: an object of the rows by their keys."""

    def one(value: Any, environment: Environment) -> Any:
        rows = codes[0].many(value, environment) if len(codes) == 2 else elements(value)
        made = {}
        for row in rows:
            for key in codes[-1].many(row, environment):
                made[key if isinstance(key, str) else encode(key)] = row
        return made

    return single(one)


def _has_in(container: Code) -> Code:
    """`in(xs)`: whether `xs` has the key `.`."""
    return several(
        lambda value, environment: (has(each, value) for each in container.many(value, environment))
    )


FORMS: dict[tuple[str, int], Make] = {
    ("empty", 0): _empty,
    ("error", 0): _error,
    ("error", 1): _error,
    ("path", 1): _path,
    ("getpath", 1): _getpath,
    ("select", 1): _select,
    ("map", 1): _map,
    ("recurse", 0): recurse,
    ("recurse", 1): recurse,
    ("recurse", 2): recurse,
    ("while", 2): while_met,
    ("until", 2): until,
    ("repeat", 1): repeat,
    ("range", 1): ranged,
    ("range", 2): ranged,
    ("range", 3): ranged,
    ("first", 1): first_of,
    ("last", 1): last_of,
    ("limit", 2): counted("limit", limited, rounded_up),
    ("skip", 2): counted("skip", skipped, rounded_down),
    ("nth", 2): counted("nth", the_next, rounded_down, "index"),
    ("isempty", 1): _isempty,
    ("all", 0): _all,
    ("all", 1): _all,
    ("all", 2): _all,
    ("any", 0): _any,
    ("any", 1): _any,
    ("any", 2): _any,
    ("add", 1): _add,
    ("with_entries", 1): _map_entries,
    ("del", 1): _delete,
    ("paths", 0): _paths,
    ("paths", 1): _paths,
    ("walk", 1): _walk,
    ("in", 1): _has_in,
    ("IN", 1): _in,
    ("IN", 2): _in,
    ("INDEX", 1): _index_by,
    ("INDEX", 2): _index_by,
    ("match", 1): matched(regexes.find_all),
    ("match", 2): matched(regexes.find_all),
    ("test", 1): matched(lambda value, pattern, flags: (regexes.test(value, pattern, flags),)),
    ("test", 2): matched(lambda value, pattern, flags: (regexes.test(value, pattern, flags),)),
    ("capture", 1): matched(regexes.capture),
    ("capture", 2): matched(regexes.capture),
    ("scan", 1): matched(regexes.scan),
    ("scan", 2): matched(regexes.scan),
    ("splits", 1): matched(regexes.split_by),
    ("splits", 2): matched(regexes.split_by),
    ("split", 2): matched(lambda value, pattern, flags: (list(regexes.split_by(value, pattern, flags)),)),
    ("sub", 2): substitute(is_global=False),
    ("sub", 3): substitute(is_global=False),
    ("gsub", 2): substitute(is_global=True),
    ("gsub", 3): substitute(is_global=True),
}
"""By name and number of arguments; called with the code of each argument."""
