"""No input stops the scanner: it never fails, stays linear, and says so when a path asks for too much."""

import time
from random import Random

import pytest

from events.languages.gjson import Document, PathError, compile_path, lint_path
from events.languages.gjson.search import lookup
from tests import fuzzing
from tests.oracles import json_cases

MUTATIONS = fuzzing.COUNT


def test_injured_documents_and_paths_never_fail():
    """Any answer is right, as long as there is one; also for what Go's library has never seen."""
    random = Random(4)
    answers = 0
    for _ in range(MUTATIONS):
        document = Document(json_cases.mutate(random, json_cases.container(random, 3).encode()))
        path = json_cases.mutate(random, json_cases.path(random).encode()).decode("utf-8", "replace")
        lint_path(path)
        document.is_valid()
        try:
            found = compile_path(path).get(document)
            found.value()
        except PathError:
            continue
        answers += 1
        assert isinstance(found.text(), str)
        assert isinstance(found.raw, bytes)
    assert answers > MUTATIONS * 0.99


HOSTILE = {
    "open arrays": lambda n: b"[" * n,
    "open objects": lambda n: b'{"a":' * n,
    "nested arrays": lambda n: b"[" * n + b"]" * n,
    "a string of escaped quotes": lambda n: b'{"a":"' + b'\\"' * n,
    "a string of backslashes": lambda n: b'{"a":"' + b"\\" * n + b'"}',
    "open quotes": lambda n: b'["\\",' * n,
    "many numbers": lambda n: b"[1" + b",1" * n + b"]",
    "many members": lambda n: b"{" + b'"a":[1,"x"],' * n + b'"z":1}',
    "many objects": lambda n: b"[" + b'{"a":"aaaa"},' * n + b"{}]",
    "one long string": lambda n: b'{"a":["' + b"a" * n + b'"]}',
    "one long key": lambda n: b'{"' + b"k" * n + b'":[' + b"1," * n + b"1]}",
    "white space": lambda n: b'{"a":[' + b" " * n + b"]}",
    "surrogates": lambda n: b'{"a":["' + b"\\ud800" * n + b'"]}',
    "colons": lambda n: b":" * n + b"{" + b'":' * n,
}
PATHS = (
    *[
        "a",
        "a.a",
        "#",
        "#.a",
        "..#",
        "..#.a",
        "@this",
        "@ugly",
        "@keys",
        "@values",
        "@reverse",
        "@flatten",
        "@join",
    ],
    *[
        '@flatten:{"deep":true}',
        "@dig:a",
        "@pretty",
        '@pretty:{"sortKeys":true}',
        "@tostr",
        "@fromstr",
        "@group",
    ],
    *[
        "@valid",
        "#(a)#",
        '#(a%"*a*a*a*b")#.a',
        "#(>=1)#",
        'a.#(%"*a?a*a?a*b")',
        "*a*b*.a",
        "[a,a.0,#.a]",
        "a|0|a",
    ],
    *['@pretty:{"indent":"' + " " * 500 + '"}', "z", "nope.a"],
)


def cost(raw: bytes, path: str) -> float:
    """CPU seconds of one lookup with all that can be asked of the result; the best of three."""
    times = []
    for _ in range(3):
        document = Document(raw)
        started = time.process_time()
        try:
            found = compile_path(path).get(document)
            found.text()
            found.value()
            document.is_valid()
        except PathError:
            pass
        times.append(time.process_time() - started)
    return min(times)


@pytest.mark.parametrize("shape", HOSTILE)
def test_hostile_documents_take_linear_time(shape):
    """Eight times the size may take sixteen times as long; what is quadratic takes sixty-four."""
    for path in PATHS:
        small, large = HOSTILE[shape](800), HOSTILE[shape](6400)
        allowed = 16 * cost(small, path) + 0.05
        assert cost(large, path) < allowed, path


@pytest.mark.parametrize(
    "path",
    [
        "|".join(["[@this,@this]"] * 30),
        "|".join(["@tostr"] * 60),
        "@dig:@dig:@dig:@dig:@dig:a",
        "[" + ",".join(["@dig:a"] * 500) + "]",
        '@pretty:{"indent":"' + " " * 4000 + '"}',
        "#." * 31 + "a",
        "@flatten:" * 400,
    ],
)
def test_paths_that_multiply_the_document_are_stopped_early(path):
    nested = b"1"
    for level in range(100):
        nested = b'{"a":[%b,{"b":%d}]}' % (nested, level)
    assert cost(nested, path) < 2.0


def test_a_path_that_multiplies_the_document_says_so():
    with pytest.raises(PathError, match="multiplies the document"):
        lookup(b'{"a":1}', b"|".join([b"[@this,@this]"] * 40))


@pytest.mark.parametrize("path", ["@dig:a", '@flatten:{"deep":true}', "@pretty"])
def test_a_document_nested_deeper_than_a_modifier_goes_says_so(path):
    with pytest.raises(PathError, match="goes down 128 levels"):
        lookup(b"[" * 300 + b"]" * 300, path.encode())


def test_a_value_nested_too_deeply_to_be_taken_apart_says_so():
    deep = compile_path("a").get(Document(b'{"a":' + b"[" * 9000 + b"]" * 9000 + b"}"))
    assert deep.raw == b"[" * 9000 + b"]" * 9000
    with pytest.raises(PathError, match="nested too deeply"):
        deep.value()
