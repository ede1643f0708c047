"""printf, print and quoting on their own, for the values that no template can write down."""

import math

import pytest

from events.languages.go_template.floats import format_float, format_shortest
from events.languages.go_template.plain import print_value, sprint, sprintln
from events.languages.go_template.printf import sprintf
from events.languages.go_template.quoting import BadQuoting, quote, quote_rune, unquote, unquote_char
from events.languages.go_values import (
    NO_VALUE,
    Duration,
    GoError,
    GoTime,
    Int64,
    IntList,
    ListOfLists,
    StringList,
    StringMap,
    Uint8,
)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (999999.0, "999999"),
        (1e6, "1e+06"),
        (1234567.0, "1.234567e+06"),
        (123456.5, "123456.5"),
        (1234567.5, "1.2345675e+06"),
        (1e15, "1e+15"),
        (1e16, "1e+16"),
        (1e21, "1e+21"),
        (1e100, "1e+100"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (-2.5e-7, "-2.5e-07"),
        (5e-324, "5e-324"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
        (math.nan, "NaN"),
    ],
)
def test_floats_print_in_their_shortest_form(number, text):
    assert format_shortest(number) == text


@pytest.mark.parametrize(
    ("number", "verb", "precision", "text"),
    [
        (1.0, "b", None, "4503599627370496p-52"),
        (5e-324, "b", None, "1p-1074"),
        (1.0, "x", None, "0x1p+00"),
        (-0.1, "X", None, "-0X1.999999999999AP-04"),
        (1.999, "x", 0, "0x1p+01"),
        (1.5, "x", 3, "0x1.800p+00"),
        (0.0, "x", 2, "0x0.00p+00"),
        (5e-324, "x", None, "0x1p-1074"),
        (1e6, "G", None, "1E+06"),
        (1234.5678, "g", 3, "1.23e+03"),
    ],
)
def test_floats_print_by_the_rarer_verbs(number, verb, precision, text):
    assert format_float(number, verb, precision) == text


@pytest.mark.parametrize(
    ("template", "value", "text"),
    [
        ("%v %T", Int64(5), "5 int64"),
        ("%v %T", Duration(1_500_000_000), "1.5s time.Duration"),
        ("%d %s", Duration(5), "5 5ns"),
        ("%v %T", GoTime(0), "1970-01-01 00:00:00 +0000 UTC time.Time"),
        ("%s %v", GoError("bad"), "bad bad"),
        ("%q %T", StringList(["a", "b"]), '["a" "b"] []string'),
        ("%v %#v", StringMap({"a": "b"}), 'map[a:b] map[string]string{"a":"b"}'),
        ("%v %#v", IntList([1, 2]), "[1 2] []int{1, 2}"),
        ("%v %T", ListOfLists([[1, "a"], []]), "[[1 a] []] [][]interface {}"),
        ("%v %s", b"hi", "[104 105] hi"),
        ("%x %#v", b"hi", "6869 []byte{0x68, 0x69}"),
        ("%v %#v", Uint8(7), "7 0x7"),
        ("%v %d", [Duration(5)], "[5ns] [5]"),
    ],
)
def test_values_of_other_types_print_by_their_methods(template, value, text):
    assert sprintf(template, [value, value]) == text


def test_print_puts_spaces_between_what_is_no_text():
    assert sprint([1, 2, "a", 3, None, None]) == "1 2a3 <nil> <nil>"
    assert sprintln(["a", 1]) == "a 1\n"
    assert print_value(NO_VALUE) == "<no value>"


@pytest.mark.parametrize(
    "text", ["", "a", 'q"q', "\\", "é日😀", "\x00\x7f\n\t", "\udcff", "\u00ad\u200b", "\ufeff`"]
)
def test_a_quoted_text_reads_back(text):
    assert unquote(quote(text)) == text
    assert unquote(quote(text, ascii_only=True)) == text
    assert quote(text, ascii_only=True).isascii()


def test_characters_are_quoted_and_read():
    assert quote_rune(0x65E5) == "'日'"
    assert quote_rune(0x65E5, ascii_only=True) == r"'\u65e5'"
    assert quote_rune(0x110000) == "'\ufffd'"
    assert unquote_char("'日'") == 0x65E5
    assert unquote_char(r"'\xff'") == 255
    for literal in ("''", "'ab'", r"'\"'", r"'\ud800'", "'"):
        with pytest.raises(BadQuoting):
            unquote_char(literal)
