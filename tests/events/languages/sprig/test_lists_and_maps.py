import pytest

from events.languages.go_template.errors import TemplateError
from tests.events.languages.sprig.running import render

DATA = {"l": [1, "a", None], "m": {"a": 1, "b": {"c": "x"}}, "none": None}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param(
            "{{ first .l }} {{ last (list 1 2) }} {{ rest .l }} {{ initial .l }}",
            "1 2 [a <nil>] [1 a]",
            id="ends",
        ),
        pytest.param(
            "{{ append .l 2 }}{{ prepend .l 0 }}{{ .l }}",
            "[1 a <nil> 2][0 1 a <nil>][1 a <nil>]",
            id="new lists",
        ),
        pytest.param("{{ uniq (list 1 1.0 1 .l .l nil nil) }}", "[1 1 [1 a <nil>] <nil>]", id="1 is not 1.0"),
        pytest.param(
            '{{ has 1 .l }} {{ has 1.0 .l }} {{ without .l "a" }}',
            "false true [1 <nil>]",
            id="JSON numbers are floats",
        ),
        pytest.param(
            "{{ chunk 2 (list 1 2 3) }} {{ slice (list 1 2 3) 1 2 }}", "[[1 2] [3]] [2]", id="parts"
        ),
        pytest.param('{{ compact (list 0 1 "" "a" nil (list) (dict)) }}', "[1 a]", id="compact"),
        pytest.param("{{ concat .l (list 2) | len }} {{ reverse .l }}", "4 [<nil> a 1]", id="concat"),
        pytest.param(
            '{{ dict "b" 1 "a" 2 "c" }} {{ keys (dict "b" 1 "a" 2) }}',
            "map[a:2 b:1 c:] [a b]",
            id="keys are sorted",
        ),
        pytest.param('{{ get .m "a" }}{{ get .m "z" }} {{ hasKey .m "z" }}', "1 false", id="get"),
        pytest.param('{{ dig "b" "c" "d" .m }} {{ dig "b" "z" "d" .m }}', "x d", id="dig"),
        pytest.param(
            '{{ pick .m "a" }} {{ omit .m "a" }} {{ pluck "a" .m (dict "a" 2) }}',
            "map[a:1] map[b:map[c:x]] [1 2]",
            id="pick",
        ),
        pytest.param(
            '{{ set .m "a" 2 }} {{ .m.a }} {{ unset .m "b" }}',
            "map[a:2 b:map[c:x]] 2 map[a:2]",
            id="set changes the map",
        ),
        pytest.param(
            '{{ default 5 0 }} {{ default 5 "x" }} {{ coalesce 0 "" "b" }} {{ empty .none }}',
            "5 x b true",
            id="defaults",
        ),
        pytest.param('{{ ternary "y" "n" true }} {{ all 1 "" }} {{ any 0 1 }}', "y false true", id="flow"),
        pytest.param(
            "{{ typeOf .l }} {{ kindOf .m }} {{ typeOf 1 }} {{ typeOf .l | kindOf }}",
            "[]interface {} map int string",
            id="types",
        ),
        pytest.param(
            '{{ typeIsLike "semver.Version" (semver "1.2.3") }} {{ kindIs "invalid" nil }}',
            "true true",
            id="pointers",
        ),
        pytest.param(
            "{{ deepEqual (list 1 (dict)) (list 1 (dict)) }} {{ deepEqual 1 1.0 }}",
            "true false",
            id="deepEqual",
        ),
        pytest.param(
            '{{ $c := deepCopy .m }}{{ $_ := set $c.b "c" 1 }}{{ .m.b.c }}',
            "x",
            id="a deep copy is another map",
        ),
        pytest.param(
            "{{ first (list) }}|{{ slice (list) 0 | typeOf }}",
            "<no value>|<nil>",
            id="nothing in an empty list",
        ),
        pytest.param("{{ rest (list) | toJson }} {{ list | toJson }}", "null []", id="a nil slice is null"),
    ],
)
def test_values_come_out_as_sprig_makes_them(text, shown):
    assert render(text, DATA) == shown


def test_the_data_of_the_caller_is_not_changed():
    data = {"m": {"a": 1}}
    assert render('{{ $_ := set .m "b" 2 }}{{ merge .m (dict "c" 3) }}', data) == "map[a:1 b:2 c:3]"
    assert data == {"m": {"a": 1}}


@pytest.mark.parametrize(
    ("target", "source", "merged", "overwritten"),
    [
        pytest.param({"a": 1}, {"a": 2, "b": 3}, {"a": 1, "b": 3}, {"a": 2, "b": 3}, id="scalars"),
        pytest.param(
            {"a": {"x": 1}},
            {"a": {"x": 2, "y": 3}},
            {"a": {"x": 1, "y": 3}},
            {"a": {"x": 2, "y": 3}},
            id="maps",
        ),
        pytest.param({"a": [1]}, {"a": [2, 3]}, {"a": [1]}, {"a": [2, 3]}, id="lists are taken whole"),
        pytest.param(
            {"a": 0, "b": ""},
            {"a": 1, "b": "x"},
            {"a": 1, "b": "x"},
            {"a": 1, "b": "x"},
            id="empty gives way",
        ),
        pytest.param({"a": 1}, {"a": None, "b": None}, {"a": 1}, {"a": None, "b": None}, id="null"),
        pytest.param(
            {"a": 1, "b": [1]},
            {"a": 0, "b": []},
            {"a": 1, "b": [1]},
            {"a": 0, "b": []},
            id="empty overwrites",
        ),
        pytest.param(
            {"a": {"b": 1}}, {"a": {}}, {"a": {"b": 1}}, {"a": {"b": 1}}, id="an empty map overwrites nothing"
        ),
        pytest.param({"a": {"b": 1}}, {"a": 1}, {"a": {"b": 1}}, {"a": 1}, id="other kinds"),
    ],
)
def test_maps_are_merged_as_mergo_does(target, source, merged, overwritten):
    data = {"t": target, "s": source, "merged": merged, "overwritten": overwritten}
    assert render("{{ deepEqual (merge .t .s) .merged }}", data) == "true"
    assert render("{{ deepEqual (mergeOverwrite .t .s) .overwritten }}", data) == "true"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            "{{ first .none }}",
            "error calling first: runtime error: invalid memory address or nil pointer dereference",
        ),
        ("{{ first .m }}", "error calling first: Cannot find first on type map"),
        ("{{ concat .l .m }}", "Cannot concat type map as list"),
        ("{{ slice .l 5 }}", "reflect.Value.Slice: slice index out of bounds"),
        ("{{ chunk 0 .l }}", "makeslice: len out of range"),
        ('{{ set nil "a" 1 }}', "assignment to entry in nil map"),
        ('{{ dig "a" "x" "d" .m }}', "interface conversion: interface {} is float64, not map"),
        ('{{ dig "a" .m }}', "dig needs at least three arguments"),
        (
            '{{ get .none "a" }}',
            r"wrong type for value; expected map\[string\]interface {}; got interface {}",
        ),
        ("{{ deepCopy .none }}", "reflect: call of reflect.Value.Type on zero Value"),
        ('{{ merge (dict "a" (split "," "x")) (dict "a" (dict "z" 1)) }}', "not assignable to type string"),
    ],
)
def test_errors_are_those_of_go(text, error):
    with pytest.raises(TemplateError, match=error):
        render(text, DATA)
