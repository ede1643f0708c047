"""The look at statuses after a run sees what is not so."""

import pytest

from tests.crash.churn import untruth

GOOD = {
    "dependencies": [{"name": "push", "eventSourceName": "c1", "eventName": "push"}],
    "triggers": [{"template": {"name": "t1", "conditions": "push", "log": {}}}],
}
BAD = {**GOOD, "triggers": [{"template": {"name": "t1", "conditions": "push &&", "log": {}}}]}


def sensor(spec, *, generation=2, observed=2, ready="True", condition_of=2):
    condition = {"type": "Ready", "status": ready, "observedGeneration": condition_of}
    status = {"observedGeneration": observed, "conditions": [condition]}
    return {"metadata": {"name": "c1", "generation": generation}, "spec": spec, "status": status}


@pytest.mark.parametrize(
    ("found", "said"),
    [
        pytest.param(sensor(GOOD), "", id="good, and said to be"),
        pytest.param(sensor(BAD, ready="False"), "", id="bad, and said to be"),
        pytest.param(sensor(BAD), "Ready is True, not False", id="bad, and said to be good"),
        pytest.param(
            sensor(GOOD, ready="False"), "Ready is False, not True", id="mended, and said to be bad"
        ),
        pytest.param(sensor(GOOD, observed=1), "it speaks of generation 1", id="an older generation"),
        pytest.param(sensor(GOOD, condition_of=1), "Ready is None", id="a condition of an older generation"),
        pytest.param({**sensor(GOOD), "status": {}}, "it speaks of generation None", id="nothing at all"),
    ],
)
def test_a_status_that_is_not_so_is_seen(found, said):
    assert untruth("Sensor", found).startswith(said)
    assert bool(untruth("Sensor", found)) is bool(said)
