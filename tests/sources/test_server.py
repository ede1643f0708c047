"""The front over real sockets: every row of spec: bad-input 2 that concerns it, ports, TLS, draining."""

import ast
import asyncio
import dataclasses
import json
import ssl
import time

import pytest

from events.bus import BusFull, BusUnavailable, EventTooLarge, Receipt, Standing
from sources.listening import DeclaredPort, plan_declared, plan_shared
from sources.source import SOURCES
from tests.servers.certificates import Certificates
from tests.sources.front import Client, ask, request, running, until
from tests.sources.support import PAYLOADS, ROOT, SECRET, RememberingBus, event_source, example_route, spec_of

TOKEN = {"Authorization": f"Bearer {SECRET.decode()}"}
AT = 'endpoint: /e, port: "12000", method: POST, authSecret: {name: s, key: k}'
WEBHOOK = f"{{{AT}}}"


def webhook(event=WEBHOOK, **names):
    return spec_of(event_source("webhook", event, **names))


async def test_a_delivery_is_stored_before_it_is_answered():
    async with running(webhook()) as run:
        answer = await ask(run.port(), request(body=b'{"a":1}', headers=TOKEN))
        assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
        assert [stored.event.id for stored in run.bus.stored] == [answer.json["id"]]
        assert run.bus.stored[0].provenance.verified == "bearer token"


async def test_a_known_id_is_answered_as_a_duplicate_and_not_stored_again():
    async with running(webhook()) as run:
        wire = request(body=b"1", headers=TOKEN | {"Idempotency-Key": "k1"})
        assert (await ask(run.port(), wire)).json == {"id": "k1"}
        again = await ask(run.port(), wire)
        assert (again.status, again.json) == (200, {"id": "k1", "duplicate": True})
        assert len(run.bus.stored) == 1


async def test_the_same_body_under_another_id_is_answered_202():
    class Suspecting(RememberingBus):
        async def publish(self, publications):
            await super().publish(publications)
            assert publications[0].body_mac is not None
            return [Receipt(Standing.SUSPECTED_REPLAY, b"k", 1)]

    event = f"{{{AT}, replayBy: body}}"
    async with running(webhook(event), bus=Suspecting()) as run:
        answer = await ask(run.port(), request(body=b"1", headers=TOKEN | {"Idempotency-Key": "k1"}))
        assert (answer.status, answer.json) == (202, {"id": "k1", "duplicate": True})


@pytest.mark.parametrize(
    ("wire", "status", "title", "cause", "detail"),
    [
        pytest.param(request("/nope", headers=TOKEN), 404, "Not found", "no-route", None, id="unknown path"),
        pytest.param(
            request("//e", headers=TOKEN), 404, "Not found", "no-route", None, id="path that is not clean"
        ),
        pytest.param(request(method="PUT"), 405, "Method not allowed", "method", None, id="wrong method"),
        pytest.param(
            request(method="OPTIONS"), 405, "Method not allowed", "method", None, id="options without kind"
        ),
        pytest.param(
            request(body=b"1"),
            401,
            "Signature or credentials missing or invalid",
            "token",
            "Invalid Authorization Header",
            id="no credentials",
        ),
        pytest.param(
            request(body=b"1", headers={"Authorization": "Bearer no"}),
            401,
            "Signature or credentials missing or invalid",
            "token",
            "Invalid Auth token",
            id="wrong token",
        ),
        pytest.param(
            request(headers=TOKEN | {"authorization": TOKEN["Authorization"]}),
            401,
            "Signature or credentials missing or invalid",
            "duplicate-header",
            None,
            id="two authorization headers, both right",
        ),
        pytest.param(
            request(body=b"1", headers=TOKEN | {"Idempotency-Key": "a", "idempotency-key": "b"}),
            400,
            "Malformed request",
            "duplicate-header",
            None,
            id="two ids",
        ),
        pytest.param(
            request(headers=TOKEN | {"Content-Length": "1048577"}),
            413,
            "Body too large",
            "too-large",
            "limit 1048576 bytes",
            id="declared length above the limit",
        ),
        pytest.param(
            request(body=b"1", headers=TOKEN | {"Content-Encoding": "gzip"}),
            415,
            "Encoding not supported",
            "content-encoding",
            None,
            id="gzip",
        ),
        pytest.param(
            request(body=b'{"a":', headers=TOKEN),
            400,
            "Body is not valid JSON",
            "bad-json",
            "line 1 column 6: the text ends too early",
            id="json that ends too early",
        ),
    ],
)
async def test_a_bad_request_gets_its_answer_and_the_connection_closes(wire, status, title, cause, detail):
    async with running(webhook()) as run, await Client.connect(run.port()) as client:
        answer = await client.ask(wire)
        assert (answer.status, answer.json["title"], answer.json["status"]) == (status, title, status)
        assert answer.json.get("detail") == detail
        assert len(answer.json["requestId"]) == 26
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["connection"] == "close"
        assert "server" not in answer.headers
        assert await client.is_closed()
        assert run.rejected(cause, "" if cause == "no-route" else "ci/in") == 1
        assert run.bus.stored == []


