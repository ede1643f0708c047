"""No call multiplies a small event, no text crashes a reader, and hostile texts stay linear."""

import os
import time
from random import Random

import pytest

from events.languages.go_template.errors import TemplateError
from events.languages.go_template.functions import FunctionError
from events.languages.sprig import FUNCTIONS
from events.languages.sprig.bounds import MAX_DEPTH, MAX_ELEMENTS, MAX_TEXT_BYTES
from events.languages.sprig.go_url import BadUrl, parse_url
from events.languages.sprig.json_faults import find_fault
from tests import fuzzing
from tests.events.languages.sprig.running import render
from tests.oracles import sprig_text_cases as cases

FUZZ = fuzzing.COUNT
READERS = {
    "mustFromJson": "j",
    "urlParse": "u",
    "mustRegexReplaceAll": "ptr",
    "b64dec": "e",
    "b32dec": "e",
    "snakecase": "t",
    "camelcase": "t",
}
TOTAL_S = 2.0
"""For texts of 10 KB and more; each of them takes some milliseconds."""
DOUBLED = '{{ $x := "12345678" }}{{ range until 30 }}{{ $x = CALL }}{{ end }}{{ len $x }}'


@pytest.mark.parametrize(
    "call",
    [
        "cat $x $x",
        "join $x (list $x $x)",
        "quote $x $x",
        "squote $x $x",
        "repeat 2 $x",
        "replace `1` $x $x",
        "indent (len $x) $x",
        "regexReplaceAll `1` $x $x",
        "regexReplaceAllLiteral `1` $x $x",
        "wrapWith 1 $x $x",
        "list $x $x | toString",
        "list $x $x | toJson",
        "toPrettyJson (list $x $x)",
        "b64enc (print $x $x)",
    ],
)
def test_a_text_that_doubles_is_stopped_in_time(call):
    with pytest.raises(
        TemplateError, match=rf"{MAX_TEXT_BYTES} are allowed|longer than|too long|output|budget"
    ):
        render(DOUBLED.replace("CALL", call))


@pytest.mark.parametrize(
    "call", ["concat $x $x", "(splitList `,` (printf `%s,%s` (join `,` $x) (join `,` $x)))"]
)
def test_a_list_that_doubles_is_stopped_in_time(call):
    with pytest.raises(TemplateError, match=rf"{MAX_ELEMENTS} are allowed|longer than|allowed"):
        render(DOUBLED.replace('"12345678"', "list 1 2 3 4").replace("CALL", call))


@pytest.mark.parametrize(
    "call",
    [
        "toJson $x",
        "toString $x",
        "deepCopy $x",
        "uniq (list $x $x)",
        "deepEqual $x $y",
        "without (list $x) $y",
    ],
)
def test_a_value_that_shares_its_parts_does_not_multiply(call):
    """Forty lists, each of the one before it twice."""
    growing = (
        "{{ $x := list 1 }}{{ $y := list 1 }}"
        "{{ range until 40 }}{{ $x = list $x $x }}{{ $y = list $y $y }}{{ end }}"
    )
    with pytest.raises(TemplateError, match=r"more than 500000 parts|longer than|allowed"):
        render(f"{growing}{{{{ $z := {call} }}}}")


@pytest.mark.parametrize(
    "call", ["toString $d", "deepCopy $d", "uniq (list $d)", "merge $d $e", "deepEqual $d $e", "quote $d"]
)
def test_a_map_that_contains_itself_is_an_error(call):
    twins = '{{ $d := dict }}{{ $_ := set $d "a" $d }}{{ $e := dict }}{{ $_ := set $e "a" $e }}'
    with pytest.raises(TemplateError, match=r"nest"):
        render(f"{twins}{{{{ $x := {call} }}}}")


