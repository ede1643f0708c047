"""What a test is made of: masked, bounded, and refused in words where there is nothing."""

import textwrap

import pytest

from events.clock import SystemClock
from events.resource import read_documents
from kikkake.api.material import material_answer
from kikkake.api.refusal import Refusal
from sensors.compile import compile_sensor
from sensors.decide import Decider

SENSOR = textwrap.dedent("""\
    apiVersion: argoproj.io/v1alpha1
    kind: Sensor
    metadata: {name: build, namespace: ci}
    spec:
      dependencies: [{name: push, eventSourceName: github, eventName: push}]
      triggers: [{template: {name: look, log: {}}}]
    """)


@pytest.fixture
async def judged(process):
    """One event that a Sensor has judged."""
    decider = Decider(
        await process.bus.take_over(),
        process.bus.reader(),
        SystemClock(),
        store_key=bytes(32),
        offer=lambda _effects: None,
        look_again=lambda: None,
    )
    await decider.load()
    await decider.apply([compile_sensor(read_documents(SENSOR, "sensor.yaml")[0][0])])
    await process.publish("d1", data=b'{"ref": 1, "token": "s3cr3t"}')
    await decider.settle_all()
    return process


async def test_it_has_the_sensor_and_the_events_with_masked_data(judged, ask):
    _status, _headers, body = await ask("GET", "events/d1/material")
    [sensor] = body["sensors"]
    assert sensor["resource"]["metadata"]["name"] == "build"
    [event] = sensor["events"]
    assert event["dataText"] == '{"ref":1,"token":"***"}'
    assert event["masked"] == ["token"]
    assert "s3cr3t" not in str(body)


async def test_an_event_that_is_not_judged_has_no_sensors(process, ask):
    await process.publish("d2")
    status, _headers, body = await ask("GET", "events/d2/material")
    assert (status, body["judged"], body["sensors"]) == (200, False, [])


async def test_an_event_that_is_not_there_is_refused(process, ask):
    assert (await ask("GET", "events/nowhere/material"))[0] == 404


async def test_more_data_than_a_test_should_have_is_refused(judged):
    reader = judged.bus.reader()
    [stored] = await reader.find_events("d1")
    with pytest.raises(Refusal, match="at most 10 become a test"):
        await material_answer(reader, stored, max_bytes=10)