async def test_before_authentication_an_answer_says_nothing_more():
    async with running(webhook()) as run:
        answer = await ask(run.port(), request(method="PUT"))
        assert set(answer.json) == {"title", "status", "requestId"}
        assert answer.headers["allow"] == "POST"
        unproven = await ask(run.port(), request(body=b"1"))
        assert unproven.headers["www-authenticate"] == "Bearer"
        assert "type" not in unproven.json
        authentic = await ask(run.port(), request(body=b"{", headers=TOKEN))
        assert authentic.json["type"].endswith("/problems/bad-json")


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(b"GARBAGE\r\n\r\n", id="no request line"),
        pytest.param(b"POST /e HTTP/2.0\r\nHost: x\r\n\r\n", id="version"),
        pytest.param(b"POST /e HTTP/1.1\r\n\r\n", id="no host"),
        pytest.param(b"POST /e HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", id="two hosts"),
        pytest.param(b"POST /e HTTP/1.1\nHost: x\n\n", id="bare line feed"),
        pytest.param(
            b"POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            id="length and chunked",
        ),
        pytest.param(
            b"POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", id="two lengths"
        ),
        pytest.param(b"POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\n12345", id="signed length"),
        pytest.param(
            b"POST /e HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n", id="folded header"
        ),
        pytest.param(b"POST /e HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\n\r\n", id="nul"),
        pytest.param(b"POST /e HTTP/1.1\r\nHost : x\r\n\r\n", id="space before the colon"),
        pytest.param(
            b"POST /e HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
            + SECRET
            + b"\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            id="bad chunk",
        ),
        pytest.param(
            b"GET /e HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", id="upgrade"
        ),
    ],
)
async def test_malformed_http_is_answered_400_and_closed(wire):
    async with running(webhook()) as run, await Client.connect(run.port()) as client:
        answer = await client.ask(wire)
        assert (answer.status, answer.json["title"]) == (400, "Malformed request")
        assert answer.headers["connection"] == "close"
        assert await client.is_closed()
        assert "Traceback" not in run.logged.getvalue()
        assert run.bus.stored == []


async def test_a_header_section_that_is_too_large_is_answered_431():
    async with running(webhook()) as run:
        for headers in ({"X-Long": "x" * 9000}, {f"X-{index}": "x" for index in range(120)}):
            answer = await ask(run.port(), request(headers=headers))
            assert (answer.status, answer.json["title"]) == (431, "Request header fields too large")


async def test_a_header_section_without_an_end_is_cut_off():
    async with running(webhook(), max_head_bytes=20_000) as run, await Client.connect(run.port()) as client:
        await client.send(
            b"POST /e HTTP/1.1\r\nHost: x\r\n"
            + b"".join(b"X-%d: %b\r\n" % (i, b"x" * 100) for i in range(190))
        )
        assert (await client.answer()).status == 431
        assert await client.is_closed()


