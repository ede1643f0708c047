"""Whatever arrives on a port, no answer is a 5xx, nothing is logged as a bug, and the next sender is served."""

import asyncio
import contextlib
import json
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.front import Running, request, running
from tests.sources.support import PAYLOADS, event_source, headers_beside, spec_of

OPEN = 'port: "12000", unauthenticated: true'
SOURCES = {
    "webhook": f"{{endpoint: /webhook, {OPEN}, method: POST, maxPayloadSize: 65536}}",
    "github": f"{{webhook: {{endpoint: /github, {OPEN}}}, restrict: true, organizations: [octo-org]}}",
    "cloudevents": f"{{webhook: {{endpoint: /cloudevents, {OPEN}}}, allowedOrigins: [a.example]}}",
    "harbor": f"{{webhook: {{endpoint: /harbor, {OPEN}}}, includePulls: true}}",
    "distribution": f"{{webhook: {{endpoint: /distribution, {OPEN}}}, includePulls: true}}",
    "dockerhub": f"{{webhook: {{endpoint: /dockerhub, {OPEN}}}}}",
}
RECORDED = [
    (kind, file.read_bytes(), {"Content-Type": "application/json"} | headers_beside(file))
    for kind in SOURCES
    for file in sorted((PAYLOADS / kind).glob("*.json"))
]
SEEDS = [request(f"/{kind}", body, headers) for kind, body, headers in RECORDED] + [
    request("/cloudevents", headers={"WebHook-Request-Origin": "a.example"}, method="OPTIONS"),
    request("/health", method="GET"),
    b"POST /webhook HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
]
PIECES = (
    *(b"\r\n", b"\n", b"\r", b"\0", b" ", b":", b"\t", b"%", b"%00", b"%ff", b"\xff\xfe", b"\xed\xa0\x80"),
    *(b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"Content-Encoding: gzip\r\n"),
    *(b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"Upgrade: h2c\r\nConnection: upgrade\r\n"),
    *(b"ce-id: 1\r\n", b"ce-specversion: 0.3\r\n", b"Content-Type: application/cloudevents+json\r\n"),
    *(b"Content-Type: application/x-www-form-urlencoded\r\n", b"payload=", b"GET", b"OPTIONS", b"HTTP/1.0"),
    *(b'"', b"{", b"}", b"[", b"]" * 9, b"[" * 70, b"null", b"NaN", b"-0", b"1e999", b"9" * 4400),
    *(b"X: " + b"y" * 9000 + b"\r\n", b"\\ud800", b'"a":1,"a":2,'),
)
LEAVES = (
    None,
    True,
    0,
    -1,
    2**70,
    1e308,
    "",
    "x",
    "\0",
    "sha256:" + "a" * 64,
    "é\u2028",
    [],
    {},
    [[]],
    [None],
)


@dataclass
class Served:
    """A front on a loop of its own, so that a test need not be a coroutine."""

    run: Running
    port: int

    def exchange(self, wire: bytes) -> bytes:
        """Everything that comes back until the front closes; a reset ends it as well."""
        got = bytearray()
        with (
            contextlib.suppress(ConnectionError),
            socket.create_connection(("127.0.0.1", self.port)) as sender,
        ):
            sender.settimeout(10)
            sender.sendall(wire)
            sender.shutdown(socket.SHUT_WR)
            while part := sender.recv(65_536):
                got += part
        return bytes(got)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    started: list[Served] = []
    loop = asyncio.new_event_loop()
    ready, done = threading.Event(), asyncio.Event()

    async def serve() -> None:
        specs = [spec_of(event_source(kind, event, name=kind)) for kind, event in SOURCES.items()]
        async with running(*specs, ports={12000: 0}) as run:
            started.append(Served(run, run.port()))
            ready.set()
            await done.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), name="front")
    thread.start()
    assert ready.wait(10)
    yield started[0]
    loop.call_soon_threadsafe(done.set)
    thread.join(10)
    loop.close()


def check(served: Served, wire: bytes) -> list[int]:
    answered = served.exchange(wire)
    statuses = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answered)]
    assert all(status < 500 for status in statuses), answered
    assert b"Traceback" not in answered
    logged = served.run.logged.getvalue()
    assert "ingest.bug" not in logged
    assert "traceback" not in logged.lower()
    served.run.logged.seek(0)
    served.run.logged.truncate()
    assert served.exchange(request("/webhook", b"1")).startswith(b"HTTP/1.1 200 ")
    return statuses


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A request of a real sender in which bytes were cut out, doubled, changed or put in."""
    wire = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(wire)))
        until = min(len(wire), at + draw(st.sampled_from([0, 1, 2, 7, 40])))
        put = draw(
            st.sampled_from(PIECES) | st.binary(max_size=4) | st.just(wire[at:until] * 2) | st.just(b"")
        )
        wire = wire[:at] + put + wire[until:]
    return wire


@st.composite
def misshapen(draw: st.DrawFn) -> bytes:
    """A body of a real sender in which one value is of another shape."""
    kind, body, headers = draw(st.sampled_from(RECORDED))
    document = json.loads(body)
    places = list(_places(document))
    for _ in range(draw(st.integers(1, 2))):
        holder, key = draw(st.sampled_from(places))
        holder[key] = draw(st.sampled_from(LEAVES))
    return request(f"/{kind}", json.dumps(document).encode(), headers)


def _places(value: object) -> Iterator[tuple]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in pairs:
        yield value, key
        yield from _places(member)


@settings(max_examples=300, deadline=None, database=None)
@given(wire=damaged())
def test_damaged_requests_get_an_answer_below_500_or_none(served, wire):
    check(served, wire)


@settings(max_examples=300, deadline=None, database=None)
@given(wire=misshapen())
def test_bodies_of_another_shape_are_answered_and_never_a_bug(served, wire):
    assert check(served, wire)


def test_the_undamaged_requests_are_taken(served):
    """The seeds are good ones: else the tests above would only look at refusals."""
    assert {status for wire in SEEDS for status in check(served, wire)} <= {200, 202, 403}
