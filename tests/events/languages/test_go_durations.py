import pytest

from events.languages.go_durations import BadDuration, parse_duration


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("0", 0),
        ("-0", 0),
        ("1h30m", 5_400_000_000_000),
        ("-1.5s", -1_500_000_000),
        ("+5m", 300_000_000_000),
        (".5ms", 500_000),
        ("1.s", 1_000_000_000),
        ("1ns2us3\u00b5s4\u03bcs", 9_001),
        ("0.100000000000000000000h", 360_000_000_000),
        ("9223372036854775807ns", 2**63 - 1),
        ("-9223372036854775808ns", -(2**63)),
        ("0.9223372036854775807h", 3_320_413_933_267),
        ("2562047h47m16.854775807s", 2**63 - 1),
    ],
)
def test_durations_are_read_as_go_reads_them(text, nanoseconds):
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", 'time: invalid duration ""'),
        ("3", 'time: missing unit in duration "3"'),
        ("-", 'time: invalid duration "-"'),
        ("s", 'time: invalid duration "s"'),
        (".", 'time: invalid duration "."'),
        (".s", 'time: invalid duration ".s"'),
        ("1d", 'time: unknown unit "d" in duration "1d"'),
        ("1h ", 'time: unknown unit "h " in duration "1h "'),
        ("9223372036854775808ns", 'time: invalid duration "9223372036854775808ns"'),
        ("9" * 5000 + "h", f'time: invalid duration "{"9" * 5000}h"'),
        ('1"\\\u00e9\n', 'time: unknown unit "\\"\\\\\\xc3\\xa9\\x0a" in duration "1\\"\\\\\\xc3\\xa9\\x0a"'),
    ],
)
def test_what_is_none_has_the_error_of_go(text, error):
    with pytest.raises(BadDuration) as refused:
        parse_duration(text)
    assert str(refused.value) == error
