"""sprig's numbers, dates, versions and ciphers: the same answers and the same errors as upstream's libraries."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.events.languages.sprig.running import outcome
from tests.oracles import sprig_date_cases, sprig_number_cases, sprig_version_cases
from tests.oracles.fixture import oracle_fixture
from tests.oracles.recordings.sprig_dates import format_at
from tests.oracles.sprig_number_cases import DATA
from tests.oracles.sprig_vectors import sprig_vector
from tests.oracles.vectors import read

SEEDS = st.integers(min_value=0, max_value=2**32)
template_oracle = oracle_fixture("template")


@pytest.mark.parametrize("family", ["sprig_math", "sprig_dates", "sprig_semver", "sprig_crypto"])
def test_recorded_templates_come_out_as_upstream_renders_them(family):
    for vector in read(family):
        assert outcome(vector["text"], DATA) == vector


@pytest.mark.oracle
@settings(max_examples=800, deadline=None)
@given(seed=SEEDS)
def test_arithmetic_is_that_of_go(template_oracle, seed):
    text = sprig_number_cases.arithmetic_at_random(Random(seed))
    assert outcome(text, DATA) == sprig_vector(template_oracle, text, DATA)


@pytest.mark.oracle
@settings(max_examples=1500, deadline=None)
@given(seed=SEEDS)
def test_layouts_are_those_of_go(template_oracle, seed):
    text = sprig_date_cases.date_at_random(Random(seed), format_at)
    assert outcome(text, DATA) == sprig_vector(template_oracle, text, DATA)


@pytest.mark.oracle
@settings(max_examples=800, deadline=None)
@given(seed=SEEDS)
def test_constraints_are_those_of_masterminds(template_oracle, seed):
    text = sprig_version_cases.comparison_at_random(Random(seed))
    assert outcome(text, DATA) == sprig_vector(template_oracle, text, DATA)
