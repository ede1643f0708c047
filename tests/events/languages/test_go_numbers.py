"""Numbers and booleans read and printed as Go does."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.languages.go_numbers import format_float, parse_bool, parse_float
from tests.oracles.oracle import Oracle

TRICKY = [
    *[
        "1",
        "-0",
        "+1",
        "1.",
        ".5",
        ".",
        "",
        " 1",
        "1 ",
        "1e3",
        "1e",
        "1E+3",
        "1e-400",
        "1e400",
        "-1e400",
        "1_000",
    ],
    *[
        "1__0",
        "_1",
        "1_",
        "1_.5",
        "1._5",
        "1e1_0",
        "1e_1",
        "0x10",
        "0x10p0",
        "0X1.8P1",
        "0x_1p0",
        "0x1_p0",
        "0xp1",
    ],
    *[
        "0x1p99999",
        "-0x1p99999",
        "0x.8p0",
        "inf",
        "+Inf",
        "-infinity",
        "nan",
        "+nan",
        "NaN",
        "infin",
        "0b1",
        "1d",
        "\u0661",
    ],
    *[
        "true",
        "T",
        "TRUE",
        "tRUE",
        "f",
        "False",
        "yes",
        "9007199254740993",
        "123456789012345678901234567890",
        "1.5e6",
    ],
]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1_000", 1000.0),
        ("0x1p4", 16.0),
        ("-inf", -math.inf),
        ("1e400", math.inf),
        ("0x10", None),
        ("", None),
    ],
)
def test_text_is_read_as_a_number_by_the_rules_of_go(text, number):
    assert parse_float(text) == number


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.5, "1.5"),
        (1.5e6, "1500000"),
        (1e22, "10000000000000000000000"),
        (1.5e-7, "0.00000015"),
        (-0.0, "-0"),
        *[(math.inf, "+Inf"), (-math.inf, "-Inf"), (math.nan, "NaN")],
    ],
)
def test_a_number_prints_without_an_exponent(number, text):
    assert format_float(number) == text


@pytest.mark.parametrize(
    ("text", "truth"), [("T", True), ("1", True), ("FALSE", False), ("yes", None), ("tRUE", None)]
)
def test_only_the_words_of_go_are_booleans(text, truth):
    assert parse_bool(text) is truth


def agrees(oracle: Oracle, text: str) -> None:
    answer = oracle.ask({"text": text})
    number = parse_float(text)
    assert (number is not None) == answer["isNumber"], text
    assert parse_bool(text) == answer["bool"]
    if number is not None:
        assert format_float(number) == answer["printed"]


@pytest.mark.oracle
@pytest.mark.parametrize("text", TRICKY)
def test_go_reads_and_prints_tricky_texts_the_same_way(strconv_oracle, text):
    agrees(strconv_oracle, text)


@pytest.mark.oracle
@settings(max_examples=500, deadline=None)
@given(text=st.text("0123456789.eE+-_xXpPaf", max_size=12) | st.floats().map(repr))
def test_go_reads_and_prints_any_text_the_same_way(strconv_oracle, text):
    agrees(strconv_oracle, text)
