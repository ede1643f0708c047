import time

import click
import pytest
from click.testing import CliRunner

from kikkake.cli.output import Cell, Since, age, clock_time, cut, duration, print_table, printable


def test_columns_are_aligned_and_empty_ones_left_out(capsys):
    print_table(("no", "id", "standing"), [("1", "short", ""), ("22", Cell("much longer", "red"), "")])
    assert capsys.readouterr().out.splitlines() == ["NO  ID", "1   short", "22  much longer"]


@pytest.mark.parametrize("text", ["\x1b[2J", "\r", "\x07", "\u202e", "\u2066", "\x9b31m", "a\nb"])
def test_nothing_from_outside_moves_the_cursor_or_hides_letters(text, capsys):
    assert printable(text).isprintable()
    print_table(("id",), [(text,)])
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (0, "0 µs"),
        (999, "999 µs"),
        (4_230, "4.2 ms"),
        (42_300, "42 ms"),
        (1_300_000, "1.3 s"),
        (90_000_000, "90 s"),
        (300_000_000, "5.0 min"),
        (7_200_000_000, "2.0 h"),
        (172_800_000_000, "2 d"),
    ],
)
def test_durations_read_at_a_glance(us, text):
    assert duration(us) == text


def test_ages_look_back_and_ahead():
    assert age(0, 3_000_000) == "3.0 s ago"
    assert age(3_000_000, 0) == "in 3.0 s"


def test_clock_times_are_utc_to_the_millisecond():
    assert clock_time("2026-11-24T07:08:11.123456Z") == "2026-11-24 07:08:11.123Z"
    assert clock_time("2026-11-24T07:08:11Z") == "2026-11-24 07:08:11.000Z"


def test_cut_says_that_something_is_missing():
    assert (cut("abcdef", 6), cut("abcdefg", 6)) == ("abcdef", "abcde…")


@click.command()
@click.option("--since", type=Since())
def show(since):
    click.echo(since)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("30m", 1800), ("1h", 3600), ("7d", 604_800)])
def test_since_takes_an_age(text, seconds):
    since_us = int(CliRunner().invoke(show, ["--since", text]).output)
    assert abs(time.time() - seconds - since_us / 1e6) < 5


def test_since_takes_a_time():
    assert CliRunner().invoke(show, ["--since", "1970-01-01T00:00:01Z"]).output == "1000000\n"


@pytest.mark.parametrize("text", ["yesterday", "1w", "1.5h", "-1h", "2026-13-01T00:00:00Z"])
def test_since_refuses_the_rest_with_examples(text):
    answer = CliRunner().invoke(show, [f"--since={text}"])
    assert answer.exit_code == 2
    assert "write 90s, 30m, 1h, 7d or 2026-11-24T07:00:00Z" in " ".join(answer.output.split())
