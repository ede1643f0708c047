"""`kikkake lint --explain` and `--rules`."""

import json

import pytest
from click.testing import CliRunner

from kikkake.cli.main import main
from kikkake.rules import catalogue


def lint(*arguments):
    return CliRunner().invoke(main, ["lint", *arguments])


@pytest.mark.parametrize("code", list(catalogue()))
def test_every_code_is_explained(code):
    answer = lint("--explain", code)
    assert answer.exit_code == 0
    entry = catalogue()[code]
    assert answer.output.startswith(f"{code} {entry.name}: {entry.title}\n\n")
    assert f"\nfix: {entry.fix[:40]}" in answer.output


def test_an_explanation_says_why_shows_both_and_how_to_silence_it():
    shown = lint("--explain", "unanchored-word").output
    assert "RE2 patterns" in shown
    assert "for example:\n  dependencies:\n" in shown
    assert "better:\n  dependencies:\n" in shown
    assert shown.endswith("annotate it: kikkake/lint-ignore: KK101\n")
    assert max(map(len, shown.splitlines())) <= 110


def test_an_error_is_not_said_to_be_silenced():
    assert "lint-ignore" not in lint("--explain", "InvalidTriggers").output


@pytest.mark.parametrize(
    ("word", "hint"), [("unanchored", "KK101"), ("UnknwnField", "UnknownField"), ("newest", "KK110")]
)
def test_a_code_that_is_none_gets_the_nearest(word, hint):
    answer = lint("--explain", word)
    assert answer.exit_code == 2
    assert answer.stderr == f"error: `{word}` is no code of lint; did you mean `{hint}`?\n"


def test_nothing_near_says_where_the_codes_are():
    assert "`kikkake lint --rules` lists them" in lint("--explain", "%%%%%%").stderr


@pytest.mark.parametrize("arguments", [["--rules"], ["--explain", "all"]])
def test_all_codes_are_listed(arguments):
    lines = lint(*arguments).output.splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(catalogue())


def test_programs_get_one_object_a_line():
    listed = [json.loads(line) for line in lint("--rules", "-o", "json").output.splitlines()]
    assert [entry["code"] for entry in listed] == list(catalogue())
    one = json.loads(lint("--explain", "KK101", "-o", "json").output)
    assert one == listed[0]
    assert set(one) == {"code", "name", "severity", "title", "why", "fix", "bad", "good"}
