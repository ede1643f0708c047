"""Requests written by hand on the library's connections, against raw sockets that answer byte for byte."""

import asyncio
import contextlib

import aiohttp
import pytest
from yarl import URL

from sensors.http_wire import Wire, is_plain

TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=5)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Peer:
    """Answers each request of a connection with the next of `answers`; None closes without one."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.heads = []
        self.bodies = []
        self.connections = 0
        self.port = 0
        self.asked = asyncio.Event()
        self.tasks = set()

    async def serve(self, reader, writer):
        self.tasks.add(asyncio.current_task())
        self.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while self.answers:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head.decode())
                self.asked.set()
                length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                self.bodies.append(await reader.readexactly(int(length or 0)))
                answer = self.answers.pop(0)
                if answer is None:
                    break
                writer.write(answer)
                await writer.drain()
                if (
                    b"Connection: close" in answer
                    or not answer.startswith(b"HTTP/1.1 ")
                    or b"\r\n\r\n" not in answer
                ):
                    break
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def listening(*answers):
    peer = Peer(*answers)
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    peer.port = server.sockets[0].getsockname()[1]
    connector = aiohttp.TCPConnector(limit=0)
    try:
        yield peer, Wire(connector)
    finally:
        await connector.close()
        server.close()
        async with asyncio.timeout(5):
            await asyncio.gather(*peer.tasks)


async def send(peer, wire, method="POST", path="/x?a=b", headers=(), body=b"hello", most=65536):
    url = URL(f"http://127.0.0.1:{peer.port}{path}")
    message, answer, _is_whole = await wire.send(
        method, url, list(headers), body, tls=True, timeout=TIMEOUT, max_answer_bytes=most
    )
    return message.code, answer


async def test_the_head_holds_what_was_given_and_what_http_needs():
    async with listening(OK) as (peer, wire):
        assert await send(peer, wire, headers=[("X-One", "1"), ("x-two", "zwei")]) == (200, b"ok")
    assert peer.heads == [
        (
            f"POST /x?a=b HTTP/1.1\r\nHost: 127.0.0.1:{peer.port}\r\nX-One: 1\r\nx-two: zwei\r\n"
            "Accept: */*\r\nContent-Length: 5\r\n\r\n"
        )
    ]
    assert peer.bodies == [b"hello"]


async def test_a_host_and_an_accept_of_the_user_are_the_only_ones():
    async with listening(OK) as (peer, wire):
        await send(peer, wire, headers=[("Host", "other.example"), ("accept", "text/plain")])
    assert peer.heads[0].count("Host:") == 1
    assert peer.heads[0].lower().count("accept:") == 1


@pytest.mark.parametrize(
    ("method", "has_length"), [("POST", True), ("PUT", True), ("GET", False), ("DELETE", False)]
)
async def test_an_empty_body_is_announced_where_one_is_expected(method, has_length):
    async with listening(OK) as (peer, wire):
        await send(peer, wire, method=method, body=b"")
    assert ("Content-Length: 0" in peer.heads[0]) is has_length


async def test_a_connection_is_used_again():
    async with listening(OK, OK, OK) as (peer, wire):
        for _ in range(3):
            assert await send(peer, wire) == (200, b"ok")
        assert peer.connections == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", (204, b""), id="no body"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
            (200, b"abc"),
            id="chunks",
        ),
        pytest.param(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" + OK,
            (200, b"ok"),
            id="1xx first",
        ),
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\nuntil the end", (200, b"until the end"), id="until the end"),
        pytest.param(
            b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            (503, b""),
            id="closed after it",
        ),
    ],
)
async def test_every_form_of_an_answer_is_read(answer, expected):
    async with listening(answer, OK) as (peer, wire):
        assert await send(peer, wire) == expected
        assert await send(peer, wire) == (200, b"ok")


async def test_a_long_answer_is_cut_and_its_connection_not_used_again():
    long = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000
    async with listening(long, OK) as (peer, wire):
        assert await send(peer, wire, most=100) == (200, b"x" * 100)
        assert await send(peer, wire) == (200, b"ok")
        assert peer.connections == 2


async def test_an_answer_whose_rest_breaks_off_is_an_answer():
    broken = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nhalf"
    async with listening(broken) as (peer, wire):
        assert await send(peer, wire) == (200, b"half")


@pytest.mark.parametrize("answer", [None, b"this is no HTTP\r\n\r\n", b"HTTP/1.1 200"])
async def test_no_answer_is_the_librarys_error(answer):
    async with listening(answer) as (peer, wire):
        with pytest.raises(aiohttp.ClientError):
            async with asyncio.timeout(5):
                await send(peer, wire, headers=[("X", "1")])


async def test_nobody_listening_is_a_connector_error():
    async with listening() as (peer, wire):
        url = URL("http://127.0.0.1:9/x")
        with pytest.raises(aiohttp.ClientConnectorError):
            await wire.send("POST", url, [], b"", tls=True, timeout=TIMEOUT, max_answer_bytes=1)
    assert peer.connections == 0


async def test_a_request_that_is_given_up_closes_its_connection():
    async with listening(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", OK) as (peer, wire):
        task = asyncio.create_task(send(peer, wire))
        async with asyncio.timeout(5):
            await peer.asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await send(peer, wire) == (200, b"ok")
        assert peer.connections == 2


@pytest.mark.parametrize(
    ("url", "headers", "plain"),
    [
        ("http://h/x", [("X", "1")], True),
        ("https://h/x", [], True),
        ("http://user:pw@h/x", [], False),
        ("http://h/x", [("Expect", "100-continue")], False),
        ("http://h/x", [("Connection", "close")], False),
        ("http://h/x", [("X", "a\r\nY: b")], False),
    ],
)
def test_what_steers_the_connection_is_left_to_the_session(url, headers, plain):
    assert is_plain(URL(url), headers) is plain
