import pytest

from events.clock import parse_time
from kikkake.testing.times import DEFAULT_START, duration_us


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("500ms", 500_000),
        ("30s", 30_000_000),
        ("1.5s", 1_500_000),
        ("1h30m", 5_400_000_000),
        ("7d", 604_800_000_000),
        ("0s", 0),
    ],
)
def test_a_duration_is_numbers_with_units(text, us):
    assert duration_us(text) == us


@pytest.mark.parametrize("text", ["", "30", "s", "30 s", "-1s", "1w", "1s1", "\u0661s"])
def test_anything_else_is_no_duration(text):
    assert duration_us(text) is None


def test_the_default_start_is_a_time():
    assert parse_time(DEFAULT_START) is not None
