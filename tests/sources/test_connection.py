"""Where a request ends and the next one begins: bodies in pieces, several requests at once, heads too large."""

import asyncio

import pytest

from tests.sources.front import Client, ask, request, running
from tests.sources.support import RememberingBus, event_source, spec_of

HEAD = b"POST /e HTTP/1.1\r\nHost: localhost\r\n"


def webhook():
    return spec_of(event_source("webhook", '{endpoint: /e, port: "12000", method: POST}'))


class SlowBus(RememberingBus):
    """Takes its time, so that the next request arrives while the one before is being stored."""

    async def publish(self, publications):
        await asyncio.sleep(0.1)
        return await super().publish(publications)


async def test_a_body_that_comes_after_its_head_leaves_the_connection_open_for_the_next():
    """What belongs to a body is never taken for the beginning of a head: no 408 while nobody says anything."""
    async with running(webhook(), head_timeout_s=0.2) as run, await Client.connect(run.port()) as client:
        await client.send(HEAD + b"Content-Length: 7\r\n\r\n")
        await asyncio.sleep(0.05)
        assert (await client.ask(b'{"a":1}')).status == 200
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.6):
                await client.reader.read(1)
        assert (await client.ask(request(body=b"2"))).status == 200
        assert run.rejected("slow-head", "") == 0


@pytest.mark.parametrize("size_bytes", [70_000, 900_000])
async def test_a_large_body_is_not_counted_as_headers(size_bytes):
    body = b'"' + b"x" * size_bytes + b'"'
    async with running(webhook()) as run, await Client.connect(run.port()) as client:
        for _ in range(3):
            assert (await client.ask(request(body=body))).status == 200
        assert run.rejected("head-too-large", "") == 0


async def test_a_large_body_may_come_while_the_request_before_it_is_being_stored():
    body = b'"' + b"x" * 900_000 + b'"'
    async with running(webhook(), bus=SlowBus()) as run, await Client.connect(run.port()) as client:
        await client.send(request(body=b"1") + request(body=body) + request(body=b"3"))
        assert [(await client.answer()).status for _ in range(3)] == [200, 200, 200]
        assert len(run.bus.stored) == 3


async def test_a_sender_that_leaves_within_its_second_body_still_gets_its_first_answer():
    async with running(webhook(), bus=SlowBus()) as run, await Client.connect(run.port()) as client:
        await client.send(request(body=b"1") + HEAD + b"Content-Length: 9\r\n\r\n{")
        client.writer.write_eof()
        assert (await client.answer()).status == 200
        assert (await client.answer()).status == 400
        assert await client.is_closed()


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([b"X-%d: 1" % number for number in range(150)], id="150 headers"),
        pytest.param([b"X-%d: 1" % number for number in range(5000)], id="5000 headers"),
        pytest.param([b"X-%d: %s" % (number, b"y" * 4000) for number in range(20)], id="80 KB at once"),
        pytest.param([b"X: " + b"y" * 9000], id="one of 9 KB"),
    ],
)
async def test_a_head_that_is_too_large_is_answered_431(lines):
    wire = HEAD + b"Content-Length: 2\r\n" + b"\r\n".join(lines) + b"\r\n\r\n{}"
    async with running(webhook()) as run, await Client.connect(run.port()) as client:
        answer = await client.ask(wire)
        assert (answer.status, answer.json["title"]) == (431, "Request header fields too large")
        assert answer.headers["connection"] == "close"
        assert await client.is_closed()
        assert run.bus.stored == []


@pytest.mark.parametrize(
    ("coding", "status"),
    [("chunked", 200), ("Chunked", 200), ("gzip, chunked", 400), ("chunked, chunked", 400)],
)
async def test_only_the_plain_chunked_coding_is_taken(coding, status):
    wire = HEAD + f"Transfer-Encoding: {coding}\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n".encode()
    async with running(webhook()) as run:
        assert (await ask(run.port(), wire)).status == status


async def test_an_offer_of_http_2_is_left_unanswered():
    """Java's client makes it with its first request; the delivery is taken in HTTP/1.1."""
    offer = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAEAAEAA"}
    async with running(webhook()) as run:
        assert (await ask(run.port(), request(body=b"{}", headers=offer))).status == 200
