"""JSONPath as `jsonpath(text, path)` of event sources speaks it: the rules of its documentation, on data of our own."""

import json
import time
from random import Random

import pytest

from events.languages.go_json import read_json
from events.languages.jsonpath import (
    MAX_DEPTH,
    MAX_PATH_CHARACTERS,
    JsonPathError,
    compile_jsonpath,
)
from tests import fuzzing

PUSH = {
    "ref": "refs/heads/main",
    "commits": [
        {"id": "a1", "added": ["x.py"], "size": 3, "author": {"name": "ann"}},
        {"id": "b2", "added": [], "size": 12, "author": {"name": "bob"}, "note": None},
        {"id": "c3", "added": ["y.py", "z.py"], "size": 7.5},
    ],
    "labels": {"two.some": 1, "it's": 2, "": 3, "length": "long", "k-d": 4, "2": 5},
    "limit": 7,
    "empty": [],
}


def find(path: str, document: object = PUSH) -> object:
    return compile_jsonpath(path).find(read_json(json.dumps(document).encode(), as_floats=True))


def ids(*wanted: str) -> list[object]:
    return [commit for commit in find("$.commits") if commit["id"] in wanted]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        pytest.param("$.ref", "refs/heads/main", id="a key"),
        pytest.param("@.ref", "refs/heads/main", id="the current value is the root"),
        pytest.param("$['ref']", "refs/heads/main", id="single quotes"),
        pytest.param('$["ref"]', "refs/heads/main", id="double quotes"),
        pytest.param("$.['ref']", "refs/heads/main", id="a dot before a bracket"),
        pytest.param("$. ref", "refs/heads/main", id="a space is not part of a name"),
        pytest.param("$[ 'ref' ]", "refs/heads/main", id="spaces in a bracket"),
        pytest.param("$.labels['two.some']", 1, id="a dot in quotes"),
        pytest.param("$.labels['it\\'s']", 2, id="an escaped quote"),
        pytest.param("$.labels['']", 3, id="an empty name"),
        pytest.param("$.labels.k-d", 4, id="a dash in a name"),
        pytest.param("$.labels.2", 5, id="a number as a name"),
        pytest.param("$.labels.length", "long", id="a member named length"),
        pytest.param("$.commits.length", 3, id="the length of a list"),
        pytest.param("$.ref.length", 15, id="the length of a text"),
        pytest.param("$.commits[0].id", "a1", id="an index"),
        pytest.param("$.commits[-1].id", "c3", id="an index from the end"),
        pytest.param("$.commits[(@.length-1)].id", "c3", id="a script"),
        pytest.param("$.commits[1].note", None, id="null is there"),
        pytest.param("$.commits[*].id", ["a1", "b2", "c3"], id="all elements"),
        pytest.param("$.commits.*.id", ["a1", "b2", "c3"], id="all elements by dot"),
        pytest.param("$.commits[*].author.name", ["ann", "bob"], id="what is missing is left out"),
        pytest.param("$.commits[*].nope", [], id="all missing"),
        pytest.param("$.commits[*].added[*]", [["x.py"], [], ["y.py", "z.py"]], id="lists stay lists"),
        pytest.param("$.empty[*]", [], id="all of nothing"),
        pytest.param("$.commits[1:].id", ["b2", "c3"], id="a range"),
        pytest.param("$.commits[:2].id", ["a1", "b2"], id="a range from the start"),
        pytest.param("$.commits[-2:].id", ["b2", "c3"], id="a range from the end"),
        pytest.param("$.commits[::2].id", ["a1", "c3"], id="a step"),
        pytest.param("$.commits[0:2:-1].id", ["b2", "a1"], id="a step backwards"),
        pytest.param("$.commits[7:9].id", [], id="a range behind the end"),
        pytest.param("$.commits[0,2].id", ["a1", "c3"], id="a union of places"),
        pytest.param("$.commits[0]['id','size']", ["a1", 3], id="a union of names"),
        pytest.param("$.commits[0]['nope','id']", ["a1"], id="a union leaves out"),
        pytest.param("$..name", ["ann", "bob"], id="everywhere"),
        pytest.param("$.commits..added[0]", ["x.py", "y.py"], id="everywhere and on"),
        pytest.param("$..[?(@.name == 'bob')]", [{"name": "bob"}], id="everywhere by filter"),
        pytest.param("$.commits[?(@.size > 5)].id", ["b2", "c3"], id="greater"),
        pytest.param("$.commits[?(@.size >= 12)].id", ["b2"], id="at least"),
        pytest.param("$.commits[?(@.size < $.limit)].id", ["a1"], id="less than something of the root"),
        pytest.param("$.commits[?(@.size <= 7.5)].id", ["a1", "c3"], id="at most"),
        pytest.param("$.commits[?(@.id == 'b2')].size", [12], id="equal text"),
        pytest.param('$.commits[?(@.id != "b2")].id', ["a1", "c3"], id="not equal"),
        pytest.param("$.commits[?(@['id'] == 'a1')].id", ["a1"], id="a bracket in a filter"),
        pytest.param("$.commits[?(@.author.name)].id", ["a1", "b2"], id="there"),
        pytest.param("$.commits[?(@.note == null)].id", ["b2"], id="null is not missing"),
        pytest.param("$.commits[?(@.added)].id", ["a1", "c3"], id="an empty list is false"),
        pytest.param("$.commits[?(@.size > 5 && @.id == 'c3')].id", ["c3"], id="and"),
        pytest.param("$.commits[?(@.size > 10 || @.id == 'a1')].id", ["a1", "b2"], id="or"),
        pytest.param("$.commits[?(@.author && (@.size > 5 || @.id == 'x'))].id", ["b2"], id="brackets"),
        pytest.param('$.commits[?(@.added == ["x.py"])].id', ["a1"], id="equal lists"),
        pytest.param('$.commits[?(@.author == {"name": "bob"})].id', ["b2"], id="equal objects"),
        pytest.param("$.commits[?(@.size+1 == 4)].id", ["a1"], id="a sum"),
        pytest.param("$.commits[?(@.size-1 == 2)].id", ["a1"], id="a difference"),
        pytest.param("$.commits[?(@.size*2 == 24)].id", ["b2"], id="a product"),
        pytest.param("$.commits[?(@.size/4 == 3)].id", ["b2"], id="a quotient"),
        pytest.param("$.commits[?(@.size % 5 == 2)].id", ["b2"], id="a remainder"),
        pytest.param("$.commits[?(@.size == -3 + 6)].id", ["a1"], id="a negative number"),
        pytest.param("$.commits[?(@.added[0] == 'x.py')].id", ["a1"], id="an index in a filter"),
        pytest.param("$.commits[?(@.added[?(@ == 'z.py')])].id", ["c3"], id="a filter in a filter"),
        pytest.param("$.commits[?(@.id > 1)].id", [], id="texts have no order"),
        pytest.param("$.commits[?(true)].id", ["a1", "b2", "c3"], id="true"),
    ],
)
def test_what_a_path_finds(path, found):
    assert find(path) == found


