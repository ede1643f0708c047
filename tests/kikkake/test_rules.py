"""The catalogue knows every code that the code base can report, and its entries are fit to be read."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from events.errors import Severity
from events.rule import Rule
from kikkake import rules, rules_page

ROOT = Path(__file__).parent.parent.parent
CODE = re.compile(r"KK\d{3}|Ignored|Unparsable|(?:[A-Z]+[a-z]+|TLS|TTL){2,}")
REPORTERS = re.compile(
    r"(?:^|_)(?:finding|findings|Finding|fault|faults|warning|warn|part|problems_of|error|refusal|read_model|replace)$"
)
"""Functions that a code is given to, as an argument or as `code=`."""
_CONSTANT = re.compile(r"CODE$|^(?:UNPARSABLE|DEAD_LETTERS_FULL|UNUSED|UNKNOWN|FOREIGN_MEMBER)$")
NOT_CODES = frozenset({"InvalidTest", "GitHub"})
"""The code of test documents, which lint does not read, and a name."""
ENTRIES = [pytest.param(entry, id=code) for code, entry in rules.catalogue().items()]


def reported_codes() -> Iterator[tuple[str, str]]:
    """Every text in the code that is given to something that makes findings, and looks like a code."""
    for package in ("events", "sources", "sensors", "kikkake"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                for given in _given(node):
                    for leaf in ast.walk(given):
                        if isinstance(leaf, ast.Constant) and CODE.fullmatch(str(leaf.value)):
                            yield str(leaf.value), f"{path.relative_to(ROOT)}:{leaf.lineno}"


def _given(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name == "Explanation":
            return
        if REPORTERS.search(name):
            yield from node.args
        yield from (keyword.value for keyword in node.keywords if keyword.arg == "code")
    elif isinstance(node, ast.Assign) and _CONSTANT.search(ast.unparse(node.targets[0])):
        yield node.value


def test_every_code_in_the_code_base_is_explained():
    found = dict(reported_codes())
    assert {"KK101", "UnknownField", "NotCarriedOut", "NeverGiven", "NoSources", "EndpointConflict"} <= set(
        found
    )
    assert {code: found[code] for code in found.keys() - rules.catalogue().keys() - NOT_CODES} == {}


def test_every_code_of_the_catalogue_is_reported_somewhere():
    """An explanation of what nobody says any more would rot."""
    found = dict(reported_codes())
    assert [code for code in rules.catalogue() if code not in found] == []


def test_codes_and_names_are_one_each():
    entries = rules.catalogue().values()
    assert len({entry.name for entry in entries}) == len(entries)
    assert rules.find("UNANCHORED-word") is rules.find("kk101") is rules.catalogue()["KK101"]


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_is_fit_to_be_read(entry):
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry.name)
    assert 10 < len(entry.title) < 80
    assert not entry.title.endswith(".")
    assert entry.why.endswith((".", ".)"))
    assert len(entry.why) > 40
    assert entry.fix
    assert not entry.fix.endswith(".")
    assert "\n" not in entry.title + entry.why + entry.fix
    assert all(len(line) <= 100 for line in (entry.bad + entry.good).splitlines())
    if isinstance(entry, Rule):
        assert entry.checks
        assert entry.bad
        assert entry.good
        assert entry.severity is Severity.WARNING


def test_a_word_that_is_none_has_a_nearest():
    assert rules.find("KK") is None
    assert rules.nearest("unancored-word") == "KK101"
    assert rules.nearest("UnknownFeild") == "UnknownField"
    assert rules.nearest("%%%%%%%%") == ""


def test_the_page_is_up_to_date():
    """`make docs` writes it."""
    assert rules_page.PAGE.read_text(encoding="utf-8") == rules_page.page()
