"""text/template: what the Go library answered, and the rules that a person meets."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.languages.go_template import (
    FunctionError,
    RenderContext,
    Template,
    TemplateError,
    compile_template,
    declare,
)
from events.languages.go_values import GoTime, Int64, StringList, StringMap, from_json
from tests.oracles import template_cases, template_programs
from tests.oracles.fixture import oracle_fixture
from tests.oracles.recordings.go_template import template_vector
from tests.oracles.vectors import Vector, read

template_oracle = oracle_fixture("template")
SEEDS = st.integers(min_value=0, max_value=2**32)
VECTORS = read("go_template")


class NoDice:
    """Randomness that no template here may ask for."""

    def bytes(self, count: int) -> bytes:
        raise AssertionError(count)

    def integer(self, below: int) -> int:
        raise AssertionError(below)


CONTEXT = RenderContext(now_ns=7, randomness=NoDice())


def render(text: str, data: Any = None, **functions: Any) -> str:
    return compile_template(text, functions, name="t").render(from_json(data), CONTEXT)


def same(vector: Vector) -> None:
    try:
        outcome = {"output": render(vector["text"], vector.get("data", template_cases.DATA))}
    except TemplateError as err:
        outcome = {"error": str(err)}
    assert {"text": vector["text"], **outcome} == {
        name: value for name, value in vector.items() if name != "data"
    }


@pytest.mark.parametrize("number", range(0, len(VECTORS), 100))
def test_recorded_answers_of_the_library_are_ours(number):
    for vector in VECTORS[number : number + 100]:
        same(vector)


def test_the_recording_is_large_enough_to_mean_something():
    assert len(VECTORS) >= 2500
    assert sum("output" in vector for vector in VECTORS) > 1000


@pytest.mark.oracle
def test_the_library_still_answers_the_templates_by_hand_the_same_way(template_oracle):
    """Those too that the recording leaves out for their length."""
    for text in template_cases.HAND:
        same(template_vector(template_oracle, text, None))


@pytest.mark.oracle
@settings(max_examples=400, deadline=None)
@given(seed=SEEDS)
def test_the_library_answers_generated_templates_the_same_way(template_oracle, seed):
    random = Random(seed)
    same(template_vector(template_oracle, template_programs.program(random), template_programs.data(random)))


@pytest.mark.oracle
def test_the_library_answers_injured_templates_the_same_way(template_oracle):
    random = Random(20261124)
    for _ in range(2000):
        text = template_programs.mutate(random, template_programs.program(random))
        same(template_vector(template_oracle, text, template_programs.data(random, 3)))


# Functions


def test_arguments_are_checked_by_their_declared_types():
    functions = {"twice": declare("func(int, string) string", lambda count, text: text * count)}
    assert render("{{ twice 2 .a }}", {"a": "x"}, **functions) == "xx"
    with pytest.raises(TemplateError, match="wrong type for value; expected int; got float64"):
        render("{{ twice .n .a }}", {"a": "x", "n": 2}, **functions)
    with pytest.raises(TemplateError, match="invalid value; expected string"):
        render("{{ twice 2 .missing }}", {}, **functions)
    with pytest.raises(TemplateError, match="wrong number of args for twice: want 2 got 1"):
        render("{{ twice 2 }}", {}, **functions)
    with pytest.raises(TemplateError, match="cannot assign nil to int"):
        render("{{ twice nil .a }}", {}, **functions)
    with pytest.raises(TemplateError, match=r"expected integer; found 1\.5"):
        render("{{ twice 1.5 .a }}", {}, **functions)


def test_constants_adapt_to_the_parameter():
    functions = {
        "show": declare("func(float64, int64, ...uint8) string", lambda *values: " ".join(map(repr, values)))
    }
    assert render("{{ show 1 'a' 7 }}", **functions) == "1.0 97 7"
    with pytest.raises(TemplateError, match="expected unsigned integer; found -1"):
        render("{{ show 1 2 -1 }}", **functions)


def test_a_piped_value_is_the_last_argument():
    functions = {"join": declare("func(...any) string", lambda *values: "+".join(map(str, values)))}
    assert render('{{ "c" | join "a" "b" }}', **functions) == "a+b+c"


def test_results_get_the_class_of_the_declared_type():
    functions = {
        "add": declare("func(...any) int64", lambda *values: sum(map(int, values))),
        "split": declare("func(string) []string", lambda text: text.split()),
        "parts": declare("func(string) map[string]string", lambda text: {"_0": text}),
        "nothing": declare("func() []string", lambda: None),
    }
    assert render('{{ printf "%T %d" (add 1 2) (add 1 2) }}', **functions) == "int64 3"
    assert render(
        '{{ printf "%T" (split "a b") }}{{ range split "a b" }}[{{ . }}]{{ end }}', **functions
    ) == ("[]string[a][b]")
    assert render('{{ printf "%T" (parts "x") }}{{ (parts "x")._0 }}{{ (parts "x")._1 }}', **functions) == (
        "map[string]stringx<no value>"
    )
    assert render("{{ nothing }}", **functions) == "[]"
    with pytest.raises(TemplateError, match="can't evaluate field x in type string"):
        render('{{ range split "a" }}{{ .x }}{{ end }}', **functions)


def test_a_failing_function_is_named_with_its_place():
    def refuse(_text: str) -> str:
        raise FunctionError("no")

    with pytest.raises(TemplateError) as caught:
        render('\n{{ "x" | refuse }}', refuse=declare("func(string) (string, error)", refuse))
    assert str(caught.value) == 'template: t:2:9: executing "t" at <refuse>: error calling refuse: no'


def test_a_function_may_ask_for_the_context():
    now = declare("func() time.Time", lambda context: GoTime(context.now_ns), context=True)
    assert render("{{ now }}", now=now) == "1970-01-01 00:00:00.000000007 +0000 UTC"


def test_a_function_that_changes_its_argument_works_on_a_copy():
    def put(target: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
        target[name] = value
        return target

    put_function = declare("func(map[string]any, string, any) map[string]any", put, mutates=True)
    data = {"a": {"b": "c"}}
    template = compile_template('{{ put .a "x" 1 }}', {"put": put_function})
    assert template.render(data, CONTEXT) == "map[b:c x:1]"
    assert data == {"a": {"b": "c"}}


def test_methods_are_called_with_their_arguments():
    methods = {
        "time.Time": {
            "Add": declare("func(time.Time, int) time.Time", lambda time, ns: GoTime(time.unix_ns + ns)),
            "Unix": declare("func(time.Time) int64", lambda time: time.unix_ns // 10**9),
        }
    }
    functions = {"epoch": declare("func() time.Time", lambda: GoTime(0))}

    def run(text: str) -> str:
        return compile_template(text, functions, methods=methods, name="t").render({}, CONTEXT)

    assert run("{{ (epoch.Add 3000000000).Unix }}") == "3"
    assert run("{{ $t := epoch }}{{ 5000000000 | $t.Add | print }}") == "1970-01-01 00:00:05 +0000 UTC"
    assert run("{{ (epoch.Add 1).Unix | print | len }}") == "1"
    assert run("{{ $t := epoch }}{{ ($t.Add 2).Unix }}{{ with $t }}{{ .Unix }}{{ end }}") == "00"
    with pytest.raises(TemplateError, match="wrong number of args for Unix: want 0 got 1"):
        run("{{ epoch.Unix 1 }}")
    with pytest.raises(TemplateError, match=r"can't evaluate field Nope in type time\.Time"):
        run("{{ $t := epoch }}{{ $t.Nope }}")


def test_functions_come_before_the_built_in_ones():
    assert render('{{ len "abc" }}', len=declare("func(any) string", lambda _: "mine")) == "mine"


def test_an_unreadable_signature_is_refused():
    for signature in ("string", "func(", "func(int)", "func() "):
        with pytest.raises(ValueError, match="signature"):
            declare(signature, len)


# What a person meets


@pytest.mark.parametrize(
    ("text", "output"),
    [
        pytest.param("{{ .Input.n }}", "1e+06", id="a million prints with an exponent"),
        pytest.param('{{ printf "%.0f" .Input.n }}', "1000000", id="printf prints it plain"),
        pytest.param("{{ .Input.missing }}", "<no value>", id="a missing member"),
        pytest.param("{{ .Input.gone }}", "<no value>", id="null at the top"),
        pytest.param("{{ .Input.m }}", "map[a:1 b:<nil>]", id="null inside"),
        pytest.param('{{ index .Input "a-b" }}', "dash", id="a name that is no identifier"),
        pytest.param("{{ eq .Input.n 1000000.0 }}", "true", id="numbers are floats"),
    ],
)
def test_values_print_as_go_prints_them(text, output):
    data = {"Input": {"n": 1000000, "gone": None, "m": {"b": None, "a": 1}, "a-b": "dash"}}
    assert render(text, data) == output


def test_a_template_is_compiled_once_and_shared():
    template = compile_template("{{ $x := .n }}{{ range .l }}{{ $x = . }}{{ end }}{{ $x }}", {})
    assert isinstance(template, Template)
    assert [template.render({"n": 1.0, "l": [2.0]}, CONTEXT) for _ in range(3)] == ["2"] * 3
    assert template.render({"n": 1.0, "l": []}, CONTEXT) == "1"


def test_halves_of_a_character_become_one_again():
    functions = {"cut": declare("func(string, int) string", _cut)}
    assert render('{{ cut "é" 0 }}{{ cut "é" 1 }}', **functions) == "é"
    assert render('{{ cut "é" 0 }}', **functions) == "\udcc3"


def _cut(text: str, at: int) -> str:
    return text.encode()[at : at + 1].decode("utf-8", "surrogateescape")


def test_values_of_every_class_can_be_ranged_over_and_indexed():
    data = {"s": StringList(["x"]), "m": StringMap({"k": "v"}), "b": b"\x01", "i": Int64(2)}
    text = (
        "{{ range .s }}{{ . }}{{ end }}{{ range $k, $v := .m }}{{ $k }}{{ $v }}{{ end }}{{ range .b }}{{ . }}{{ end }}"
        '{{ range .i }}{{ printf "%T" . }}{{ end }}{{ index .m "none" }}{{ index .s 0 }}{{ index .b 0 }}{{ .b }}'
    )
    assert compile_template(text, {}).render(data, CONTEXT) == "xkv1int64int64x1[1]"
