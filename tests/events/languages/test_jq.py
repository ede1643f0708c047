"""jq: what the specification says, what gojq answered, and that no program harms who reads it."""

import contextlib
import re
from random import Random

import pytest

from events.languages.jq import JqError, compile_program
from tests import fuzzing
from tests.oracles import cases_jq
from tests.oracles.fixture import oracle_fixture
from tests.oracles.oracle import Oracle
from tests.oracles.recordings.jq import jq_vector
from tests.oracles.vectors import Vector, read

jq_oracle = oracle_fixture("jq")
VECTORS = read("jq")
NOW_S = 1_000_000_000.0

LISTED = re.compile(r"\bnow\b|builtins|cbrt|exp2|lgamma|modulemeta|\?//|\bj[01n]\b|\by[01n]\b")
"""Functions that docs/reference/differences/jq.md lists: their results are not compared."""
OTHER_TEXT = re.compile(r"invalid path|invalid character|fromjson|path\(|[^=!<>]=[^=]|del\(|pick\(")
"""Where another error may be told, since gojq follows paths through more than paths, and words of Go's decoder."""


def transform(program: str, data: str = "{}") -> str:
    return compile_program(program).transform(data.encode(), now_s=NOW_S).decode()


def outcome(program: str, data: str) -> tuple[str, str]:
    """Stage and result, or stage and error."""
    try:
        compiled = compile_program(program)
    except JqError as error:
        return "compile", str(error)
    try:
        return "", compiled.transform(data.encode(), now_s=NOW_S).decode()
    except JqError as error:
        return "run", str(error)


def same(vector: Vector) -> None:
    if LISTED.search(vector["program"]) or vector["stage"] in {"time", "panic"}:
        return
    stage, text = outcome(vector["program"], vector["data"])
    if vector["result"] is not None:
        assert text == vector["result"], vector["program"]
        return
    assert stage, f"{vector['program']} gave {text}, gojq: {vector['error']}"
    assert (stage == "compile") == (vector["stage"] in {"parse", "compile"}), vector["program"]
    if vector["stage"] == "run" and not OTHER_TEXT.search(vector["program"] + vector["error"]):
        assert text.endswith(vector["error"]), vector["program"]


@pytest.mark.parametrize("number", range(0, len(VECTORS), 200))
def test_recorded_answers_of_gojq_are_ours(number):
    for vector in VECTORS[number : number + 200]:
        same(vector)


@pytest.mark.oracle
def test_the_recording_is_what_gojq_says_today(jq_oracle):
    for vector in VECTORS[::4]:
        if not LISTED.search(vector["program"]):
            assert jq_vector(jq_oracle, vector["program"], vector["data"].encode()) == vector


@pytest.mark.oracle
def test_gojq_answers_programs_grown_at_random_the_same_way(jq_oracle: Oracle):
    random = Random(20261124)
    for _ in range(3000):
        same(jq_vector(jq_oracle, cases_jq.grown(random), cases_jq.data(random)))


@pytest.mark.oracle
def test_gojq_takes_and_refuses_the_same_injured_programs(jq_oracle: Oracle):
    random = Random("injured")
    programs = cases_jq.programs()
    for _ in range(3000):
        program = cases_jq.mutate(random, random.choice(programs))
        same(jq_vector(jq_oracle, program, cases_jq.data(random)))


@pytest.mark.parametrize(
    ("program", "data", "result"),
    [
        (".a += 1 | .b *= 2", '{"a":1,"b":"2"}', '{"a":2,"b":"22"}'),
        ("{x: .l[0]}", '{"l":[7]}', '{"x":7}'),
        (".l[]", '{"l":[{"x":1},{"x":2}]}', '{"x":1}'),
        (".", "null", "null"),
        ("{a: .a}", "null", '{"a":null}'),
        ("{z: 1, a: 2}", "{}", '{"a":2,"z":1}'),
        ('{a: "<&>\\u2028"}', "{}", '{"a":"\\u003c\\u0026\\u003e\\u2028"}'),
        (".", '{"n":12345678901234567890,"m":1e21,"f":1.0}', '{"f":1,"m":1e+21,"n":12345678901234567000}'),
        ("{e: env, v: $ENV}", "{}", '{"e":{},"v":{}}'),
        ("{n: now}", "{}", '{"n":1000000000}'),
        (".a = 12345678901234567890 + 1", "{}", '{"a":12345678901234567891}'),
        (".a *= .a", '{"a":12345678901}', '{"a":152415787526596560000}'),
        ("{b: (.a * -1)}", '{"a":0}', '{"b":-0}'),
    ],
)
def test_transforms_of_the_specification(program, data, result):
    assert transform(program, data) == result


