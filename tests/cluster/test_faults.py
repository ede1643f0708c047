"""The API server has a bad day while deliveries come in and resources change: nothing is lost, nothing done twice.

Each ailment is short here; `python -m tests.cluster.faults` gives each the time that the issue names, 30 s without
watches and answers that take longer than 30 s.
"""

import os
import random

import pytest

from tests.cluster.ailments import bad_days
from tests.cluster.faults import Trial
from tests.cluster.serving import Serving, assert_nothing_went_wrong
from tests.stories.background import Background

pytestmark = [pytest.mark.kube, pytest.mark.timeout(200)]
ANSWER_S = 2.0
DAYS = bad_days(3.0, ANSWER_S)


@pytest.fixture(scope="module")
def seed():
    """A new one each time; `FAULT_SEED` repeats a run."""
    return int(os.environ.get("FAULT_SEED") or random.SystemRandom().randrange(1_000_000))


@pytest.fixture(scope="module")
def patient(cluster, tmp_path_factory):
    """A gateway behind a proxy, and the proxy."""
    background = Background()
    with background.proxy(cluster.server) as proxy:
        gateway = Serving(cluster, tmp_path_factory.mktemp("faults"), url=proxy.url)
        gateway.timing = {"api-timeout": ANSWER_S, "lease-duration": 60}
        gateway.start()
        yield background, proxy, gateway
        assert gateway.stop() == 0
        assert_nothing_went_wrong(gateway)
    background.close()


@pytest.fixture(scope="module")
def trials():
    """What has been through a bad day, to look at once more at the end."""
    return []


@pytest.mark.parametrize("name", DAYS)
def test_nothing_is_lost_and_nothing_done_twice(cluster, patient, trials, seed, name):
    background, proxy, gateway = patient
    trial = Trial(cluster, gateway, name)
    trials.append(trial)
    trial.begin()

    trial.live_through(background, proxy, DAYS[name], seed)

    trial.heal()
    print(f"{name}: seed {seed}, {trial.met} requests met it, healed after {trial.healed_s:.1f} s")
    # A day on which nothing happened proves nothing.
    assert trial.met > 0
    assert trial.made() == trial.expected
    assert trial.healed_s < 60


def test_every_status_is_right_at_the_end(trials):
    for trial in trials:
        trial.until_told()
        trial.end()