def test_depth_is_limited_with_a_clear_error():
    nested = "{{ $x := list }}{{ range until (int .n) }}{{ $x = list $x }}{{ end }}{{ toJson $x | len }}"
    assert render(nested, {"n": MAX_DEPTH}) == str(2 * MAX_DEPTH + 2)
    with pytest.raises(TemplateError, match="nested deeper than 200 levels"):
        render(nested, {"n": MAX_DEPTH + 1})
    with pytest.raises(FunctionError, match="nested deeper than 200 levels"):
        FUNCTIONS["fromJson"].call("[" * 5000 + "]" * 5000)


def test_patterns_and_replacements_are_bounded():
    assert render("{{ regexMatch .p .p }}", {"p": "a" * 4096}) == "true"
    with pytest.raises(TemplateError, match="the pattern has 4097 bytes, 4096 are allowed"):
        render("{{ regexMatch .p .p }}", {"p": "a" * 4097})
    with pytest.raises(TemplateError, match=f"{MAX_TEXT_BYTES} are allowed"):
        render("{{ regexReplaceAll `(x?)a` .t .r }}", {"t": "a" * 10_000, "r": "$1" * 5000})


def test_values_at_the_bounds_are_allowed():
    assert render("{{ repeat (int .n) `a` | len }}", {"n": MAX_TEXT_BYTES}) == str(MAX_TEXT_BYTES)
    assert render("{{ repeat 1000 `ab,` | splitList `,` | uniq | len }}") == "2"


def test_hostile_texts_take_linear_time():
    started = time.monotonic()
    large = "a" * 20_000
    for call in (
        *[
            "camelcase .t",
            "snakecase .t",
            "title .t",
            "wrap 1 .t",
            "nospace .t",
            "initials .t",
            "b32dec .t",
            "b64dec .t",
        ],
        *[
            "fromJson .j",
            "urlParse .t",
            "regexQuoteMeta .t",
            "regexSplit `` .t -1",
            "regexMatch `(a*)*b` .t",
            "clean .p",
        ],
        *[
            "regexReplaceAll `(a?){20}` .t `$1`",
            "sortAlpha .l",
            "uniq .l",
            "abbrevboth 9 10 .t",
            "dir .p",
            "base .s",
            "ext .d",
        ],
        *[
            "splitn `` 100000 .t",
            "replace `` `x` .t",
            "trimAll .t .t",
            "without .l 1 2 3",
            "chunk 1 .l",
            "toPrettyJson .l",
        ],
    ):
        data = {
            "t": large,
            "j": "[" * 9000,
            "p": "../" * 9000,
            "l": list(range(5000)),
            "s": "/" * 9000,
            "d": "." * 9000,
        }
        try:
            render(f"{{{{ $x := {call} }}}}", data)
        except TemplateError:
            continue
    assert time.monotonic() - started < 4 * TOTAL_S


def test_no_mutated_input_crashes_a_reader():
    """Of texts that are almost JSON, URLs, patterns, replacements, base64 and base32."""
    seed = int(os.environ.get("KIKKAKE_SEED", "20261124"))
    print(f"seed {seed}")
    random = Random(seed)
    for _ in range(FUZZ // 5):
        text = {letter: mutated(random, cases.text(random, letter)) for letter in "juprte"}
        find_fault(text["j"].encode("utf-8", "surrogateescape"))
        for name, letters in READERS.items():
            try:
                FUNCTIONS[name].call(*(text[letter] for letter in letters))
            except FunctionError:
                continue
        try:
            again = parse_url(text["u"]).text()
        except BadUrl:
            continue
        assert isinstance(again, str)


def mutated(random: Random, text: str) -> str:
    """The text with a byte changed, doubled, dropped or put in."""
    raw = bytearray(text.encode("utf-8", "surrogatepass"))
    for _ in range(random.choice((0, 1, 1, 2))):
        at = random.randrange(len(raw) + 1)
        kind = random.randrange(3)
        if kind == 0:
            raw[at:at] = bytes((random.randrange(256),))
        elif kind == 1:
            raw[at : at + 1] = raw[at : at + 1] * 2
        else:
            del raw[at : at + 1]
    return raw.decode("utf-8", "surrogateescape")
