import asyncio
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from aiohttp import web

from events.metrics import Metrics
from kikkake.api.listener import Listener, ListenFailed
from kikkake.api.server import admin_listener, observability_listener


async def test_a_taken_port_is_named_with_the_flag_that_moves_it(process, admin):
    second = admin_listener(process, host="127.0.0.1", port=admin.port)
    with pytest.raises(ListenFailed, match=rf"127.0.0.1:{admin.port}: the port is taken.*--admin-port PORT"):
        await second.start()


async def test_each_listener_names_its_own_flag(process, admin):
    second = observability_listener(process, Metrics().registry, host="127.0.0.1", port=admin.port)
    with pytest.raises(ListenFailed, match=r"^metrics: .*--metrics-port PORT"):
        await second.start()


async def test_an_address_of_another_machine_is_a_clear_error(process):
    listener = observability_listener(process, Metrics().registry, host="192.0.2.1", port=0)
    with pytest.raises(ListenFailed, match="this machine has no such address"):
        await listener.start()


async def test_a_listener_knows_its_url(admin):
    assert admin.url == f"http://127.0.0.1:{admin.port}"


async def _hello(_request):
    return web.Response(text="hello")


@asynccontextmanager
async def listening(first_request_timeout_s):
    app = web.Application()
    app.router.add_get("/", _hello)
    listener = Listener(
        app,
        name="test",
        host="127.0.0.1",
        port=0,
        flag="--x",
        first_request_timeout_s=first_request_timeout_s,
    )
    await listener.start()
    yield listener
    await listener.stop()


@pytest.fixture
async def impatient():
    async with listening(0.2) as listener:
        yield listener


async def test_a_connection_that_says_nothing_is_closed(impatient):
    for said in (b"", b"GET / HTTP/1.1\r\nHost: x\r\n"):
        reader, writer = await asyncio.open_connection("127.0.0.1", impatient.port)
        writer.write(said)
        async with asyncio.timeout(10):
            assert b"200" not in await reader.read()
        writer.close()
        await writer.wait_closed()


async def test_a_connection_that_has_asked_is_kept(impatient):
    reader, writer = await asyncio.open_connection("127.0.0.1", impatient.port)
    for _ in range(2):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(10):
            assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.4):
                await reader.read()
    writer.close()
    await writer.wait_closed()


async def test_too_many_connections_are_closed_and_the_first_ones_served():
    async with AsyncExitStack() as stack, asyncio.timeout(30):
        listener = await stack.enter_async_context(listening(60))
        first, first_writer = await asyncio.open_connection("127.0.0.1", listener.port)
        stack.callback(first_writer.close)
        for _ in range(99):
            _, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            stack.callback(writer.close)
        refused, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        stack.callback(writer.close)
        assert await refused.read() == b""
        first_writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await first.readuntil(b"hello")
