"""Every rule has a bad example that it finds, and nothing else does, and a good one in which nothing is found."""

import pytest

from events.errors import Finding, Severity
from events.resource import path_text
from kikkake.rules import catalogue
from kikkake.suppress import without_suppressed
from sensors.compile import check_sensor
from sensors.rules.catalogue import SENSOR_RULES
from tests.sensors.rules.fragments import sensor_of

NOT_YET = frozenset({"NotCarriedOut", "DependencyStopped"})
"""What an example may be besides: of a field that this build does not carry out."""

RULES = [pytest.param(rule, id=rule.code) for rule in SENSOR_RULES.rules]


def found_in(fragment: str) -> list[Finding]:
    document = sensor_of(fragment)
    findings = without_suppressed(document, check_sensor(document)[1])
    return [finding for finding in findings if finding.code not in NOT_YET]


@pytest.mark.parametrize("rule", RULES)
def test_the_bad_example_is_found_by_its_rule_and_by_no_other(rule):
    found = found_in(rule.bad)
    assert {(finding.code, finding.severity) for finding in found} == {(rule.code, Severity.WARNING)}, found
    assert all(finding.line > 1 and finding.column for finding in found)
    assert all(finding.what and finding.fix for finding in found)


@pytest.mark.parametrize("rule", RULES)
def test_nothing_is_found_in_the_good_example(rule):
    assert rule.good
    assert found_in(rule.good) == []


@pytest.mark.parametrize("rule", RULES)
def test_the_finding_stands_at_a_place_that_the_example_has(rule):
    """A check that builds a path of its own would point at the parent."""
    document = sensor_of(rule.bad)
    places = {finding.at for finding in check_sensor(document)[1] if finding.code == rule.code}
    known = {path_text(path) for path in document.positions}
    absent = places - known
    # The condition that an empty `conditions` means has no text.
    assert all(place.endswith(".conditions") for place in absent), absent


@pytest.mark.parametrize(
    "code",
    [
        "AddressNotAllowed",
        "DestNotAllowed",
        "Ignored",
        "InnerAddress",
        "InsecureSkipVerify",
        "InvalidDependencies",
        "InvalidSpec",
        "InvalidTriggers",
        "KK301",
        "KK302",
        "NeverGiven",
        "TTLTooShort",
        "UnknownField",
    ],
)
def test_the_examples_of_other_codes_are_true_too(code):
    entry = catalogue()[code]
    assert code in {finding.code for finding in found_in(entry.bad)}
    if entry.good:
        assert found_in(entry.good) == []
