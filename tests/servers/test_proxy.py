import asyncio
import ssl

import aiohttp
import pytest

from tests.servers.proxy import Answer, CutBefore, Delay, FaultProxy, LoseAnswer, too_many_requests

pytestmark = pytest.mark.kube


@pytest.fixture
async def client(kube_server):
    """Bare aiohttp with the admin's token; `retry_count` is not aiohttp's for requests that change something."""
    tls = ssl.create_default_context(cafile=str(kube_server.ca_file))
    headers = {"Authorization": f"Bearer {kube_server.admin_token}"}
    connector = aiohttp.TCPConnector(ssl=tls)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        yield session


async def create(client, proxy, namespace, name):
    """The status of the answer, or "lost"."""
    body = {"metadata": {"name": name}}
    try:
        async with client.post(f"{proxy.url}/api/v1/namespaces/{namespace}/configmaps", json=body) as answer:
            await answer.read()
            return answer.status
    except aiohttp.ClientConnectionError:
        return "lost"


def names(reader, namespace):
    return {item["metadata"]["name"] for item in reader.list(f"/api/v1/namespaces/{namespace}/configmaps")}


async def test_a_lost_answer_comes_after_the_object_exists(kube_server, kube_reader, kube_namespace, client):
    async with FaultProxy(kube_server) as proxy:
        proxy.plan.append(LoseAnswer())

        assert await create(client, proxy, kube_namespace, "a") == "lost"
        assert names(kube_reader, kube_namespace) == {"a"}
        assert await create(client, proxy, kube_namespace, "a") == 409
        assert (proxy.counts.lost, proxy.counts.forwarded) == (1, 2)


async def test_an_answer_that_is_no_success_is_not_lost(kube_server, kube_namespace, client):
    async with FaultProxy(kube_server) as proxy:
        proxy.plan.extend([None, LoseAnswer()])

        assert await create(client, proxy, kube_namespace, "a") == 201
        assert await create(client, proxy, kube_namespace, "a") == 409


async def test_the_same_seed_loses_the_same_answers(kube_server, kube_reader, kube_namespace, client):
    async def losses(prefix, seed):
        async with FaultProxy(kube_server, seed=seed, lose_answers=0.3) as proxy:
            outcomes = [await create(client, proxy, kube_namespace, f"{prefix}{i}") for i in range(20)]
            assert proxy.counts.lost == outcomes.count("lost")
            return [number for number, outcome in enumerate(outcomes) if outcome == "lost"]

    first, second, other = await losses("a", 1), await losses("b", 1), await losses("c", 2)

    assert first
    assert first == second != other
    assert len(names(kube_reader, kube_namespace)) == 60


async def test_what_is_cut_before_or_answered_by_the_proxy_never_reaches_the_server(
    kube_server, kube_reader, kube_namespace, client
):
    async with FaultProxy(kube_server) as proxy:
        proxy.plan.extend([CutBefore(), too_many_requests(retry_after_s=1)])

        assert await create(client, proxy, kube_namespace, "a") == "lost"
        assert await create(client, proxy, kube_namespace, "a") == 429
        assert names(kube_reader, kube_namespace) == set()


async def test_a_delayed_request_is_carried_out(kube_server, kube_namespace, client):
    async with FaultProxy(kube_server) as proxy:
        proxy.plan.append(Delay(0.2))
        started = asyncio.get_running_loop().time()

        assert await create(client, proxy, kube_namespace, "a") == 201
        assert asyncio.get_running_loop().time() - started >= 0.2


async def test_a_refusing_proxy_accepts_again_on_the_same_port(kube_server, kube_namespace, client):
    async with FaultProxy(kube_server) as proxy:
        assert await create(client, proxy, kube_namespace, "a") == 201
        await proxy.refuse()
        assert await create(client, proxy, kube_namespace, "b") == "lost"
        await proxy.accept()
        assert await create(client, proxy, kube_namespace, "b") == 201


async def test_a_watch_arrives_line_by_line(kube_server, kube_namespace, client):
    """Answers without an end are passed on as they come."""
    async with FaultProxy(kube_server) as proxy:
        url = f"{proxy.url}/api/v1/namespaces/{kube_namespace}/configmaps?watch=1"
        async with client.get(url) as watch, asyncio.timeout(10):
            assert await create(client, proxy, kube_namespace, "seen") == 201
            assert b'"seen"' in await watch.content.readline()


async def test_an_ailment_meets_every_request_that_it_names(kube_server, kube_namespace, client):
    path = f"/api/v1/namespaces/{kube_namespace}/configmaps"
    async with FaultProxy(kube_server) as proxy:
        proxy.ailment = lambda method, target: Answer(500) if (method, target) == ("GET", path) else None

        for _ in range(2):
            async with client.get(proxy.url + path) as answer:
                assert answer.status == 500
        assert await create(client, proxy, kube_namespace, "a") == 201
        assert proxy.counts.answered == 2


async def test_a_watch_is_cut_and_what_is_idle_stays(kube_server, kube_namespace, client):
    path = f"/api/v1/namespaces/{kube_namespace}/configmaps"
    async with FaultProxy(kube_server) as proxy:
        assert await create(client, proxy, kube_namespace, "a") == 201
        async with client.get(f"{proxy.url}{path}?watch=1") as watch:
            assert b"ADDED" in await watch.content.readline()

            assert await proxy.cut(lambda _method, target: "watch" in target) == 1
            assert await proxy.cut(lambda _method, _target: True) == 0

            with pytest.raises(aiohttp.ClientError):
                await watch.content.read()
        assert await create(client, proxy, kube_namespace, "b") == 201
