"""gjson paths: what the specification says, what the Go library answered, and that both ways of looking agree."""

import json
import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.languages.gjson import (
    MAX_PATH_BYTES,
    MAX_PATH_DEPTH,
    MISSING,
    Document,
    Kind,
    PathError,
    Result,
    compile_path,
    lint_path,
)
from events.languages.gjson.search import lookup
from events.languages.gjson.validity import is_valid
from tests.oracles import json_cases
from tests.oracles.oracle import Oracle
from tests.oracles.recordings.gjson import gjson_vector
from tests.oracles.vectors import Vector, read

SEEDS = st.integers(min_value=0, max_value=2**32)
VECTORS = read("gjson")


def get(document: str | bytes, path: str) -> Result:
    raw = document.encode() if isinstance(document, str) else document
    return compile_path(path).get(Document(raw))


def carried(value: object) -> object:
    """A value as the oracle's JSON carries it."""
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        return "<nan>" if math.isnan(value) else "<inf>" if value > 0 else "<-inf>"
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, list):
        return [carried(item) for item in value]
    if isinstance(value, dict):
        return {name: carried(item) for name, item in value.items()}
    return value


def same(vector: Vector) -> None:
    """The scanner, and the compiled path on a new and on a much used document, answer as the library did."""
    raw = vector["document"].encode()
    document, used = Document(raw), Document(raw)
    for _ in range(3):
        used.has_unique_keys()
    scanned = lookup(raw, vector["path"].encode())
    path = compile_path(vector["path"])
    for found in (scanned, path.get(document), path.get(used)):
        assert found.exists == vector["exists"]
        assert found.kind.value == vector["kind"]
        assert found.raw == vector["raw"].encode()
        assert found.text() == vector["text"]
        assert found.truth() == vector["truth"]
        assert carried(found.value()) == carried(vector["value"])
    assert (scanned.index, scanned.indexes or []) == (vector["index"], vector["indexes"])
    assert document.is_valid() == vector["valid"]


@pytest.mark.parametrize("number", range(0, len(VECTORS), 50))
def test_recorded_answers_of_the_library_are_ours(number):
    for vector in VECTORS[number : number + 50]:
        same(vector)


@pytest.mark.oracle
def test_the_recording_is_what_the_library_says_today(gjson_oracle):
    for vector in VECTORS:
        assert gjson_vector(gjson_oracle, vector["document"], vector["path"]) == vector


@pytest.mark.oracle
@settings(max_examples=600, deadline=None)
@given(seed=SEEDS)
def test_the_library_answers_generated_paths_the_same_way(gjson_oracle, seed):
    random = Random(seed)
    same(gjson_vector(gjson_oracle, json_cases.container(random), json_cases.path(random)))


@pytest.mark.oracle
def test_the_library_answers_injured_documents_and_paths_the_same_way(gjson_oracle: Oracle):
    """Also on text that is no JSON; only bytes that no str can carry are left out."""
    random = Random(20261124)
    for _ in range(3000):
        document = json_cases.mutate(random, json_cases.container(random, 3).encode())
        path = json_cases.mutate(random, json_cases.path(random).encode())
        if b"\xff" in document + path or b"\xe9" in document + path:
            continue
        try:
            texts = document.decode(), path.decode()
        except UnicodeDecodeError:
            continue
        same(gjson_vector(gjson_oracle, *texts))


def test_a_missing_path_is_not_a_null():
    assert get('{"a":null}', "a").exists
    assert get('{"a":null}', "a").kind is Kind.NULL
    assert get('{"a":null}', "b") is MISSING
    assert not MISSING.exists


@pytest.mark.parametrize("path", ["a.k", "a.0.k", "k"])
def test_the_first_of_two_equal_keys_wins_although_the_parser_keeps_the_last(path):
    document = '{"a":{"k":"first","k":"last"},"k":1,"a":[{"k":2}],"k":3}'
    assert get(document, path).raw in {b'"first"', b"2", b"1"}
    assert get(document, path).raw == lookup(document.encode(), path.encode()).raw


def test_a_key_hidden_by_escapes_is_still_the_first():
    """The bytes of the name stand only once, and yet there are two."""
    assert get(r'{"\u0061b":"first","ab":"last"}', "ab").text() == "first"


def test_an_index_proves_nothing_about_the_keys_before_it():
    assert get('{"a":["first"],"a":["last"],"z":"0"}', "a.0").text() == "first"


def test_many_paths_on_one_document_agree_with_the_scanner():
    """Enough of them that the document starts to trust its parsed form."""
    document = Document(b'{"a":{"n":"x","m":-0,"f":1.50},"b":{"n":"y","l":[1,{"n":null}]},"c":{"n":true}}')
    for path in [
        "a.n",
        "b.n",
        "c.n",
        "a.m",
        "a.f",
        "b.l.1.n",
        "b.l.2.n",
        "b.l",
        "x.n",
        "c.n.n",
        "a",
        "b.l.0",
    ]:
        assert compile_path(path).get(document).raw == lookup(document.raw, path.encode()).raw
    assert document.has_unique_keys()


def test_the_same_path_is_looked_up_once():
    document = Document(b'{"a":[1]}')
    assert compile_path("a.#").get(document) is compile_path("a.#").get(document)
    assert compile_path("a.#") is compile_path("a.#")


