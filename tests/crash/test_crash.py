"""The short crash runs of `make test`: 20 kills of `run` and 10 of `serve`, and two canaries that have to be seen."""

import os
import random

import pytest

from tests.conftest import require
from tests.crash.plan import Plan
from tests.crash.resources import SCRIPTED_SENSOR
from tests.crash.run import lines_of
from tests.crash.suite import run_suite
from tests.crash.ways import LATE, WAYS
from tests.manifests.cluster import installed

pytestmark = [pytest.mark.crash, pytest.mark.timeout(600)]


@pytest.fixture
def seed():
    """A new one each time; `CRASH_SEED` repeats a run."""
    return int(os.environ.get("CRASH_SEED") or random.SystemRandom().randrange(1_000_000))


@pytest.fixture(scope="session")
def installed_cluster(tmp_path_factory):
    """An API server with Kikkake installed, for `kikkake serve`."""
    require("kube")
    require("kubectl")
    with installed(tmp_path_factory.mktemp("crash-cluster")) as cluster:
        yield cluster


async def crash(plan, tmp_path, kube_server, kafka_server, capsys):
    """The report, printed past pytest's capture: its numbers belong in the output of every run."""

    def tell(text):
        with capsys.disabled():
            print(text, flush=True)

    tell(f"\n{plan.command}{'   (has to fail)' if plan.canary else ''}")
    report = await run_suite(plan, tmp_path, kube_server, kafka_server, tell)
    for line in lines_of(report):
        if not (plan.canary and line.startswith("  ")):
            tell(line)
    return report


async def test_twenty_kills_and_an_outage_lose_nothing_and_do_nothing_twice(
    seed, tmp_path, kube_server, kafka_server, capsys
):
    plan = Plan(seed=seed, kills=20, outage_s=10)

    report = await crash(plan, tmp_path, kube_server, kafka_server, capsys)

    assert report.judgement.violations == []
    # A run in which nothing happened proves nothing.
    assert report.judgement.objects > 500
    assert report.judgement.joins > 10
    assert all(report.judgement.waited[name] > 10 for name in (*WAYS, LATE, SCRIPTED_SENSOR))
    assert report.judgement.requests > 100
    assert report.tally.edits == 2
    assert report.tally.redelivered > 500
    assert report.tally.deleted > 50
    assert report.tally.kafka_while_killing > 100
    assert report.tally.close_kills > 0


async def test_kills_of_a_gateway_that_serves_a_cluster_lose_nothing_and_leave_every_status_true(
    seed, tmp_path, installed_cluster, kafka_server, capsys
):
    """While people make, break, mend and delete resources, and enable and disable namespaces."""
    plan = Plan(seed=seed, kills=10, serve=True)

    report = await crash(plan, tmp_path, installed_cluster, kafka_server, capsys)

    assert report.judgement.violations == []
    assert report.judgement.objects > 300
    assert report.judgement.joins > 5
    assert report.judgement.requests > 50
    assert report.tally.edits == 1
    assert report.tally.redelivered > 200
    assert report.tally.kafka_while_killing > 50


@pytest.mark.parametrize(
    ("canary", "seen_as"),
    [
        pytest.param("random-names", "twice", id="random names make objects twice"),
        pytest.param("early-2xx", "lost", id="a 2xx before the commit loses events"),
    ],
)
async def test_a_gateway_with_a_known_fault_is_found_out(
    canary, seen_as, seed, tmp_path, kube_server, kafka_server, capsys
):
    plan = Plan(seed=seed, kills=6, canary=canary)

    report = await crash(plan, tmp_path, kube_server, kafka_server, capsys)

    kinds = {violation.kind for violation in report.judgement.violations}
    assert kinds == {seen_as}
