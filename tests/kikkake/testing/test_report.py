import json
from xml.etree import ElementTree as ET

from events.errors import Finding
from kikkake.testing.compare import Difference
from kikkake.testing.report import closing_line, json_object, junit, text_lines
from kikkake.testing.run import Result

PASSED = Result(file="ci_test.yaml", line=7, test="ci", case="fires")
FAILED = Result(
    file="ci_test.yaml",
    line=9,
    test="ci",
    case="does not",
    differences=(Difference("cases[1].expect.fired[0]", "build", "(nothing more fired)", "push: filtered"),),
)
REFUSED = Result(
    file="ci_test.yaml",
    line=3,
    test="ci",
    case="",
    faults=(
        Finding(
            at="cases[0].evnts",
            what="unknown field",
            fix="did you mean `events`?",
            file="ci_test.yaml",
            line=3,
            column=5,
        ),
    ),
)


def plain(result):
    return [
        line.replace("\x1b[32m", "").replace("\x1b[31m", "").replace("\x1b[0m", "")
        for line in text_lines(result)
    ]


def test_a_case_that_passes_is_one_line():
    assert plain(PASSED) == ["ok    ci_test.yaml  ci: fires"]


def test_a_failure_says_where_what_and_where_to_look():
    assert plain(FAILED) == [
        "FAIL  ci_test.yaml:9  ci: does not",
        "      cases[1].expect.fired[0]",
        "        expected  build",
        "        actual    (nothing more fired)",
        "        look at   push: filtered",
    ]


def test_a_refused_document_says_its_faults_with_their_places():
    assert plain(REFUSED) == [
        "FAIL  ci_test.yaml:3  ci",
        "      ci_test.yaml:3:5: error: cases[0].evnts: unknown field; did you mean `events`?",
    ]


def test_what_comes_from_a_test_cannot_move_the_cursor():
    result = Result(
        file="a", line=1, test="t\x1b[2J", case="c\n", differences=(Difference("p", "\x07", "b"),)
    )
    assert "\x1b[2J" not in "".join(plain(result))
    assert "\\u001b[2J" in "".join(plain(result))


def test_many_differences_are_cut():
    many = tuple(Difference(f"p[{index}]", "a", "b") for index in range(25))
    result = Result(file="a", line=1, test="t", case="c", differences=many)
    assert plain(result)[-1] == "      and 5 more"


def test_the_closing_line_counts():
    assert closing_line([PASSED, FAILED, REFUSED]) == "1 passed, 2 failed"


def test_json_is_one_object_a_case():
    assert json_object(PASSED) == {
        "file": "ci_test.yaml",
        "test": "ci",
        "case": "fires",
        "ok": True,
        "differences": [],
    }
    assert json_object(FAILED)["differences"] == [
        {
            "path": "cases[1].expect.fired[0]",
            "expected": "build",
            "actual": "(nothing more fired)",
            "look": "push: filtered",
        }
    ]
    [fault] = json_object(REFUSED)["differences"]
    assert (fault["path"], fault["error"], fault["line"]) == ("cases[0].evnts", "unknown field", 3)
    json.dumps(json_object(REFUSED))


def test_junit_has_a_suite_for_each_document():
    root = ET.fromstring(junit([PASSED, FAILED, REFUSED]))
    [suite] = root
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("ci", "3", "2")
    failure = suite.find("testcase[@name='does not']/failure")
    assert failure is not None
    assert "expected  build" in (failure.text or "")
    assert "\x1b" not in (failure.text or "")
