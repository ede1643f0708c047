import asyncio

import pytest

from kikkake.api.guarding import HEADERS, AdminExposed
from kikkake.api.server import admin_listener
from tests.kikkake.api.process import call


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.1:7778", "[::1]:7778", "LOCALHOST:1"])
async def test_local_names_are_served(ask, host):
    status, _, _ = await ask("GET", "events", headers={"Host": host})
    assert status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:7778", "127.0.0.1.evil.example", "192.0.2.1", "[", ""]
)
async def test_a_foreign_host_is_refused_so_that_dns_rebinding_fails(ask, host):
    status, _, problem = await ask("GET", "events", headers={"Host": host})
    assert (status, problem["title"]) == (421, "Host not served here")


async def test_a_configured_host_is_served(process):
    listener = admin_listener(process, host="127.0.0.1", port=0, allowed_hosts=frozenset({"gateway.ci"}))
    await listener.start()
    status, _, _ = await asyncio.to_thread(
        call, listener.port, "GET", "/api/v1/events", None, {"Host": "gateway.ci:80"}
    )
    await listener.stop()
    assert status == 200


async def test_a_web_page_cannot_give_orders(ask, process):
    origin = {"Origin": "https://evil.example"}
    assert (await ask("POST", "replay", {"failed": True}, origin))[0] == 403
    form = {"Content-Type": "text/plain"}
    assert (await ask("POST", "replay", {"failed": True}, form))[0] == 415
    assert process.orders == []


@pytest.mark.parametrize("path", ["events", "events/none", "nowhere", "events?limit=x"])
async def test_every_answer_carries_the_safe_headers_and_no_cors(ask, path):
    _, headers, _ = await ask("GET", path)
    assert {name: headers[name.lower()] for name in HEADERS} == HEADERS
    assert not any(name.startswith("access-control-") for name in headers)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "gateway.example"])
def test_the_admin_api_refuses_to_listen_where_others_reach_it(process, host):
    with pytest.raises(AdminExposed, match="no login"):
        admin_listener(process, host=host, port=0)
