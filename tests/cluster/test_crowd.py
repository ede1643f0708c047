"""Very many resources, and more mutated ones among them: each is told what is wrong with it, and the good ones fire.

The sizes that the issue names are measured by `make bench` (serve-1200, serve-mutants); here they are a tenth.
"""

import asyncio
import os
import random
import re
import time
from collections import Counter

import pytest

from tests.cluster.crowd import Crowd, Size
from tests.cluster.serving import Serving, assert_nothing_went_wrong, free_the_lease
from tests.cluster.team import condition, is_ready
from tests.cluster.verdicts import difference, is_beyond_files, lint
from tests.stories.background import Background
from tests.stories.process import wait_until

pytestmark = [pytest.mark.kube, pytest.mark.timeout(300)]
KINDS = ("EventSource", "Sensor")
SIZE = Size(sensors=100, sources=20, mutants=1000, namespaces=4)
STATUS = re.compile(r"/namespaces/([^/]+)/(eventsources|sensors)/([^/]+)/status")
COLD_START_S = 10


@pytest.fixture(scope="module")
def seed():
    """A new one each time; `MUTANT_SEED` repeats a run."""
    return int(os.environ.get("MUTANT_SEED") or random.SystemRandom().randrange(1_000_000))


class Served:
    """A crowd that is served through a proxy which counts what is written on statuses."""

    def __init__(self, cluster, proxy, folder, seed):
        self.crowd = Crowd(cluster, SIZE, seed=seed)
        self.gateway = Serving(cluster, folder, url=proxy.url)
        self.cluster = cluster
        self.written = Counter()
        proxy.hits = self._note

    def _note(self, method, target):
        if method == "PATCH" and (match := STATUS.search(target)):
            self.written[match.groups()] += 1
        return False

    def objects(self):
        with self.cluster.reader() as reader:
            return [found for kind in KINDS for found in self.crowd.objects(reader, kind)]

    def until_told(self):
        """The statuses are counted on their way: reading them all again and again is work for the API server."""
        wait_until(lambda: len(self.written) >= SIZE.sensors + SIZE.sources + SIZE.mutants, timeout_s=90)

    def fire(self):
        """One delivery to each good source, each of which some good Sensors wait for."""
        for namespace, name in self.crowd.targets():
            assert self.gateway.post(f"/{namespace}/{name}/push", {"mark": "m"}).status == 200


@pytest.fixture(scope="module")
def served(cluster, tmp_path_factory, seed):
    background = Background()
    with background.proxy(cluster.server) as proxy:
        found = Served(cluster, proxy, tmp_path_factory.mktemp("crowd"), seed)
        asyncio.run(found.crowd.fill())
        asyncio.run(found.crowd.fill_mutants())
        print(f"\nmutants of seed {seed}")
        began = time.monotonic()
        found.gateway.start()
        found.start_s = time.monotonic() - began
        yield found
        assert found.gateway.stop() == 0
        assert_nothing_went_wrong(found.gateway)
    background.close()
    for name in found.crowd.names:
        cluster.kubectl("label", "namespace", name, "kikkake/enabled-")
    free_the_lease(cluster)


def test_it_starts_with_all_of_them_present(served):
    """CVE-2026-40886: what is bad must not keep anybody from starting, for it is still there at the next start."""
    print(f"ready after {served.start_s:.1f} s")
    assert served.start_s < COLD_START_S


def test_every_mutant_is_told_all_of_its_faults_and_only_those(served, tmp_path, seed):
    served.until_told()
    mutated = [found for found in served.objects() if found["metadata"]["name"].startswith("m")]
    errors = lint(mutated, tmp_path / "mutants")
    compared = [found for found in mutated if not is_beyond_files(errors[found["metadata"]["name"]])]

    wrong = {
        found["metadata"]["name"]: said
        for found in compared
        if (said := difference(found, errors[found["metadata"]["name"]]))
    }

    assert wrong == {}, f"seed {seed}"
    assert all(condition(found, "Ready") for found in mutated)
    assert len(compared) > SIZE.mutants * 0.8
    assert sum(bool(errors[found["metadata"]["name"]]) for found in compared) > SIZE.mutants / 3


def test_the_good_ones_are_served_and_fire(served):
    good = [found for found in served.objects() if not found["metadata"]["name"].startswith("m")]
    assert len(good) == SIZE.sensors + SIZE.sources
    assert all(map(is_ready, good))

    served.fire()

    with served.cluster.reader() as reader:
        wait_until(lambda: served.crowd.made(reader) >= SIZE.sensors)
        assert served.crowd.made(reader) == SIZE.sensors


def test_a_status_is_written_once_for_an_object_and_generation(served):
    assert len(served.written) == len(served.objects())
    assert {place: count for place, count in served.written.items() if count > 1} == {}


def test_an_edit_takes_effect_and_touches_nothing_else(served):
    before = {(each["kind"], each["metadata"]["uid"]): each for each in served.objects()}
    namespace, name = served.crowd.targets()[3]
    change = {"spec": {"webhook": {"push": {"endpoint": "/moved"}}}}
    with served.cluster.reader() as admin:
        path = f"/apis/argoproj.io/v1alpha1/namespaces/{namespace}/eventsources/{name}"
        admin.patch(path, change)
        edited = time.monotonic()
        wait_until(lambda: served.gateway.post(f"/{namespace}/{name}/moved", {"mark": "e"}).status == 200)
        took_s = time.monotonic() - edited
        wait_until(lambda: is_ready(admin.get(path)))

    changed = [
        each["metadata"]["name"]
        for each in served.objects()
        if each != before[each["kind"], each["metadata"]["uid"]]
    ]
    assert changed == [name]
    assert took_s < 1