def test_a_string_that_was_answered_from_the_parsed_form_still_knows_its_exact_bytes():
    assert get(r'{"a":"\u00e9\/"}', "a").text() == "é/"
    assert get(r'{"a":"\u00e9\/"}', "a").raw == rb'"\u00e9\/"'


def test_bytes_that_are_no_utf_8_read_as_replacement_characters_one_by_one():
    found = get(b'{"a":"x\xe2\x82y\xff"}', "a")
    assert found.text() == "x\ufffd\ufffdy\ufffd"
    assert found.raw == b'"x\xe2\x82y\xff"'


@pytest.mark.parametrize(
    ("raw", "valid"),
    [
        pytest.param(b'{"a":"\xff"}', True, id="bytes that are no utf-8"),
        pytest.param(rb'"\ud800"', True, id="half a surrogate pair"),
        pytest.param(b"1e999", True, id="a number beyond float64"),
        pytest.param(b"[" * 10_000 + b"]" * 10_000, True, id="ten thousand levels"),
        pytest.param(b"[" * 10_001 + b"]" * 10_001, False, id="one level more"),
        pytest.param(b"", False, id="nothing"),
        pytest.param(b"[1,]", False, id="a comma too many"),
        pytest.param(b'{"a":1,}', False, id="a comma too many in an object"),
        pytest.param(b"01", False, id="a leading zero"),
        pytest.param(b"\xef\xbb\xbf{}", False, id="a byte order mark"),
        pytest.param(b"{} {}", False, id="two values"),
        pytest.param(b'"a\nb"', False, id="a line break in a string"),
        pytest.param(b'{"a":1]', False, id="the wrong bracket"),
    ],
)
def test_validity_is_that_of_go(raw, valid):
    assert Document(raw).is_valid() is valid


@settings(deadline=None)
@given(seed=SEEDS)
def test_the_exact_check_and_the_fast_parser_agree_where_both_have_a_say(seed):
    """What the parser takes is valid; every generated document is."""
    random = Random(seed)
    raw = json_cases.document(random).encode()
    assert is_valid(raw)
    injured = json_cases.mutate(random, raw)
    if Document(injured).is_valid():
        assert is_valid(injured)


def test_values_are_those_of_a_go_decoder():
    value = get(r'{"o":{"a":1,"a":2,"b":[1.5,null,true,"\ud800x"],"c":12345678901234567890}}', "o").value()
    assert value == {"a": 1.0, "b": [1.5, None, True, "\ufffdx"], "c": 12345678901234567890.0}
    assert isinstance(value, dict)
    assert type(value["a"]) is float


def test_a_representation_does_not_show_the_value():
    assert "secret" not in repr(get('{"a":"secret"}', "a"))


def test_a_path_that_is_too_long_or_too_deep_is_refused_with_a_clear_text():
    assert compile_path("a" * MAX_PATH_BYTES)
    with pytest.raises(PathError, match="longer than 4096 bytes"):
        compile_path("é" * (MAX_PATH_BYTES // 2) + "x")
    assert compile_path(".".join(["a"] * MAX_PATH_DEPTH))
    with pytest.raises(PathError, match="65 parts deep, 64 are allowed"):
        compile_path(".".join(["a"] * (MAX_PATH_DEPTH + 1)))
    with pytest.raises(PathError, match="parts deep"):
        compile_path("[" * 65 + "a" + "]" * 65)
    assert compile_path("[" + ",".join(["a.b"] * 500) + "]"), "many entries are not deep"


@pytest.mark.parametrize(
    ("path", "advice"),
    [
        ("body.commits[*", "'[' at 13 is never closed"),
        ("a)b", "')' at 2 closes nothing"),
        ("a,b", r"the comma at 2 means something only inside [a,b]"),
        ('l.#(v>"0)', "the quote at 7 is never closed"),
        ("a[0].b", "write .0"),
        ("a.[0].b", "write .0"),
        ("a[*]", "write .#"),
        ("a['x-y']", "write .x-y"),
        ("$.a", "does not start with '$'"),
        (".a", "does not start with '.'"),
        ("{{ .Input.a }}", "template"),
        ("l.@size", "no modifier @size"),
        ("a.", "nothing follows"),
        ("a..b", "empty name"),
        ("a\\", "backslash at the end"),
        ("", "@this is the whole document"),
    ],
)
def test_advice_names_what_a_person_most_likely_got_wrong(path, advice):
    assert advice in (lint_path(path) or "")


@pytest.mark.parametrize(
    "path",
    [
        "body.ref",
        "l.#(v>0)#.n",
        '[a,b.#(x=="y,)")]',
        '{"a":b}',
        r"app\.kubernetes\.io/name",
        r"a\[0\]",
        "..#",
        "..0.a",
        *['l.#(a.#(b=="c"))', 'l|@flatten:{"deep":true}', '!"x,y"', "user@host", "a|@dig:b,c", "x-y_z.0"],
    ],
)
def test_good_paths_get_no_advice(path):
    assert lint_path(path) is None


def test_vectors_cover_every_kind_and_modifier():
    """The recording would be worth little if generated paths never hit."""
    kinds = {vector["kind"] for vector in VECTORS if vector["exists"]}
    assert kinds == {kind.value for kind in Kind}
    used = json.dumps([vector["path"] for vector in VECTORS if vector["exists"]])
    for feature in [
        "@keys",
        "@values",
        "@reverse",
        "@flatten",
        "@join",
        "@dig",
        "@tostr",
        "@fromstr",
        "@group",
        "@ugly",
    ]:
        assert feature in used
