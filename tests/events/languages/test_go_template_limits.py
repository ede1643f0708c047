"""No template stops the gateway: it is read in linear time, and its run has budgets."""

import time
from contextlib import suppress
from random import Random
from typing import Any

import pytest

from events.languages.go_template import RenderContext, TemplateError, compile_template, declare
from events.languages.go_template.errors import MAX_NESTING, MAX_OUTPUT, MAX_TEXT
from events.languages.go_values import from_json
from tests import fuzzing
from tests.oracles import template_cases, template_programs

FUZZ = fuzzing.COUNT
CONTEXT = RenderContext(now_ns=0, randomness=None)


def render(text: str, data: Any = None, *, context: RenderContext = CONTEXT, **functions: Any) -> str:
    return compile_template(text, functions, name="t").render(data, context)


def test_no_injured_template_crashes_or_hangs():
    """Compiled and run; only our own error may come out."""
    seed = 20261124
    print("seed", seed)
    random = Random(seed)
    data = from_json(template_cases.DATA)
    slowest, outcomes = 0.0, 0
    for _ in range(FUZZ):
        text = (
            random.choice(template_cases.HAND) if random.random() < 0.7 else template_programs.program(random)
        )
        text = template_programs.mutate(random, text)
        start = time.perf_counter()
        try:
            render(text, data)
            outcomes += 1
        except TemplateError:
            pass
        slowest = max(slowest, time.perf_counter() - start)
    assert outcomes > FUZZ // 10
    assert slowest < 2


HOSTILE = {
    "open braces": "{{",
    "closed braces": "}}",
    "open parentheses": "(",
    "actions": "{{.a}}",
    "comments": "{{/* x */}}",
    "open comments": "{{/*",
    "spaces": " ",
    "trims": "{{- 1 -}} ",
    "ifs": "{{if .a}}",
    "ranges": "{{range .a}}",
    "elses": "{{else}}",
    "defines": '{{define "a"}}',
    "quotes": '"',
    "backslashes": "\\",
    "pipes": "|print",
    "fields": ".a",
    "variables": "{{$x := 1}}",
    "dashes": "-",
    "digits": "1",
    "underscores": "1_",
    "letters": "é",
    "line breaks": "\n{{1}}",
    "blocks": '{{block "a" .}}{{end}}',
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("frame", ["{}", "{{{{{}", "{{{{print {}}}}}", "{{{{ `{}"])
def test_ten_kilobytes_of_hostile_text_are_read_at_once(piece, frame):
    text = frame.format(piece * (10_000 // len(piece)))
    start = time.perf_counter()
    with suppress(TemplateError):
        render(text, {})
    assert time.perf_counter() - start < 2


def test_a_long_chain_of_else_ifs_does_not_nest():
    text = "{{if false}}" + "".join(f"{{{{else if eq .n {n}.0}}}}{n}" for n in range(2000)) + "{{end}}"
    assert render(text, {"n": 1999.0}) == "1999"
    assert render(text, {"n": -1.0}) == ""


@pytest.mark.parametrize(
    "nest", [lambda n: "{{if 1}}" * n + "x" + "{{end}}" * n, lambda n: "{{" + "(" * n + "1" + ")" * n + "}}"]
)
def test_depth_is_limited_with_a_clear_error(nest):
    assert render(nest(MAX_NESTING)) in {"x", "1"}
    with pytest.raises(TemplateError, match=r"nest deeper than|max expression depth exceeded"):
        render(nest(MAX_NESTING + 1))
    with pytest.raises(TemplateError):
        render(nest(20_000))


def test_an_endless_text_is_refused():
    assert render("x" * MAX_TEXT) == "x" * MAX_TEXT
    with pytest.raises(TemplateError, match="longer than"):
        render("x" * (MAX_TEXT + 1))


def test_a_template_that_calls_itself_ends():
    with pytest.raises(TemplateError, match="exceeded maximum template depth"):
        render('{{define "a"}}{{template "a"}}{{end}}{{template "a"}}')


def test_a_tree_of_sensible_depth_is_walked():
    tree: dict[str, Any] = {}
    for _ in range(30):
        tree = {"child": tree}
    text = '{{define "walk"}}{{with .child}}({{template "walk" .}}){{end}}{{end}}{{template "walk" .}}'
    assert render(text, tree) == "(" * 29 + ")" * 29


def test_loops_in_loops_end():
    loops = "{{range .}}" * 6 + "x" + "{{end}}" * 6
    with pytest.raises(TemplateError, match="stopped after"):
        render(loops.replace("range .", "range $"), [1.0] * 100)
    with pytest.raises(TemplateError, match="stopped after"):
        render("{{range 999999999}}{{end}}")


def test_the_caller_may_stop_a_run():
    rounds = iter(range(10))
    context = RenderContext(now_ns=0, randomness=None, should_stop=lambda: next(rounds) == 9)
    with pytest.raises(TemplateError, match="took too long"):
        render("{{range 100}}{{end}}", context=context)


def test_the_output_is_bounded():
    with pytest.raises(TemplateError, match="output is longer"):
        render("{{range 100000}}" + "x" * 100 + "{{end}}")
    with pytest.raises(TemplateError, match="longer than"):
        render("{{$s := `0123456789`}}{{range 60}}{{$s = print $s $s}}{{end}}")
    with pytest.raises(TemplateError, match="printf prints more"):
        render("{{printf `%1000000d%1000000d%1000000d%1000000d%1000000d` 1 1 1 1 1}}")


def test_what_shares_its_parts_cannot_print_without_end():
    """Thirty levels of a list of the one below, twice: a billion leaves in thirty lists."""
    double = declare("func(any) []any", lambda value: [value, value])
    with pytest.raises(TemplateError, match=f"longer than {MAX_OUTPUT}"):
        render("{{$l := 1}}{{range 30}}{{$l = double $l}}{{end}}{{$l}}", double=double)
    with pytest.raises(TemplateError, match="prints more"):
        render("{{$l := 1}}{{range 30}}{{$l = double $l}}{{end}}{{printf `%d` $l}}", double=double)


def test_a_map_that_holds_itself_is_noticed():
    def tie(target: dict[str, Any]) -> dict[str, Any]:
        target["self"] = target
        return target

    knot = declare("func(map[string]any) map[string]any", tie)
    for text in ("{{tie .}}", "{{printf `%v` (tie .)}}", "{{print (tie .)}}", "{{html (tie .)}}"):
        with pytest.raises(TemplateError, match="nests deeper"):
            render(text, {}, tie=knot)


def test_data_without_a_bottom_is_refused():
    data: list[Any] = []
    for _ in range(5000):
        data = [data]
    touch = declare("func(any) string", lambda _: "", mutates=True)
    with pytest.raises(TemplateError, match="depth"):
        render("{{touch .}}", data, touch=touch)
    with pytest.raises(TemplateError, match="nests deeper"):
        render("{{.}}", data)
