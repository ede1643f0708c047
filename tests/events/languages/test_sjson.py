"""Writing by path: what the specification says and what the Go library did."""

import re
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from events.languages.gjson import Document, PathError, compile_path
from events.languages.sjson import MAX_FILL, SetError, encode_text, set_raw, set_text
from tests import fuzzing
from tests.oracles import json_cases
from tests.oracles.recordings.sjson import sjson_vector
from tests.oracles.vectors import Vector, read

SEEDS = st.integers(min_value=0, max_value=2**32)
VECTORS = read("sjson")


def written(vector: Vector) -> tuple[bytes, str]:
    """The document after the write that `vector` describes, and the error."""
    document = vector["document"].encode()
    try:
        if "raw" in vector:
            return set_raw(document, vector["path"], vector["raw"].encode()), ""
        return set_text(document, vector["path"], vector["text"]), ""
    except SetError as error:
        return b"", str(error)


def same(vector: Vector) -> None:
    assert written(vector) == (vector["after"].encode(), vector["error"]), vector


@pytest.mark.parametrize("number", range(0, len(VECTORS), 50))
def test_recorded_writes_of_the_library_are_ours(number):
    for vector in VECTORS[number : number + 50]:
        same(vector)


@pytest.mark.oracle
def test_the_recording_is_what_the_library_does_today(sjson_oracle):
    for vector in VECTORS:
        value = {name: vector[name] for name in ("text", "raw") if name in vector}
        assert sjson_vector(sjson_oracle, vector["document"], vector["path"], value) == vector


@pytest.mark.oracle
@settings(max_examples=500, deadline=None)
@given(seed=SEEDS)
def test_the_library_writes_the_same_way(sjson_oracle, seed):
    random = Random(seed)
    document, path = json_cases.container(random), json_cases.writable_path(random)
    value = (
        {"raw": json_cases.raw_value(random)}
        if random.random() < 0.4
        else {"text": json_cases.text_value(random)}
    )
    ours = written({"document": document, "path": path, **value})
    if "elements beyond" in ours[1]:
        return  # the library would fill the memory
    vector = sjson_vector(sjson_oracle, document, path, value)
    if "panic" in vector:
        assert "cannot be written to" in ours[1]
    else:
        assert ours == (vector["after"].encode(), vector["error"])


@pytest.mark.parametrize(
    ("before", "path", "after"),
    [
        pytest.param("{}", "a.b", '{"a":{"b":"v"}}', id="missing parents are objects"),
        pytest.param("{}", "a.0.v", '{"a":[{"v":"v"}]}', id="or an array before a number"),
        pytest.param('{"a":{}}', "a.0.v", '{"a":{"0":{"v":"v"}}}', id="a number names a member of an object"),
        pytest.param("{}", "a.:0", '{"a":{"0":"v"}}', id="a colon forces a member"),
        pytest.param('{"a":[1]}', "a.-1", '{"a":[1,"v"]}', id="minus one appends"),
        pytest.param('{"a":[1]}', "a.3", '{"a":[1,null,null,"v"]}', id="gaps are null"),
        pytest.param("{}", r"l.app\.k8s\.io/n", '{"l":{"app.k8s.io/n":"v"}}', id="escaped dots"),
        pytest.param(
            '{"l":[{"n":"x"},{"n":"y"}]}', 'l.#(n=="y").n', '{"l":[{"n":"x"},{"n":"v"}]}', id="first match"
        ),
        pytest.param('{"l":[{"v":1},{"v":2}]}', "l.#.v", '{"l":[{"v":"v"},{"v":"v"}]}', id="every element"),
        pytest.param('{"a":"s"}', "a.b", '{"a":{"b":"v"}}', id="a scalar becomes an object"),
        pytest.param('{"a":1}', "a|b", '{"a":1}', id="a pipe changes nothing"),
        pytest.param(
            '{ "a" : 1.50 , "b":[ 1,2 ] }',
            "b.0",
            '{ "a" : 1.50 , "b":[ "v",2 ] }',
            id="the rest keeps its bytes",
        ),
    ],
)
def test_the_table_of_the_specification(before, path, after):
    assert set_text(before.encode(), path, "v").decode() == after


@pytest.mark.parametrize(
    ("document", "path", "reason"),
    [
        ('{"a":[]}', "a.k", "cannot set array element for non-numeric key 'k'"),
        ("{}", "", "path cannot be empty"),
        (" {}", '@pretty:{"prefix":" "}', "what the path finds is computed"),
        ("{}", "a.100001", "100001 elements beyond the end of the array"),
        ('{"a":[]}', f"a.{MAX_FILL + 2}.b", "100002 elements beyond"),
    ],
)
def test_what_cannot_be_written_says_why(document, path, reason):
    with pytest.raises(SetError, match=reason):
        set_text(document.encode(), path, "v")


def test_the_limits_of_paths_hold_for_writing_too():
    with pytest.raises(PathError, match="parts deep"):
        set_text(b"{}", ".".join("a" * 100), "v")


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("<a&b>", '"<a&b>"'),
        ('<"', r'"\u003c\""'),
        ("é<", r'"é\u003c"'),
        ("\x01\b\f\n\r\t", r'"\u0001\b\f\n\r\t"'),
        ("\u2028", r'"\u2028"'),
        ("\x7f", '"\x7f"'),
        ("", '""'),
    ],
)
def test_a_text_goes_through_the_encoder_of_go_only_if_it_must(text, encoded):
    assert encode_text(text).decode() == encoded


PLAIN_STEPS = st.lists(
    st.sampled_from(["a", "b", "key", "x-y", "é", r"a\.b", "0", "1"]), min_size=1, max_size=5
)


@settings(deadline=None)
@given(seed=SEEDS, steps=PLAIN_STEPS, text=st.text())
def test_what_was_written_is_found_again(seed, steps, text):
    """Whatever the document was, unless the path names a member of an array, or leads into a text.

    Into a text that looks like JSON the library writes as if it were some, and so do we.
    """
    document, path = json_cases.container(Random(seed)).encode(), ".".join(steps)
    assume(not re.search(rb'"\s*[\[{]', document))
    try:
        after = set_text(document, path, text)
    except SetError:
        return
    found = compile_path(path).get(Document(after))
    assert found.text() == text
    assert Document(after).is_valid()
    assert set_text(after, path, text) == after


def test_injured_documents_and_paths_never_fail():
    random = Random(5)
    for _ in range(fuzzing.COUNT):
        document = json_cases.mutate(random, json_cases.container(random, 3).encode())
        path = json_cases.mutate(random, json_cases.writable_path(random).encode()).decode("utf-8", "replace")
        try:
            set_text(document, path, json_cases.text_value(random))
        except (SetError, PathError):
            continue


def test_writing_into_every_element_of_a_long_array_takes_one_pass():
    """A copy of the document for each of 50,000 elements would take minutes."""
    document = b'{"l":[' + b",".join([b'{"v":1}'] * 50_000) + b"]}"
    assert set_raw(document, "l.#.v", b"22").count(b'"v":22') == 50_000
