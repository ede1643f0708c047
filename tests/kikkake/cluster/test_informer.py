"""The informer against a real API server, with a proxy in between that cuts, delays and forgets."""

import asyncio
import json

import orjson
import pytest

from events.clock import SystemClock
from kikkake.cluster.informer import Informer, Scope
from kikkake.kube import connect_kubeconfig
from tests.servers.proxy import Answer, CutBefore, FaultProxy, too_many_requests

pytestmark = pytest.mark.kube

GONE = Answer(410, body=json.dumps({"kind": "Status", "code": 410, "reason": "Expired"}).encode())
_WAIT_S = 20


class Seen:
    """What an informer has told, and an event for each word of it."""

    def __init__(self):
        self.objects = {}
        self.told = []
        self._changed = asyncio.Event()

    def changed(self, kind, name, found):
        self.told.append((name[1], found is not None))
        if found is None:
            del self.objects[name[1]]
        else:
            self.objects[name[1]] = found
        self._changed.set()

    async def until(self, condition):
        async with asyncio.timeout(_WAIT_S):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


@pytest.fixture
async def proxy(kube_server):
    async with FaultProxy(kube_server, hits=lambda _method, target: "configmaps" in target) as proxy:
        yield proxy


@pytest.fixture
async def informer(kube_server, kube_namespace, proxy, tmp_path):
    """One that runs through the proxy; `informer.seen` is what it told."""
    client = await connect_kubeconfig(kube_server.write_kubeconfig(tmp_path / "config", url=proxy.url))
    seen = Seen()
    scope = Scope(api_version="v1", kind="ConfigMap", namespace=kube_namespace)
    informer = Informer(client, SystemClock(), scope, seen.changed, chance=lambda: 0.1)
    informer.seen = seen
    task = None

    async def start():
        nonlocal task
        task = asyncio.create_task(informer.run(), name="informer")
        async with asyncio.timeout(_WAIT_S):
            await informer.is_synced.wait()

    informer.start = start
    yield informer
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await client.close()


@pytest.fixture
def make(kube_client, kube_namespace):
    async def make(name, **data):
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}
        return await kube_client.create("v1", "ConfigMap", kube_namespace, orjson.dumps(body))

    return make


async def test_what_is_there_is_told_before_it_is_synced_and_changes_follow(
    informer, make, kube_client, kube_namespace
):
    await make("one")
    await informer.start()
    assert informer.seen.told == [("one", True)]

    await make("two")
    await kube_client.delete("v1", "ConfigMap", kube_namespace, "one")
    await informer.seen.until(lambda: set(informer.seen.objects) == {"two"})
    assert informer.seen.told == [("one", True), ("two", True), ("one", False)]


async def test_a_list_of_several_pages_is_whole(informer, make):
    await asyncio.gather(*(make(f"c{number}") for number in range(520)))
    await informer.start()
    assert len(informer.seen.objects) == 520


async def test_what_changes_while_the_api_server_is_away_is_told_when_it_is_back(
    informer, make, proxy, kube_client, kube_namespace
):
    await make("goes")
    await informer.start()
    await proxy.refuse()
    await kube_client.delete("v1", "ConfigMap", kube_namespace, "goes")
    await make("comes")
    await proxy.accept()

    await informer.seen.until(lambda: set(informer.seen.objects) == {"comes"})
    assert informer.seen.told == [("goes", True), ("goes", False), ("comes", True)]


async def test_a_version_that_is_too_old_lists_anew_and_tells_what_vanished(
    informer, make, proxy, kube_client, kube_namespace
):
    await make("stays")
    await make("goes")
    await informer.start()
    proxy.plan.append(GONE)
    await proxy.refuse()
    await kube_client.delete("v1", "ConfigMap", kube_namespace, "goes")
    await proxy.accept()

    await informer.seen.until(lambda: set(informer.seen.objects) == {"stays"})
    assert informer.seen.told.count(("stays", True)) == 1, "what is known is not told again"


@pytest.mark.parametrize(
    "faults",
    [[too_many_requests(0)], [Answer(500)], [CutBefore()], [Answer(401)], [GONE, Answer(503)]],
    ids=["429", "500", "cut", "401", "410-503"],
)
async def test_whatever_a_list_is_answered_it_is_tried_again(informer, make, proxy, faults):
    await make("one")
    proxy.plan.extend(faults)
    await informer.start()
    assert set(informer.seen.objects) == {"one"}


async def test_trouble_is_named_until_it_has_passed(informer, make, proxy):
    await informer.start()
    proxy.plan.extend([Answer(500)] * 3)
    await proxy.refuse()
    await proxy.accept()
    await make("one")
    await informer.seen.until(lambda: "one" in informer.seen.objects)
    assert informer.trouble == ""


async def test_an_api_server_that_forgets_everything_at_once_is_asked_with_pauses(informer, make, proxy):
    """A list for each 410 without a pause would be hundreds a second."""
    await informer.start()
    asked = []

    def forgetful(_method, target):
        if "watch" not in target:
            return None
        asked.append(target)
        return GONE

    proxy.ailment = forgetful
    await proxy.cut(lambda _method, target: "watch" in target)
    await make("a")
    await informer.seen.until(lambda: "a" in informer.seen.objects)
    await asyncio.sleep(1)

    assert 2 < len(asked) < 12
    assert "410" in informer.trouble or "Expired" in informer.trouble
    proxy.ailment = None
    await make("b")
    await informer.seen.until(lambda: "b" in informer.seen.objects)
