"""sprig's texts, lists, maps, JSON, patterns and URLs: the same answers and the same errors as upstream's libraries."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.languages.sprig import _FAMILIES as FAMILY_NAMES
from tests.events.languages.sprig.running import outcome
from tests.oracles import sprig_text_cases as cases
from tests.oracles.fixture import oracle_fixture
from tests.oracles.vectors import Vector, read

SEEDS = st.integers(min_value=0, max_value=2**32)
FAMILIES = {"sprig_strings": cases.STRINGS, "sprig_values": cases.VALUES, "sprig_formats": cases.FORMATS}
template_oracle = oracle_fixture("template")


def ours(vector: Vector) -> Vector:
    return {"data": vector["data"], **outcome(vector["text"], vector["data"])}


@pytest.mark.parametrize("family", FAMILIES)
def test_recorded_calls_come_out_as_upstream_renders_them(family):
    for vector in read(family):
        assert ours(vector) == vector


@pytest.mark.oracle
@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=25, deadline=None)
@given(seed=SEEDS)
def test_the_library_answers_generated_calls_the_same_way(template_oracle, family, seed):
    for case in cases.calls(Random(seed), FAMILIES[family], 1):
        vector = cases.text_vector(template_oracle, case)
        assert ours(vector) == vector


@pytest.mark.oracle
def test_the_recordings_are_what_the_library_says_today(template_oracle):
    for family in FAMILIES:
        for vector in read(family):
            today = cases.text_vector(template_oracle, cases.Recorded(vector["text"], vector["data"]))
            assert today == vector


@pytest.mark.parametrize("family", FAMILIES)
def test_recordings_hold_good_calls_of_each_function(family):
    good = {vector["text"].split()[3] for vector in read(family) if "output" in vector}
    assert good == FAMILIES[family].keys() - {"fail"}


def test_each_function_of_these_families_is_compared():
    others = {"conversion", "crypto", "dates", "math", "network", "randomness", "semver"}
    expected = {
        name for family, names in FAMILY_NAMES.items() if family not in others for name in names.split()
    }
    assert expected - {"shuffle"} == cases.STRINGS.keys() | cases.VALUES.keys() | cases.FORMATS.keys()