@pytest.mark.parametrize(
    ("program", "data", "text"),
    [
        (".a", '{"a":1}', "jq transformation output must be a JSON object: got number"),
        ("[.]", "{}", "must be a JSON object: got array"),
        ('error("no")', "{}", "must be a JSON object: error: no"),
        ("empty", "{}", "no output available from the jq command execution"),
        ("halt", "{}", "halt error"),
        (".", "[1]", "the data must be a JSON object: got array"),
        (".", "nope", "the data is not JSON"),
        (".", '{"a":1e999}', "beyond float64"),
        (".a = nan", "{}", "json: unsupported value: NaN"),
        (".a.b", '{"a":[]}', "expected an object but got: array ([])"),
        ("def f: 1 + f; f", "{}", "calls itself too deeply"),
        ("def f: f; f", "{}", "calls itself too deeply"),
        (".a[5000000] = 1", "{}", "array index too large"),
    ],
)
def test_failures_say_what_upstream_says_and_why(program, data, text):
    with pytest.raises(JqError, match=re.escape(text)):
        transform(program, data)


@pytest.mark.parametrize(
    ("program", "text", "line"),
    [
        ("", 'missing query (try ".")', 1),
        (".a\n| .b[", "unexpected EOF at line 2, column 6", 2),
        (".a\n\n| foo(1)", "function not defined: foo/1 at line 3", 3),
        ("$x", "variable not defined: $x at line 1", 1),
        ("break $x", "label not defined: $x at line 1", 1),
        ("input", "input(s)/0 is not allowed", 1),
        ("inputs", "input(s)/0 is not allowed", 1),
        ('import "a" as a; .', "import: modules cannot be loaded", 1),
        ('include "a"; .', "include: modules cannot be loaded", 1),
        ("$__loc__", "variable not defined: $__loc__", 1),
        ("input_line_number", "function not defined: input_line_number/0", 1),
        ("get_search_list", "function not defined: get_search_list/0", 1),
        ('"a\\qb"', "invalid escape sequence", 1),
        ('"abc', "unterminated string literal", 1),
        ("1.2.3", "invalid token", 1),
        ("." * 70_000, "longer than 65536 bytes", 0),
        ("[" * 300 + "]" * 300, "nested", 0),
        ("(" * 30_000, "nested", 0),
        ("-" * 30_000 + "1", "nested", 0),
        ("def f: " * 5_000, "nested", 0),
        ('"\\(' * 5_000, "nested", 0),
        (". as " + "[" * 5_000, "nested", 0),
    ],
)
def test_a_program_that_cannot_be_read_is_refused_with_its_line(program, text, line):
    with pytest.raises(JqError, match=re.escape(text)) as caught:
        compile_program(program)
    if line:
        assert caught.value.line == line


def test_now_fails_where_the_event_has_no_time():
    with pytest.raises(JqError, match="the event has no time"):
        compile_program("{n: now}").transform(b"{}", now_s=None)


def test_data_that_go_takes_and_fast_parsers_refuse_is_taken():
    assert transform(".", '{"a":"\\ud800"}') == '{"a":"\ufffd"}'
    assert compile_program(".").transform(b'{"a":"\xff"}', now_s=None) == b'{"a":"\xef\xbf\xbd"}'
    assert transform(".", '{"a":1,"a":2}') == '{"a":2}'


def test_a_program_leaves_the_data_of_the_next_run_alone():
    program = compile_program(".a.b += 1 | .l += [1] | .l[0] = 9 | del(.c)")
    for _ in range(2):
        assert program.transform(b'{"a":{"b":1},"l":[0],"c":2}', now_s=None) == b'{"a":{"b":2},"l":[9,1]}'


def test_deep_data_is_read_and_written_or_refused_but_never_breaks_the_reader():
    for depth in (200, 900, 5_000, 20_000):
        data = '{"a":' * depth + "1" + "}" * depth
        for program in (".", "{r: [..]}", "walk(.)", "{t: tojson}", "{r: (. == .)}", "[paths] | {r: length}"):
            stage, _text = outcome(program, data)
            assert stage in {"", "run"}


def test_injured_programs_never_break_the_parser():
    seed = 20261124
    print(f"seed {seed}")
    random = Random(seed)
    programs = cases_jq.programs()
    for _ in range(fuzzing.COUNT):
        program = cases_jq.mutate(random, random.choice(programs))
        with contextlib.suppress(JqError):
            compile_program(program)


def test_vectors_cover_what_people_use():
    good = " ".join(vector["program"] for vector in VECTORS if vector["result"] is not None)
    for word in [
        "map(",
        "select(",
        "test(",
        "reduce",
        "foreach",
        "label",
        "@base64",
        "limit(",
        "sub(",
        "|=",
        "?//",
    ]:
        assert word in good
    assert {"", "parse", "compile", "run", "type"} <= {vector["stage"] for vector in VECTORS}


@pytest.mark.parametrize("after", ["tojson | {a: .}", "error", "tostring | {a: .}", "@text | {a: .}"])
def test_a_value_that_is_nested_too_deeply_to_be_written_is_an_error(after):
    with pytest.raises(JqError, match="deep"):
        transform(f"reduce range(5000) as $i (null; [.]) | {after}")


@pytest.mark.parametrize("data", ['{"n":-0}', '{"l":[-0,0,"-0"]}', '{"n":-0.0}'])
def test_minus_zero_keeps_its_sign(data):
    """As Go reads and prints it; a text is left alone."""
    assert transform(".", data) == data.replace("-0.0", "-0")
