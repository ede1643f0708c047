"""The table of all functions: every name of sprig 3.3.0, its signature, and that a name alone imports nothing."""

import subprocess
import sys

import pytest

from events.languages.go_template.functions import Function
from events.languages.sprig import FUNCTIONS


def test_all_names_of_the_library_are_there():
    assert len(FUNCTIONS) == len(list(FUNCTIONS)) == 211
    assert {"push", "mustPush", "toJson", "genCA", "now", "uuidv4", "semver", "env"} <= FUNCTIONS.keys()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_name_leads_to_its_function(name):
    assert isinstance(FUNCTIONS[name], Function)
    assert FUNCTIONS[name] is FUNCTIONS[name]
    assert name in FUNCTIONS


def test_a_name_that_is_unknown_is_missed():
    assert "nope" not in FUNCTIONS
    with pytest.raises(KeyError):
        FUNCTIONS["nope"]


def test_only_the_family_that_is_asked_for_is_imported():
    asked = (
        "import sys; from events.languages.sprig import FUNCTIONS; 'bcrypt' in FUNCTIONS; FUNCTIONS['upper'];"
        "print([name for name in sys.modules if name.startswith(('events.languages.sprig.', 're2', 'cryptography'))])"
    )
    shown = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    assert "sprig.casing" in shown
    for heavy in ("sprig.crypto", "sprig.regex", "sprig.dates", "sprig.lists", "re2", "cryptography"):
        assert heavy not in shown


@pytest.mark.parametrize(
    ("name", "signature"),
    [
        ("trunc", "func(int, string) string"),
        ("cat", "func(...any) string"),
        ("chunk", "func(int, any) [][]any"),
        ("mustChunk", "func(int, any) ([][]any, error)"),
        ("splitn", "func(string, int, string) map[string]string"),
        ("dig", "func(...any) (any, error)"),
        ("merge", "func(map[string]any, ...map[string]any) any"),
        ("mustWithout", "func(any, ...any) ([]any, error)"),
        ("ternary", "func(any, any, bool) any"),
        ("mustRegexFindAll", "func(string, string, int) ([]string, error)"),
    ],
)
def test_signatures_are_those_of_go(name, signature):
    assert FUNCTIONS[name].signature == signature


def test_what_changes_its_argument_says_so():
    changing = {name for name, function in FUNCTIONS.items() if function.mutates}
    assert changing == {"set", "unset", "merge", "mergeOverwrite", "mustMerge", "mustMergeOverwrite"}
