import asyncio

import aiohttp
import pytest

from tests.servers.http_sink import Cut, Hang, HttpSink, Reply


@pytest.fixture
async def client():
    async with aiohttp.ClientSession() as session:
        yield session


async def test_requests_are_recorded_as_they_were_sent(http_sink, client):
    async with client.post(f"{http_sink.url}/a?b=c", data=b"body", headers={"X-Y": "z"}) as answer:
        assert answer.status == 200

    (received,) = await http_sink.wait_for(1)

    assert (received.method, received.target, received.body) == ("POST", "/a?b=c", b"body")
    assert received.header("x-y") == "z"


async def test_a_chunked_body_is_recorded_whole(http_sink, client):
    async def parts():
        yield b"one "
        yield b"two"

    async with client.post(http_sink.url, data=parts()):
        pass

    assert (await http_sink.wait_for(1))[0].body == b"one two"


async def test_each_request_gets_the_answer_that_was_told(http_sink, client):
    http_sink.answers.extend([Reply(503, {"Retry-After": "2"}, b"busy"), Reply(204)])

    async with client.get(http_sink.url) as first:
        assert (first.status, first.headers["Retry-After"], await first.read()) == (503, "2", b"busy")
    async with client.get(http_sink.url) as second:
        assert second.status == 204


async def test_a_cut_loses_the_answer_and_keeps_the_request(http_sink, client):
    http_sink.answers.append(Cut())

    with pytest.raises(aiohttp.ClientConnectionError):
        await client.post(http_sink.url, data=b"x")

    assert (await http_sink.wait_for(1))[0].body == b"x"


async def test_a_hanging_request_ends_with_the_client(http_sink, client):
    http_sink.answers.append(Hang())

    with pytest.raises(TimeoutError):
        await client.get(http_sink.url, timeout=aiohttp.ClientTimeout(total=0.1))

    assert len(http_sink.received) == 1


async def test_an_outage_refuses_and_ends_on_the_same_port(http_sink, client):
    url = http_sink.url
    await http_sink.close()
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.get(url)

    await http_sink.open()
    async with client.get(url) as answer:
        assert answer.status == 200


async def test_waiting_for_too_many_requests_is_a_time_out(http_sink):
    with pytest.raises(TimeoutError):
        await http_sink.wait_for(1, timeout_s=0.05)


async def test_a_sink_that_ends_leaves_no_task_behind():
    async with HttpSink(default=Hang()) as sink, asyncio.TaskGroup() as tasks:
        _, writer = await asyncio.open_connection("127.0.0.1", sink.port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        tasks.create_task(sink.wait_for(1))
    writer.close()

    assert asyncio.all_tasks() == {asyncio.current_task()}
