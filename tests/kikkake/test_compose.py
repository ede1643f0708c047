"""The gateway of one process: started whole or not at all, stopped in order, ended by a loop that fails."""

import asyncio
import json
import socket
import urllib.request

import pytest

from events.bus import RunnerFenced
from kikkake.api.listener import ListenFailed
from kikkake.compose import Gateway, GatewayFailed
from kikkake.files import FilesUnreadable
from kikkake.settings import ListenSettings
from tests.kikkake.support import BROKEN, SENSOR, SOURCE, running, settings, write


@pytest.fixture
def folder(tmp_path):
    write(tmp_path, a=SOURCE, b=SENSOR)
    return tmp_path


async def post(gateway, body=b"{}"):
    """One delivery; its status and answer."""
    [url] = next(report.urls for report in gateway.services.resources() if report.urls)

    def send():
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)

    return await asyncio.to_thread(send)


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - a state of the gateway, nothing tells when it changes
            await asyncio.sleep(0.005)


async def judged(gateway):
    """Until the newest event is judged and nothing is open."""
    async with asyncio.timeout(10):
        while True:
            facts = await gateway.services.reader.facts()
            if facts.place >= facts.head and not facts.open_effects:
                return facts
            await asyncio.sleep(0.005)


async def test_it_receives_judges_and_acts_and_a_second_life_knows_it_all(folder):
    async with running(folder) as gateway:
        status, answer = await post(gateway)
        assert status == 200
        assert (await judged(gateway)).events == 1
        assert await gateway.services.reader.effects_of(1)
    async with running(folder) as gateway:
        assert (await judged(gateway)).events == 1
        [stored] = await gateway.services.reader.find_events(answer["id"])
        assert stored.sequence == 1


async def test_a_start_that_fails_closes_what_it_opened(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        listen = ListenSettings(ports={12000: 0}, metrics_port=0, admin_port=port)
        with pytest.raises(ListenFailed, match="--admin-port"):
            await Gateway(settings(folder, listen=listen), print).start()
    async with running(folder):
        pass  # the store is not locked any more


async def test_a_path_that_is_not_there_keeps_it_from_starting_and_leaves_nothing_behind(folder):
    gateway = Gateway(settings(folder, paths=("no-such-folder",)), print)
    with pytest.raises(FilesUnreadable, match="no-such-folder"):
        await gateway.start()
    assert not (folder / "data").exists()


async def test_listeners_can_be_left_out(folder):
    listen = ListenSettings(ports={12000: 0}, metrics_port=None, admin_port=None)
    async with running(folder, listen=listen) as gateway:
        assert gateway.listening() == {}
        assert (await post(gateway))[0] == 200


async def test_it_says_when_it_is_ready_and_when_it_stops(folder):
    gateway = Gateway(settings(folder), print)
    await gateway.start()
    assert gateway.services.not_ready() == []
    assert gateway.services.not_healthy() == []
    await gateway.stop()
    assert [reason.partition(":")[0] for reason in gateway.services.not_ready()] == ["draining"]
    await gateway.stop()  # harmless


async def test_a_reload_swaps_what_changed_and_keeps_the_last_good_text(folder, caplog):
    caplog.set_level("INFO")
    async with running(folder) as gateway:
        write(folder, b=BROKEN)
        assert await gateway.feed.reload(gateway.force) is False
        write(folder, b=SENSOR.replace("note", "other"))
        await gateway.feed.reload(gateway.force)
        write(folder, b="")
        assert await gateway.feed.reload(gateway.force) is True, "it may come back"
    told = [record.getMessage() for record in caplog.records if record.getMessage().startswith("resource.")]
    assert told == ["resource.refused", "resource.changed"]


async def test_a_reload_that_cannot_be_recorded_is_not_in_force(folder):
    """Another runner has taken over: what is not stored must not be served, and not be told as if it were."""
    async with running(folder) as gateway:
        before = gateway.catalog
        await gateway.services._bus.take_over()
        write(folder, b=SENSOR.replace("note", "other"))
        with pytest.raises(RunnerFenced):
            await gateway.feed.reload(gateway.force)
        assert gateway.catalog is before


async def test_a_loop_that_fails_ends_the_process_with_a_text_that_names_it(folder, caplog):
    async with running(folder) as gateway:

        async def fail():
            raise ValueError("a payload that must not be told")

        gateway._own(fail(), "odd")
        with pytest.raises(GatewayFailed, match="the odd loop failed: ValueError"):
            await gateway.wait()
    assert "must not be told" not in caplog.text
    assert [
        record.keys["loop"] for record in caplog.records if hasattr(record, "keys") and "loop" in record.keys
    ] == ["odd"]


async def test_a_port_that_was_taken_is_opened_when_it_is_free(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        listen = ListenSettings(ports={12000: port}, metrics_port=None, admin_port=None)
        gateway = Gateway(settings(folder, listen=listen, renew_interval_s=0.02), print)
        await gateway.start()
        assert [problem.code for problems in gateway.problems.values() for problem in problems] == [
            "PortUnavailable"
        ]
    try:
        await until(lambda: not gateway.problems)
        assert (await post(gateway))[0] == 200
    finally:
        await gateway.stop()


async def test_a_file_of_which_nothing_is_known_is_told_once_and_forgotten_when_it_is_mended(folder, caplog):
    async with running(folder) as gateway:
        write(folder, c="kind: [")
        for _ in range(2):
            await gateway.feed.reload(gateway.force)
        assert [fault.file for fault in gateway.faults] == [str(folder / "c.yaml")]
        write(folder, c=SOURCE.replace("hook", "late").replace("/deploy", "/late"))
        await gateway.feed.reload(gateway.force)
        assert gateway.faults == ()
    assert sum(record.getMessage() == "file.unreadable" for record in caplog.records) == 1