async def test_a_chunked_body_is_taken_and_one_that_grows_too_large_is_not():
    small = f"{{{AT}, maxPayloadSize: 100}}"
    async with running(webhook(small)) as run:
        head = (
            b"POST /e HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
            + SECRET
            + b"\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        assert (await ask(run.port(), head + b"3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n")).status == 200
        async with await Client.connect(run.port()) as client:
            await client.send(head + b"64\r\n" + b"1" * 100 + b"\r\n")
            answer = await client.ask(b"1\r\n1\r\n")
            assert (answer.status, answer.json["detail"]) == (413, "limit 100 bytes")
            assert await client.is_closed()


async def test_a_megabyte_in_chunks_of_one_byte_is_taken_in_time():
    async with running(webhook(f"{{{AT}, maxPayloadSize: 2000000}}")) as run:
        head = (
            b"POST /e HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
            + SECRET
            + b"\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        started_s = time.process_time()
        answer = await ask(run.port(), head + b"1\r\n1\r\n" * 200_000 + b"0\r\n\r\n")
        # 200,000 digits are one number: longer than any limit allows, so it was read to its end.
        assert (answer.status, answer.json["title"]) == (400, "Body is not valid JSON")
        assert time.process_time() - started_s < 10


async def test_a_refused_large_body_does_not_reset_the_answer():
    """The sender may write megabytes before it reads: what it sends is read and thrown away."""
    async with running(webhook()) as run, await Client.connect(run.port()) as client:
        await client.send(request(headers=TOKEN | {"Content-Length": "4000000"}) + b"x" * 4_000_000)
        assert (await client.answer()).status == 413


async def test_slow_headers_and_slow_bodies_are_answered_408():
    async with running(webhook(), head_timeout_s=0.2, body_timeout_s=0.2) as run:
        for part in (
            b"POST /e HTTP/1.1\r\nHost: x\r\n",
            request(headers=TOKEN | {"Content-Length": "10"}) + b"123",
        ):
            async with await Client.connect(run.port()) as client:
                answer = await client.ask(part)
                assert (answer.status, answer.json["title"]) == (408, "Request timeout")
                assert await client.is_closed()


async def test_a_trickle_of_header_bytes_does_not_extend_the_deadline():
    async with running(webhook(), head_timeout_s=0.3) as run, await Client.connect(run.port()) as client:

        async def trickle():
            for byte in b"POST /e HTTP/1.1\r\nHost: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx":
                await client.send(bytes([byte]))
                await asyncio.sleep(0.02)

        task = asyncio.create_task(trickle())
        assert (await client.answer()).status == 408
        task.cancel()


async def test_a_connection_that_says_nothing_is_closed():
    async with running(webhook(), head_timeout_s=0.2, idle_timeout_s=0.2) as run:
        async with await Client.connect(run.port()) as client:
            assert await client.is_closed()
        async with await Client.connect(run.port()) as client:
            assert (await client.ask(request(body=b"1", headers=TOKEN))).status == 200
            assert await client.is_closed()


async def test_two_requests_on_one_connection_and_pipelined_ones_are_answered_in_order():
    async with running(webhook()) as run, await Client.connect(run.port()) as client:
        count = 40
        wires = [
            request(body=b"%d" % index, headers=TOKEN | {"Webhook-Id": f"w{index}"}) for index in range(count)
        ]
        assert (await client.ask(wires[0])).json["id"] == "w0"
        await client.send(b"".join(wires[1:]))
        assert [(await client.answer()).json["id"] for _ in wires[1:]] == [
            f"w{index}" for index in range(1, count)
        ]


async def test_a_sender_that_expects_100_is_told_to_go_on_only_when_it_may():
    async with running(webhook()) as run:
        async with await Client.connect(run.port()) as client:
            await client.send(request(headers=TOKEN | {"Content-Length": "1", "Expect": "100-continue"}))
            async with asyncio.timeout(10):
                assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            assert (await client.ask(b"1")).status == 200
        async with await Client.connect(run.port()) as client:
            await client.send(
                request(headers=TOKEN | {"Content-Length": "9999999", "Expect": "100-continue"})
            )
            assert (await client.answer()).status == 413


async def test_http_1_0_gets_an_answer_and_a_closed_connection():
    async with running(webhook()) as run, await Client.connect(run.port()) as client:
        answer = await client.ask(request(body=b"1", headers=TOKEN, version="1.0"))
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert await client.is_closed()


async def test_a_sender_that_closes_its_side_still_gets_its_answer():
    async with running(webhook()) as run, await Client.connect(run.port()) as client:
        await client.send(request(body=b"1", headers=TOKEN))
        client.writer.write_eof()
        assert (await client.answer()).status == 200
        assert await client.is_closed()


async def test_a_sender_that_goes_away_within_its_body_leaves_nothing_behind():
    async with running(webhook()) as run:
        async with await Client.connect(run.port()) as client:
            await client.send(request(headers=TOKEN | {"Content-Length": "10"}) + b"123")
            await until(lambda: run.front.body_bytes_in_flight == 10)
        await until(lambda: run.front.body_bytes_in_flight == 0)
        assert run.bus.stored == []
        assert (await ask(run.port(), request(body=b"1", headers=TOKEN))).status == 200


async def test_an_endpoint_that_takes_more_than_the_bus_is_told_when_it_is_applied():
    async with running(max_event_bytes=1_000_000) as run:
        (problem,) = await run.front.apply([webhook(WEBHOOK.replace("{", "{maxPayloadSize: 1000001, ", 1))])
        assert (problem.code, problem.severity) == ("PayloadLimitMismatch", "warning")
        assert "`maxPayloadSize` is 1000001 bytes" in problem.what
        assert "1000000 (`max_event_bytes`)" in problem.what


async def test_health_is_answered_on_every_port():
    async with running(webhook()) as run:
        answer = await ask(run.port(), request("/health", method="GET"))
        assert (answer.status, answer.body) == (200, b"OK")


@pytest.mark.parametrize(
    ("fault", "status", "title", "retry_after"),
    [
        (BusFull("no room"), 503, "Temporarily out of storage", "30"),
        (BusUnavailable("away"), 503, "Temporarily unavailable", "5"),
        (EventTooLarge(2_000_000, 1_048_576), 413, "Body too large", None),
        (RuntimeError("a bug that quotes canary-body"), 500, "Internal error", None),
    ],
)
async def test_a_bus_that_does_not_store_is_never_answered_2xx(fault, status, title, retry_after):
    async with running(webhook()) as run:
        run.bus.fault = fault
        answer = await ask(run.port(), request(body=b'"canary-body"', headers=TOKEN))
        assert (answer.status, answer.json["title"], answer.headers.get("retry-after")) == (
            status,
            title,
            retry_after,
        )
        assert "canary-body" not in run.logged.getvalue()
        assert b"canary-body" not in answer.body
        run.bus.fault = None
        assert (await ask(run.port(), request(body=b"1", headers=TOKEN))).status == 200


async def test_a_bus_that_hangs_is_answered_503():
    class Hanging(RememberingBus):
        async def publish(self, publications):
            await asyncio.Event().wait()

    async with running(webhook(), bus=Hanging(), publish_timeout_s=0.1) as run:
        assert (await ask(run.port(), request(body=b"1", headers=TOKEN))).status == 503


async def test_a_secret_that_cannot_be_read_closes_the_endpoint_and_opens_it_again():
    async with running(webhook()) as run:
        run.secrets.missing = frozenset({"s"})
        answer = await ask(run.port(), request(body=b"1", headers=TOKEN))
        assert (answer.status, answer.json["title"], answer.headers["retry-after"]) == (
            503,
            "Endpoint not ready",
            "30",
        )
        assert "secret ci/s key `k` not found" in run.logged.getvalue()
        run.secrets.missing = frozenset()
        assert (await ask(run.port(), request(body=b"1", headers=TOKEN))).status == 200


async def test_no_secret_and_no_body_is_ever_logged_or_answered():
    async with running(webhook()) as run:
        run.secrets.values["s"] = b"canary-secret-of-many-letters"
        for token in ("canary-secret-of-many-letters", "canary-wrong"):
            wire = request("/e?x=canary-query", b'{"x": "canary-body"', {"Authorization": f"Bearer {token}"})
            assert b"canary" not in (await ask(run.port(), wire)).body
        assert "canary" not in run.logged.getvalue()


async def test_bodies_together_have_a_limit():
    async with (
        running(webhook(), max_body_bytes_in_flight=1000) as run,
        await Client.connect(run.port()) as client,
    ):
        await client.send(request(headers=TOKEN | {"Content-Length": "800"}) + b"[")
        await until(lambda: run.front.body_bytes_in_flight == 800)
        answer = await ask(run.port(), request(body=b"1" * 300, headers=TOKEN))
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert (await client.ask(b" " * 798 + b"]")).status == 200
        assert run.front.body_bytes_in_flight == 0


async def test_connections_have_a_limit_per_peer():
    async with (
        running(webhook(), max_connections_per_peer=1) as run,
        await Client.connect(run.port()) as first,
    ):
        assert (await first.ask(request(body=b"1", headers=TOKEN))).status == 200
        async with await Client.connect(run.port()) as second:
            assert (await second.answer()).status == 503
            assert await second.is_closed()


async def test_metrics_have_the_same_series_whatever_arrives():
    async with running(webhook()) as run, await Client.connect(run.port()) as client:
        await ask(run.port(), request("/x", headers=TOKEN))
        before = len(_samples(run))
        for index in range(200):
            await ask(run.port(), request(f"/random-{index}", headers={"X-GitHub-Event": str(index)}))
        assert len(_samples(run)) == before
        assert (await client.ask(request(body=b"1", headers=TOKEN))).status == 200


def _samples(run):
    return [sample for family in run.metrics.registry.collect() for sample in family.samples]


async def test_refused_requests_are_logged_once_each_within_a_limit():
    async with running(webhook()) as run:
        for _ in range(50):
            await ask(run.port(), request(body=b"1"))
        lines = [line for line in run.logged.getvalue().splitlines() if "ingest.rejected" in line]
        assert 10 <= len(lines) < 50
        assert run.rejected("token") == 50


async def test_several_ports_and_several_endpoints_a_port():
    one = webhook()
    two = webhook('{endpoint: /e, port: "12001", method: POST, unauthenticated: true}', name="two")
    three = webhook(
        '{endpoint: "/f/{name}", port: "12000", method: POST, unauthenticated: true}', name="three"
    )
    async with running(one, two, three) as run:
        assert run.port(12000) != run.port(12001)
        assert (await ask(run.port(12001), request(body=b"1"))).status == 200
        assert (await ask(run.port(12000), request("/f/x", b"1"))).status == 200
        assert (await ask(run.port(12000), request("/f/x/y", b"1"))).status == 404
        assert [str(stored.topic) for stored in run.bus.stored] == ["ci/two/e", "ci/three/e"]


async def test_routes_are_swapped_without_closing_the_port_and_a_deleted_one_is_gone_for_an_hour():
    async with running(webhook()) as run, await Client.connect(run.port()) as client:
        assert (await client.ask(request(body=b"1", headers=TOKEN))).status == 200
        port = run.port()
        moved = webhook(WEBHOOK.replace("/e,", "/moved,"))
        assert await run.front.apply([moved]) == []
        assert run.port() == port
        assert (await client.ask(request("/moved", b"1", TOKEN))).status == 200
        answer = await ask(port, request(body=b"1", headers=TOKEN))
        assert (answer.status, answer.json["title"]) == (410, "Endpoint gone")
        run.clock.advance(3601)
        assert (await ask(port, request(body=b"1", headers=TOKEN))).status == 404
        assert await run.front.apply([webhook()]) == []
        assert (await ask(port, request(body=b"1", headers=TOKEN))).status == 200


async def test_an_event_source_that_is_deleted_answers_410_and_the_others_go_on():
    other = webhook('{endpoint: /o, port: "12001", method: POST, unauthenticated: true}', name="other")
    async with running(webhook(), other) as run:
        assert await run.front.apply([other]) == []
        assert (await ask(run.port(12000), request(body=b"1", headers=TOKEN))).status == 410
        assert (await ask(run.port(12001), request("/o", b"1"))).status == 200
        run.clock.advance(3601)
        assert await run.front.apply([other]) == []
        assert set(run.front.addresses()) == {12001}


async def test_a_port_that_is_taken_is_named_and_disturbs_nobody():
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    number = taken.sockets[0].getsockname()[1]
    async with running(ports={12000: 0, 12001: number}) as run:
        bad = webhook('{endpoint: /o, port: "12001", method: POST}', name="bad")
        problems = await run.front.apply([webhook(), bad])
        assert [(problem.event_source, problem.code) for problem in problems] == [("bad", "PortUnavailable")]
        assert f"port {number} cannot be opened" in problems[0].what
        assert run.front.refused_ports == {12001}
        assert (await ask(run.port(), request(body=b"1", headers=TOKEN))).status == 200
        taken.close()
        await taken.wait_closed()
        assert await run.front.apply([webhook(), bad]) == []
        assert run.front.refused_ports == set()
        assert (await ask(run.port(12001), request("/o", b"1"))).status == 200


async def test_two_event_sources_on_one_path_name_each_other():
    first = spec_of(event_source("webhook", WEBHOOK, name="first"), file="a.yaml")
    second = spec_of(event_source("webhook", WEBHOOK, name="second"), file="b.yaml")
    async with running() as run:
        (problem,) = await run.front.apply([first, second])
        assert (problem.event_source, problem.code) == ("second", "EndpointConflict")
        assert "path /e on port 12000 is served by ci/first event e (a.yaml)" in problem.what
        assert "b.yaml" in problem.what
        assert (await ask(run.port(), request(body=b"1", headers=TOKEN))).status == 200


async def test_a_suspended_source_asks_its_senders_to_come_again():
    source = event_source("webhook", WEBHOOK).replace("spec: {", "spec: {suspend: true, ")
    async with running(spec_of(source)) as run:
        answer = await ask(run.port(), request(body=b"1", headers=TOKEN))
        assert (answer.status, answer.headers["retry-after"], run.bus.stored) == (503, "30", [])


async def test_draining_finishes_what_is_in_flight_and_refuses_what_is_new():
    class Slow(RememberingBus):
        def __init__(self):
            super().__init__()
            self.entered, self.may_go = asyncio.Event(), asyncio.Event()

        async def publish(self, publications):
            self.entered.set()
            await self.may_go.wait()
            return await super().publish(publications)

    bus = Slow()
    async with running(webhook(), bus=bus) as run:
        port = run.port()
        idle, open_, busy = [await Client.connect(port) for _ in range(3)]
        bus.may_go.set()
        assert (await idle.ask(request(body=b"1", headers=TOKEN))).status == 200
        bus.may_go.clear()
        bus.entered.clear()
        await open_.send(b"POST /e HTTP/1.1\r\nHost: x\r\n")
        await busy.send(request(body=b"2", headers=TOKEN))
        await bus.entered.wait()
        drained = asyncio.create_task(run.front.drain())
        assert await idle.is_closed()
        answer = await open_.ask(b"Content-Length: 0\r\n\r\n")
        assert (answer.status, answer.json["title"]) == (503, "Restarting")
        assert (answer.headers["retry-after"], answer.headers["connection"]) == ("5", "close")
        with pytest.raises(ConnectionError):
            await Client.connect(port)
        assert not drained.done()
        bus.may_go.set()
        finished = await busy.answer()
        assert (finished.status, finished.headers["connection"]) == (200, "close")
        async with asyncio.timeout(10):
            await drained
        for client in (idle, open_, busy):
            client.writer.close()


async def test_draining_ends_at_its_deadline():
    class Hanging(RememberingBus):
        async def publish(self, publications):
            await asyncio.Event().wait()

    async with (
        running(webhook(), bus=Hanging(), drain_timeout_s=0.1) as run,
        await Client.connect(run.port()) as client,
    ):
        await client.send(request(body=b"1", headers=TOKEN))
        await until(lambda: run.front.body_bytes_in_flight > 0)
        async with asyncio.timeout(10):
            await run.front.drain()
        assert "front.drain_incomplete" in run.logged.getvalue()


async def test_tls_with_a_certificate_from_secrets_that_may_change(tmp_path):
    event = (
        f"{{{AT}, serverCertSecret: {{name: tls, key: crt}}, serverKeySecret: {{name: tlskey, key: key}}}}"
    )
    certificates = Certificates.make(tmp_path)
    client_side = ssl.create_default_context(cafile=str(certificates.ca))
    async with running() as run:
        spec = webhook(event)
        (problem,) = await run.front.apply([spec])
        assert problem.code == "SecretNotFound"
        assert "secret ci/tls key `crt`" in problem.what
        run.secrets.values |= {
            "tls": certificates.server.read_bytes(),
            "tlskey": certificates.server_key.read_bytes(),
        }
        assert await run.front.apply([spec]) == []
        wire = request(body=b"1", headers=TOKEN)
        assert (await ask(run.port(), wire, client_side)).status == 200
        port = run.port()
        assert await run.front.apply([spec]) == []
        assert run.port() == port
        assert (await ask(port, wire, client_side)).status == 200
        plain = webhook(name="plain", event=WEBHOOK.replace("/e,", "/p,"))
        (clash,) = await run.front.apply([spec, plain])
        assert "another certificate (or none)" in clash.what


async def test_half_of_a_new_certificate_changes_nothing_until_the_other_half_is_there(tmp_path):
    """Certificate and key may stand in two Secrets, which change one after the other."""
    event = (
        f"{{{AT}, serverCertSecret: {{name: tls, key: crt}}, serverKeySecret: {{name: tlskey, key: key}}}}"
    )
    old, new = Certificates.make(tmp_path / "old"), Certificates.make(tmp_path / "new")
    trusting = {each: ssl.create_default_context(cafile=str(each.ca)) for each in (old, new)}
    wire, spec = request(body=b"1", headers=TOKEN), webhook(event)
    async with running() as run:
        run.secrets.values |= {"tls": old.server.read_bytes(), "tlskey": old.server_key.read_bytes()}
        assert await run.front.apply([spec]) == []
        run.secrets.values["tls"] = new.server.read_bytes()

        (problem,) = await run.front.apply([spec])

        assert "are not a PEM certificate and its key" in problem.what
        assert (await ask(run.port(), wire, trusting[old])).status == 200
        run.secrets.values["tlskey"] = new.server_key.read_bytes()
        assert await run.front.apply([spec]) == []
        assert (await ask(run.port(), wire, trusting[new])).status == 200


async def test_preflight_is_answered_for_origins_on_the_list():
    event = '{webhook: {endpoint: /e, port: "12000", unauthenticated: true}, allowedOrigins: [a.example], rate: 120}'
    async with running(spec_of(event_source("cloudevents", event))) as run:
        origin = {"WebHook-Request-Origin": "a.example", "WebHook-Request-Callback": "http://127.0.0.1/no"}
        answer = await ask(run.port(), request(method="OPTIONS", headers=origin))
        assert (answer.status, answer.headers["allow"]) == (200, "POST")
        assert answer.headers["webhook-allowed-origin"] == "a.example"
        assert answer.headers["webhook-allowed-rate"] == "120"
        evil = await ask(
            run.port(), request(method="OPTIONS", headers={"WebHook-Request-Origin": "evil.example"})
        )
        assert evil.status == 403
        assert "webhook-allowed-origin" not in evil.headers
        assert (await ask(run.port(), request(method="OPTIONS"))).status == 405


async def test_a_rate_is_kept_and_told():
    event = '{webhook: {endpoint: /e, port: "12000", unauthenticated: true}, rate: 2}'
    async with running(spec_of(event_source("cloudevents", event))) as run:
        headers = {"Content-Type": "application/cloudevents+json"}
        wire = request(body=b'{"specversion":"1.0","id":"1","source":"/s","type":"t"}', headers=headers)
        answers = [await ask(run.port(), wire) for _ in range(3)]
        assert [answer.status for answer in answers] == [202, 202, 429]
        assert answers[2].headers["retry-after"] == "30"
        run.clock.advance(30)
        assert (await ask(run.port(), wire)).status == 202


async def test_a_kind_that_punishes_refusals_gets_202_and_the_delivery_is_kept():
    event = '{webhook: {endpoint: /e, port: "12000", unauthenticated: true}}'
    async with running(spec_of(event_source("distribution", event))) as run:
        answer = await ask(run.port(), request(body=b'{"events": [{}]}'))
        assert (answer.status, answer.json["rejected"]) == (202, "unusable-body")
        (kept,) = run.bus.stored
        assert (kept.topic.event_name, kept.event.data) == ("e!rejected", b'{"events": [{}]}')
        assert run.rejected("unusable-body") == 1


async def test_a_refused_delivery_is_kept_on_request():
    async with running(webhook(f"{{{AT}, keepRejected: true}}")) as run:
        answer = await ask(run.port(), request(body=b"{", headers=TOKEN))
        assert (answer.status, answer.json["title"]) == (400, "Body is not valid JSON")
        assert [stored.topic.event_name for stored in run.bus.stored] == ["e!rejected"]


def test_no_line_of_the_front_knows_a_kind():
    for name in ("server", "service", "connection", "ingest", "router", "route", "limits"):
        text = (ROOT / "sources" / f"{name}.py").read_text().lower()
        assert [kind for kind in SOURCES.names() if kind != "webhook" and f'"{kind}"' in text] == []


def test_every_cause_of_a_refusal_is_explained_and_no_other():
    """The words are taken from the calls that refuse, so that a new one cannot be forgotten."""
    causes = {"internal", "secret"}
    for file in (ROOT / "sources").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {
                "Rejected",
                "refused",
                "_busy",
            }:
                words = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
                causes |= set([word for word in words if isinstance(word, str)][:1])
    rows = [
        line.split("|")[1]
        for line in (ROOT / "docs" / "problems.md").read_text().splitlines()
        if line[:3] == "| `"
    ]
    assert {word for row in rows for word in row.split("`")[1::2]} == causes


def test_a_thousand_endpoints_are_planned_in_no_time():
    """Each was once compared with all others: an edit of one large file stopped everybody for minutes."""
    spec = webhook("{endpoint: /e0, port: '12000', method: POST}")
    [event] = spec.events
    many = [
        dataclasses.replace(
            event,
            source=type(event.source)(
                event.source.config.model_copy(update={"endpoint": f"/e{number % 2500}"}),
                namespace="ci",
                event_source="in",
                event_name=f"e{number}",
            ),
        )
        for number in range(5000)
    ]
    started_s = time.perf_counter()
    plan = plan_declared([dataclasses.replace(spec, events=tuple(many))])
    assert time.perf_counter() - started_s < 5
    assert (len(plan.ports[12000].routes), len(plan.problems)) == (2500, 2500)


async def test_on_the_shared_port_every_source_has_a_path_of_its_own():
    def planned(specs):
        return plan_shared(specs, 12000, {DeclaredPort("ci", "one", 12000): 12001})

    one, two = webhook(name="one"), webhook(name="two")
    async with running(plan=planned) as run:
        assert await run.front.apply([one, two]) == []
        for path in ("/ci/one/e", "/ci/two/e"):
            assert (await ask(run.port(), request(path, b"1", TOKEN))).status == 200
        assert (await ask(run.port(), request("/e", b"1", TOKEN))).status == 404
        assert (await ask(run.port(12001), request("/e", b"1", TOKEN))).status == 200, "its own listener"
        assert [str(stored.topic) for stored in run.bus.stored] == ["ci/one/e", "ci/two/e", "ci/one/e"]


async def test_a_path_with_segments_is_gone_for_an_hour_too():
    event = "{webhook: {endpoint: /hub, port: '12000'}, tokenSecret: {name: s, key: k}}"
    spec = spec_of(event_source("dockerhub", event))
    async with running(spec, webhook()) as run:
        await run.front.apply([webhook()])
        answer = await ask(run.port(), request("/hub/" + "x" * 30, b"{}"))
        assert (answer.status, answer.json["title"]) == (410, "Endpoint gone")
        assert (await ask(run.port(), request("/hub/a/b", b"{}"))).status == 404
        run.clock.advance(3601)
        assert (await ask(run.port(), request("/hub/" + "x" * 30, b"{}"))).status == 404


async def test_two_credentials_are_answered_with_the_scheme_that_is_wanted():
    async with running(webhook()) as run:
        doubled = request(headers=TOKEN | {"authorization": "Bearer x"})
        assert (await ask(run.port(), doubled)).headers["www-authenticate"] == "Bearer"


async def test_a_suspected_replay_is_logged_with_its_id():
    class Suspecting(RememberingBus):
        async def publish(self, publications):
            return [Receipt(Standing.SUSPECTED_REPLAY, b"k", 1)]

    async with running(webhook(f"{{{AT}, replayBy: body}}"), bus=Suspecting()) as run:
        await ask(run.port(), request(body=b"1", headers=TOKEN | {"Idempotency-Key": "k1"}))
        [line] = [line for line in run.logged.getvalue().splitlines() if "suspected_replay" in line]
        assert (json.loads(line)["level"], json.loads(line)["event_id"]) == ("warning", "k1")
        assert (
            run.metrics.registry.get_sample_value(
                "kikkake_ingest_events_total",
                {"event_source": "ci/in", "event_name": "e", "standing": "suspected_replay"},
            )
            == 1
        )


async def test_a_preflight_is_logged():
    event = '{webhook: {endpoint: /e, port: "12000", unauthenticated: true}, allowedOrigins: [a.example]}'
    async with running(spec_of(event_source("cloudevents", event))) as run:
        await ask(run.port(), request(method="OPTIONS", headers={"WebHook-Request-Origin": "a.example"}))
        assert '"event": "ingest.answered"' in run.logged.getvalue()


@pytest.mark.parametrize("kind", ["webhook", "cloudevents"])
async def test_nothing_is_kept_for_a_sender_that_proved_nothing(kind):
    """Else anybody could fill the disk with what is no event."""
    where = 'endpoint: /e, port: "12000", method: POST, unauthenticated: true'
    event = (
        f"{{{where}, keepRejected: true}}"
        if kind == "webhook"
        else (f"{{webhook: {{{where}}}, keepRejected: true}}")
    )
    async with running(spec_of(event_source(kind, event))) as run:
        answer = await ask(
            run.port(), request(body=b"{", headers={"Content-Type": "application/cloudevents+json"})
        )
        assert answer.status == 400
        assert run.bus.stored == []


async def test_a_refusal_after_the_proof_links_to_its_explanation():
    bus = RememberingBus()
    async with running(webhook(), bus=bus) as run:
        for fault, cause in ((BusFull("full"), "bus-full"), (EventTooLarge(9, 8), "event-too-large")):
            bus.fault = fault
            answer = await ask(run.port(), request(body=b"1", headers=TOKEN))
            assert answer.json["type"] == f"/problems/{cause}"


FORMER = (
    "{webhook: {endpoint: /h, port: '12000'}, authorizationSecret: {name: new, key: k}, "
    "oldAuthorizationSecrets: [{name: old, key: k}]}"
)


async def test_a_former_secret_is_told_until_nobody_accepts_it():
    spec = spec_of(event_source("harbor", FORMER))
    async with running(spec) as run:
        run.secrets.values |= {"new": b"the new secret, long enough", "old": b"the old secret, long enough"}
        body = (PAYLOADS / "harbor" / "push__tag.json").read_bytes()
        for secret in ("new", "old", "old"):
            headers = {
                "Authorization": run.secrets.values[secret].decode(),
                "Content-Type": "application/json",
            }
            assert (await ask(run.port(), request("/h", body, headers))).status in {200, 202}
            run.clock.advance(5)

        (problem,) = run.front.old_secrets()
        assert (problem.code, problem.severity, problem.source) == ("OldSecretInUse", "warning", ("ci", "in"))
        assert "secret ci/old key `k`" in problem.what
        assert "from 2026-11-24T10:00:00Z" in problem.what, (
            "the hour, so that it is not new with every delivery"
        )

        alone = FORMER.partition(", oldAuth")[0] + "}"
        await run.front.apply([spec_of(event_source("harbor", alone))])
        assert list(run.front.old_secrets()) == []


@pytest.mark.parametrize(
    ("kind", "value", "code", "severity"),
    [
        ("dockerhub", b"22 letters or more, and\n", "SecretHasNewline", "error"),
        ("dockerhub", b"too short", "SecretTooShort", "error"),
        ("dockerhub", b"", "SecretEmpty", "error"),
        ("github", b"22 letters or more, and\n", "SecretHasNewline", "warning"),
        ("github", b"changeme", "SecretKnown", "error"),
    ],
)
async def test_a_secret_is_looked_at_before_the_first_delivery(kind, value, code, severity):
    route = example_route(kind)
    async with running() as run:
        run.secrets.values = {ref.name: value for ref in route.proof.refs}
        example = ROOT / "examples" / "sources" / f"{kind}.yaml"
        assert await run.front.apply([spec_of(example.read_text())]) == []
        (problem,) = await run.front.look_at_secrets()
        assert (problem.code, problem.severity) == (code, severity)
        assert str(route.proof.refs[0]) in problem.what
        assert not value or value.decode().strip() not in problem.what


async def test_two_events_of_a_source_on_one_path_and_two_ports_are_both_served_by_a_service():
    second = WEBHOOK.replace("12000", "12001")
    spec = spec_of(event_source("webhook", WEBHOOK).replace("}}\n", f", f: {second}}}}}\n"))
    for own, severity in (({}, "error"), ({DeclaredPort("ci", "in", 12001): 12002}, "warning")):
        (problem,) = plan_shared([spec], 12000, own).problems
        assert (problem.code, problem.event_name, problem.severity) == ("EndpointConflict", "f", severity)