@pytest.mark.parametrize(
    ("document", "path", "found"),
    [
        ({"b": 2, "a": 1}, "$.*", [1, 2]),
        ([[1], [2, 3]], "$.*[1]", [3]),
        ([[1, 2], [3]], "$.*.*", [[1, 2], [3]]),
        ([{"c": 1, "d": 2}, {"c": 3, "d": 4}], "$[:]['c','d']", [[1, 2], [3, 4]]),
        ([1, "a", None, 0, "", [], {}, True, False], "$[?(@)]", [1, "a", True]),
        ({"x": {"k": 5}, "y": {"k": 6}}, "$[?(@.k == 6)]", [{"k": 6}]),
        (42, "$", 42),
        (42, "$..*", []),
        ([0, [1]], "$..", [[0, [1]], 0, [1], 1]),
        ({"$": 1}, "$.$", {"$": 1}),
    ],
)
def test_what_a_path_finds_in_other_documents(document, path, found):
    assert find(path, document) == found


@pytest.mark.parametrize(
    "path",
    [
        "$.nope",
        "$.commits.id",
        "$.commits[3]",
        "$.commits[-4]",
        "$.labels[0]",
        "$.ref[0]",
        "$.ref.*",
        "$.labels[1:2]",
    ],
)
def test_a_plain_step_that_leads_nowhere_is_an_error(path):
    with pytest.raises(JsonPathError, match="jsonpath "):
        find(path)


@pytest.mark.parametrize(
    "path",
    [
        *(
            "",
            "ref",
            ".ref",
            "$ref",
            "$.",
            "$[]",
            "$[ref]",
            "$['ref",
            "$.a[",
            "$[0:3:0]",
            "$[?()]",
            "$[?@.a]",
        ),
        *(
            "$[*,1]",
            "$[1:3,4]",
            "$['a'b']",
            "$[?(@.a =~ /x/)]",
            "$[?(@.a = 1)]",
            "$[?(@.a === 1)]",
            "$[?(!@.a)]",
        ),
        *("$[?(1 in @.a)]", "$[?(@.a == [1)]", "$(a)", "$.a()", "$[(@.a]", "$[9999999999999999999]"),
    ],
)
def test_a_path_that_cannot_be_read_is_told(path):
    with pytest.raises(JsonPathError):
        find(path)


def test_the_message_says_where():
    with pytest.raises(JsonPathError, match=r"path '\$\.a\[x\]': .* is needed here \(at 5\)"):
        compile_jsonpath("$.a[x]")


def test_depth_length_and_work_are_limited():
    with pytest.raises(JsonPathError, match=f"nested deeper than {MAX_DEPTH} levels"):
        compile_jsonpath("$" + "[?(@" * 1000)
    with pytest.raises(JsonPathError, match="longer than"):
        compile_jsonpath("$" + ".a" * MAX_PATH_CHARACTERS)
    nested: object = 1
    for _ in range(17):
        nested = [nested, nested]
    with pytest.raises(JsonPathError, match="too many values"):
        find("$..*..*", nested)
    started = time.perf_counter()
    with pytest.raises(JsonPathError, match="too many values"):
        find("$.a[?($.a[?($.a[?($.a)])])]", {"a": [1] * 100})
    assert time.perf_counter() - started < 5


def test_no_mutated_path_crashes():
    seed = Random().randrange(2**32)
    print("seed", seed)
    random = Random(seed)
    paths = [
        "$.commits[?(@.size > 5 && @.id == 'c3')].id",
        "$..[?(@.name)]",
        "$.commits[0:2:-1]['id','size']",
    ]
    paths += ["$.a[(@.length-1)]", '$.b[?(@.c == {"d": [1, "x"]})]', "$['it\\'s'].*..x[-1]"]
    document = read_json(json.dumps(PUSH).encode(), as_floats=True)
    for _ in range(fuzzing.COUNT):
        text = random.choice(paths)
        for _ in range(random.randint(1, 4)):
            at = random.randrange(len(text) + 1)
            text = (
                text[:at]
                + random.choice("$@.[]()?*:,'\"\\ -+/%<>=!&|0a1{}é")
                + text[at + random.randint(0, 2) :]
            )
        try:
            compile_jsonpath(text).find(document)
        except JsonPathError:
            continue
