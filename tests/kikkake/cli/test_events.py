import asyncio
import json
import os
import signal
import subprocess
import sys

import msgspec
import pytest

from events.bus import Provenance, Publication
from events.event import Event
from events.topic import Topic
from kikkake.cli.happened import happened_cell
from tests.kikkake.api.process import PUSH


async def test_events_are_listed_newest_first_and_aligned(process, kikkake):
    await process.publish("d1")
    await process.publish("delivery-2")
    answer = await kikkake("events")
    assert answer.exit_code == 0
    head, *rows = answer.stdout.splitlines()
    assert head.split() == ["NO", "ARRIVED", "ID", "EVENT", "TYPE", "WHAT", "HAPPENED"]
    assert [row.split()[3] for row in rows] == ["delivery-2", "d1"]
    assert rows[1].split()[1:3] == ["2025-11-24", "08:00:00.000Z"]
    assert {row.index("ci/github/push") for row in rows} == {head.index("EVENT")}
    assert rows[0].endswith("not judged yet")


async def test_events_are_narrowed_by_source_and_event(process, kikkake):
    await process.publish("d1")
    await process.publish("d2", topic=Topic("ci", "default", "github", "release"))
    await process.publish("d3", topic=Topic("prod", "default", "github", "push"))

    async def ids(*arguments):
        answer = await kikkake("events", "-o", "json", *arguments)
        return [json.loads(line)["id"] for line in answer.output.splitlines()]

    assert await ids("--source", "github") == ["d3", "d2", "d1"]
    assert await ids("--source", "ci/github") == ["d2", "d1"]
    assert await ids("--source", "ci/github/push") == ["d1"]
    assert await ids("--since", "1h", "--limit", "1") == ["d3"]
    assert (await kikkake("events", "--source", "a/b/c/d")).exit_code == 1


async def test_an_empty_list_says_what_to_do(kikkake):
    answer = await kikkake("events")
    assert answer.stdout == "No event has arrived yet. Send one: kikkake send SOURCE/EVENT FILE\n"
    assert (await kikkake("events", "--since", "1h")).stdout == "No event fits.\n"


async def test_a_resource_that_does_not_work_as_written_is_noted_beside_the_list(kikkake):
    answer = await kikkake("events")
    assert (
        answer.stderr == "(Sensor ci/build is refused: sensor.yaml:3:5 spec.triggers[0]: no triggers found)\n"
    )
    assert (await kikkake("events", "-o", "json")).output == "", "scripts ask /api/v1/resources"


async def test_a_suspected_replay_is_marked(process, kikkake):
    first = Publication(
        PUSH, Event(id="d1", source="s", type="t", data=b"x"), Provenance(1, "p", "github", "HMAC"), b"m" * 32
    )
    again = msgspec.structs.replace(first, event=Event(id="d2", source="s", type="t", data=b"x"))
    await process.bus.publish([first])
    await process.bus.publish([again])
    answer = await kikkake("events")
    assert "suspected-replay" in answer.output.splitlines()[1]


async def test_ids_from_outside_cannot_write_to_the_terminal(process, kikkake):
    await process.publish("evil\x1b[2J\x07\nline")
    answer = await kikkake("events")
    assert len(answer.stdout.splitlines()) == 2
    assert "\x1b" not in answer.output
    assert "evil\\u001b[2J\\u0007\\u000aline" in answer.output


async def test_follow_shows_what_arrives_and_ends_quietly_on_ctrl_c(process, admin, tmp_path):
    await process.publish("before")
    command = [sys.executable, "-m", "kikkake", "events", "-f", "--server", admin.url, "-o", "json"]
    follower = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )
    async with asyncio.timeout(30):
        assert json.loads(await follower.stdout.readline())["id"] == "before"
        await process.publish("after")
        assert json.loads(await follower.stdout.readline())["id"] == "after"
        follower.send_signal(signal.SIGINT)
        _, errors = await follower.communicate()
    assert (follower.returncode, errors) == (0, b"")


@pytest.mark.parametrize(
    ("event", "text"),
    [
        ({"standing": "suspected-replay"}, "not judged; kikkake replay 7 does"),
        ({"type": "kikkake.rejected", "extensions": {"rejectcause": "bad-json"}}, "set aside: bad-json"),
        ({"extensions": {"rejectcause": "of a sender"}}, "no Sensor is interested"),
    ],
)
def test_an_event_that_nobody_judged_says_why(event, text):
    rest = {"sequence": 7, "standing": "new", "type": "t", "extensions": {}}
    assert happened_cell({**rest, "happened": {"judged": True, "sensors": []}, **event}).text == text
