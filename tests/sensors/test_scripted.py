"""Preparing events for dependencies with programs: real workers."""

from collections.abc import AsyncIterator

import pytest

from events.event import JSON, Event
from sensors.dependency import CompiledDependency
from sensors.filter import Code, unpack_verdict
from sensors.prepared import Prepared
from sensors.sandbox import Sandbox, SandboxBusy, SandboxSettings
from sensors.scripted import prepare
from tests.sensors.support import event, sensor


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(SandboxSettings(deadline_s=0.2)) as running:
        yield running


def dependency(members: str) -> CompiledDependency:
    return sensor(f"""
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {{name: x}}
spec:
  dependencies:
  - {{name: a, eventSourceName: s, eventName: e, {members}}}
  triggers:
  - template: {{name: t, record: {{}}}}
""").dependencies[0]


async def verdict(sandbox: Sandbox, members: str, one: Event) -> tuple[Code, int, Prepared]:
    made = dependency(members)
    prepared = await prepare(sandbox, made, one, "uid")
    packed = made.judge(prepared.reading) if prepared.verdict is None else prepared.verdict
    unpacked = unpack_verdict(packed)
    return unpacked.code, unpacked.rank, prepared


async def test_filters_see_the_transformed_event(sandbox):
    members = 'transform: {jq: "{b: .a}"}, filters: {data: [{path: b, type: number, value: ["1"]}]}'
    code, _rank, prepared = await verdict(sandbox, members, event(b'{"a":1}', datacontenttype="text/plain"))
    assert code is Code.PASSED
    assert prepared.reading.event.data == b'{"b":1}'
    assert prepared.reading.event.datacontenttype == JSON


async def test_a_script_filter_sees_what_a_script_made(sandbox):
    members = 'transform: {script: "event.n = 2 return event"}, filters: {script: "return event.n == 2"}'
    assert (await verdict(sandbox, members, event(b"{}")))[0] is Code.PASSED


@pytest.mark.parametrize(
    ("script", "code", "reason"),
    [
        ("return true", Code.PASSED, ""),
        ("return false, true", Code.PASSED, ""),
        ("return 1", Code.FILTERED, ""),
        ("error('boom')", Code.FAILED, "script filter error (<string>:1: boom)"),
        ("while true do end", Code.FAILED, "script filter error (lua program stopped after 200 ms"),
        ("return string.rep('a', 1e9)", Code.FAILED, "script filter error (lua program stopped: "),
    ],
)
async def test_what_a_script_says_is_in_the_reading(sandbox, script, code, reason):
    members = f'filters: {{script: "{script}"}}'
    found, _rank, prepared = await verdict(sandbox, members, event(b"{}"))
    assert found is code
    assert dependency(members).inspect(prepared.reading)[0].reason.startswith(reason)


@pytest.mark.parametrize(
    ("transform", "data", "reason"),
    [
        ('jq: ".a"', b'{"a":1}', "jq transformation output must be a JSON object: got number"),
        ("jq: empty", b"{}", "no output available from the jq command execution"),
        ("jq: .", b"[1]", "the data must be a JSON object"),
        ("jq: .", b"nope", "the data is not JSON"),
        ('jq: "last(range(1e12))"', b"{}", "jq program stopped after 200 ms"),
        ("script: return 1", b"{}", "output type is not of lua table"),
        ("script: return event.a.b", b"{}", "<string>:1:"),
    ],
)
async def test_a_transform_that_fails_is_a_verdict_with_its_reason(sandbox, transform, data, reason):
    one = event(data)
    code, rank, prepared = await verdict(sandbox, f"transform: {{{transform}}}", one)
    assert (code, rank) == (Code.FAILED, 5)
    assert prepared.reason.startswith("failed to apply event transformation: ")
    assert reason in prepared.reason
    assert prepared.reading.event is one


async def test_an_event_without_data_passes_unchanged_and_asks_no_worker(sandbox):
    one = event(None)
    members = 'transform: {jq: "{}"}, filters: {script: "return false"}'
    code, _rank, prepared = await verdict(sandbox, members, one)
    assert code is Code.PASSED
    assert prepared.reading.event is one
    assert not sandbox._workers


async def test_the_present_is_that_of_the_event(sandbox):
    members = 'transform: {jq: "{n: now}"}'
    _code, _rank, prepared = await verdict(sandbox, members, event(b"{}", time="2001-09-09T01:46:40Z"))
    assert prepared.reading.event.data == b'{"n":1000000000}'


async def test_a_sandbox_that_does_not_run_a_program_says_nothing_of_the_event(sandbox):
    await sandbox.close()
    with pytest.raises(SandboxBusy):
        await prepare(sandbox, dependency('transform: {jq: "."}'), event(b"{}"), "uid")
