import asyncio

from tests.kikkake.api.process import call


async def _get(listener, path):
    return await asyncio.to_thread(call, listener.port, "GET", path)


async def test_metrics_show_what_the_bus_holds(process, observability):
    await process.publish("d1")
    await process.publish("d2")
    status, headers, text = await _get(observability, "/metrics")
    assert status == 200
    assert headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = text.splitlines()
    assert "kikkake_bus_events 2.0" in lines
    assert "kikkake_bus_unjudged_events 2.0" in lines
    assert "kikkake_bus_up 1.0" in lines


async def test_readyz_says_why_it_is_not_ready(process, observability):
    assert (await _get(observability, "/readyz"))[0] == 200
    process.reasons = ["no EventSource could be loaded"]
    status, _, answer = await _get(observability, "/readyz")
    assert (status, answer) == (503, {"ok": False, "reasons": ["no EventSource could be loaded"]})


async def test_healthz_says_why_the_process_should_be_restarted(process, observability):
    assert (await _get(observability, "/healthz"))[2] == {"ok": True, "reasons": []}
    process.faults = ["the store cannot be written"]
    assert (await _get(observability, "/healthz"))[0] == 503


async def test_probes_answer_by_any_host_name(observability):
    status, _, _ = await asyncio.to_thread(
        call, observability.port, "GET", "/readyz", None, {"Host": "10.0.0.7:7777"}
    )
    assert status == 200


async def test_the_admin_api_is_not_on_the_metrics_port(observability):
    assert (await _get(observability, "/api/v1/events"))[0] == 404
