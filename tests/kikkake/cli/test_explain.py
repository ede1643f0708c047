"""The stories of events, as a person reads them; decided by the real loop, their outcomes recorded in the store."""

import json
import re
import textwrap

import pytest

from events.bus import Attempt, EffectState, Outcome, Provenance, Publication
from events.clock import SystemClock
from events.event import Event
from events.resource import read_documents
from events.topic import Topic
from sensors.compile import compile_sensor
from sensors.decide import Decider
from tests.kikkake.api.process import PUSH

IMAGE = Topic("ci", "default", "harbor", "push")


def sensor(name, *, ref="refs/heads/main", conditions="", path="body.ref"):
    both = "- {name: image, eventSourceName: harbor, eventName: push}" if conditions else ""
    return textwrap.dedent(f"""\
        apiVersion: argoproj.io/v1alpha1
        kind: Sensor
        metadata: {{name: {name}, namespace: ci}}
        spec:
          dependencies:
          - name: push
            eventSourceName: github
            eventName: push
            filters:
              data:
              - {{path: {path}, type: string, value: ["{ref}"]}}
          {both}
          triggers:
          - template:
              name: job
              conditions: "{conditions}"
              k8s:
                operation: create
                source: {{resource: {{apiVersion: v1, kind: ConfigMap, metadata: {{generateName: x-}}}}}}
                parameters:
                - {{src: {{dependencyName: push, dataKey: body.after}}, dest: data.commit}}
        """)


class Gateway:
    """A process that decides; what the outside answers is recorded by hand."""

    def __init__(self, process, decider, runner):
        self.process = process
        self.decider = decider
        self.runner = runner

    async def apply(self, *texts):
        documents = [read_documents(text, "sensor.yaml")[0][0] for text in texts]
        await self.decider.apply([compile_sensor(document) for document in documents])

    async def push(self, event_id="d1", *, ref="refs/heads/main", topic=PUSH, mac=None, body=None):
        data = json.dumps({"body": body or {"ref": ref, "after": "abc"}}).encode()
        event = Event(id=event_id, source="github", type="github", subject="push", data=data)
        now_us = SystemClock().now_us()
        provenance = Provenance(now_us, "192.0.2.7", "github", "HMAC-SHA256, secret 1 of 2")
        [receipt] = await self.process.bus.publish([Publication(topic, event, provenance, mac)])
        await self.decider.settle_all()
        return receipt

    async def settle(self, sequence, state, *, answers, reason="", detail="", result=b"{}", due_us=0):
        [effect] = await self.process.reader.effects_of(sequence)
        now_us = SystemClock().now_us()
        history = tuple(
            Attempt(number, now_us + number * 1000, now_us + number * 1000 + 24_000, answer)
            for number, answer in enumerate(answers, 1)
        )
        for number in range(effect.attempt + 1, len(answers) + 1):
            await self.runner.begin(effect.number, number, now_us)
        await self.runner.settle(
            Outcome(
                number=effect.number,
                attempt=len(answers),
                state=state,
                at_us=now_us,
                due_us=due_us,
                reason=reason,
                detail=detail,
                result=result,
                history=history,
            )
        )


@pytest.fixture
async def gateway(process):
    runner = await process.bus.take_over()
    decider = Decider(
        runner,
        process.reader,
        SystemClock(),
        store_key=process.bus.store_key,
        offer=lambda _effects: None,
        look_again=lambda: None,
    )
    await decider.load()
    return Gateway(process, decider, runner)


@pytest.fixture
def explain(kikkake):
    async def run(*arguments):
        answer = await kikkake("explain", *arguments)
        assert answer.exit_code == 0, answer.stderr
        return answer.output

    return run


async def test_it_begins_with_when_from_whom_and_how_verified(gateway, explain):
    await gateway.push("d1")
    lines = (await explain("d1")).splitlines()
    assert lines[0] == "Event 1  d1  ci/github/push"
    assert re.fullmatch(r"  arrived   2\d{3}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z \([\d.]+ m?s ago\)", lines[1])
    assert lines[2] == "  from      192.0.2.7 (kind github)"
    assert lines[3] == "  verified  HMAC-SHA256, secret 1 of 2"
    assert re.fullmatch(r"  stored    [\d.]+ (µs|ms) after it arrived", lines[4])


async def test_a_fired_trigger_shows_what_was_created_and_each_attempt(gateway, explain):
    await gateway.apply(sensor("build"))
    await gateway.push("d1")
    result = b'{"object": "ConfigMap ci/x-abc", "uid": "1"}'
    await gateway.settle(1, EffectState.DONE, answers=["503, retry after 2 s", "201 Created"], result=result)
    lines = (await explain("d1")).splitlines()
    assert "ci/build: fired" in lines
    assert "  dependency push passed 1 filter" in lines
    assert "  trigger job (k8s) done at attempt 2: ConfigMap ci/x-abc" in lines
    attempts = [line for line in lines if line.startswith("    attempt")]
    assert re.fullmatch(
        r"    attempt 1 began after [\d.]+ m?s, took 24 ms: 503, retry after 2 s", attempts[0]
    )
    assert attempts[1].endswith("took 24 ms: 201 Created")
    assert any(re.fullmatch(r"    decided [\d.]+ m?s after the event arrived", line) for line in lines)


async def test_a_filter_shows_path_actual_and_wanted_value(gateway, explain):
    await gateway.apply(sensor("build"))
    await gateway.push("d1", ref="refs/heads/dev")
    output = await explain("d1")
    assert "ci/build: filtered" in output
    assert (
        "  dependency push filtered: data[0]: body.ref is `refs/heads/dev`, wanted `refs/heads/main`"
        in output.splitlines()
    )


async def test_a_path_that_is_not_in_the_event_is_no_failure(gateway, explain):
    await gateway.apply(sensor("build", path="body.rev"))
    await gateway.push("d1")
    output = await explain("d1")
    assert "ci/build: filtered" in output
    assert "failed" not in output
    assert "  dependency push not matched: data[0]: path `body.rev` is not in the event" in output


async def test_a_join_shows_what_it_waits_for(gateway, explain):
    await gateway.apply(sensor("join", conditions="push && image"))
    await gateway.push("d1")
    output = await explain("d1")
    assert "ci/join: waiting" in output
    assert "  trigger job (k8s) waiting: held, waiting for image" in output.splitlines()


async def test_a_join_that_fired_shows_its_events(gateway, explain):
    await gateway.apply(sensor("join", conditions="push && image"))
    await gateway.push("d1")
    await gateway.push("i1", topic=IMAGE)
    output = await explain("i1")
    assert "ci/join: fired" in output
    assert "    made with push = event 1, image = event 2" in output.splitlines()


async def test_a_dead_effect_shows_the_error_and_how_to_try_again(gateway, explain):
    await gateway.apply(sensor("build"))
    await gateway.push("d1")
    detail = "service account ci/default may not create configmaps"
    await gateway.settle(1, EffectState.DEAD, answers=["403 Forbidden"], reason="Forbidden", detail=detail)
    lines = (await explain("d1")).splitlines()
    assert "  trigger job (k8s) given up after 1 attempt: Forbidden" in lines
    assert f"    Forbidden: {detail}" in lines
    assert "  try again: kikkake replay 1 --sensor ci/build" in lines


async def test_a_trigger_that_cannot_be_rendered_shows_why(gateway, explain):
    await gateway.apply(sensor("build"))
    await gateway.push("d1", body={"ref": "refs/heads/main"})
    output = await explain("d1")
    assert "ci/build: failed" in output
    assert "it fired and could not be rendered" in output
    assert "  trigger job RenderFailed: " in output
    assert "body.after" in output


async def test_a_waiting_retry_shows_when_it_comes(gateway, explain):
    await gateway.apply(sensor("build"))
    await gateway.push("d1")
    due_us = SystemClock().now_us() + 3_600_000_000
    await gateway.settle(1, EffectState.OPEN, answers=["503"], reason="Unavailable", due_us=due_us)
    assert "  trigger job (k8s) under way: attempt 2 in 60 min" in (await explain("d1")).splitlines()


async def test_an_attempt_without_an_answer_is_in_doubt(gateway, explain):
    await gateway.apply(sensor("build"))
    await gateway.push("d1")
    assert "under way: attempt 1 has no answer yet" in await explain("d1")


async def test_a_suspected_replay_says_how_to_judge_it(gateway, explain):
    await gateway.push("d1", mac=b"m" * 32)
    await gateway.push("d2", mac=b"m" * 32)
    output = await explain("d2")
    assert "the same body came before under another delivery id" in output
    assert "kikkake replay 2" in output


async def test_an_event_of_no_interest_says_so(gateway, explain):
    await gateway.push("d1")
    assert "No Sensor is interested: none has a dependency on ci/github/push" in await explain("d1")


async def test_an_event_that_is_not_judged_yet_says_so(process, explain):
    await process.publish("d1")
    assert "Not judged yet." in await explain("d1")


async def test_of_many_sensors_the_one_that_fired_comes_first(gateway, explain):
    await gateway.apply(*(sensor(f"s{number:02}", ref="other") for number in range(25)), sensor("z"))
    await gateway.push("d1")
    output = await explain("d1")
    labels = re.findall(r"^(ci/\w+): ", output, re.MULTILINE)
    assert (labels[0], len(labels)) == ("ci/z", 21)
    assert "5 more Sensors filtered it: --sensor NS/NAME tells of one, -o json of all" in output
    assert output.splitlines()[-1] == "26 Sensors: 1 fired, 25 filtered"
    assert "ci/s24: filtered" in await explain("d1", "--sensor", "ci/s24")


async def test_json_has_everything_and_masks_nothing_it_needs(gateway, explain):
    await gateway.apply(sensor("build"))
    await gateway.push("d1", ref="refs/heads/dev")
    story = json.loads(await explain("d1", "-o", "json"))
    [filter_story] = story["sensors"][0]["dependencies"][0]["filters"]
    assert filter_story["actual"] == "refs/heads/dev"
    assert filter_story["wanted"] == ["refs/heads/main"]
    assert story["event"]["provenance"]["peer"] == "192.0.2.7"


async def test_the_list_of_events_tells_it_in_short(gateway, kikkake):
    await gateway.apply(sensor("build"), sensor("other", ref="x"), sensor("join", conditions="push && image"))
    await gateway.push("d1")
    await gateway.settle(
        1, EffectState.DONE, answers=["201 Created"], result=b'{"object": "ConfigMap ci/x-abc"}'
    )
    answer = await kikkake("events")
    line = answer.output.splitlines()[1]
    assert "job → ConfigMap ci/x-abc" in line
    assert "ci/other filtered" in line
    assert "ci/join waiting" in line


async def test_values_from_outside_cannot_write_to_the_terminal(gateway, explain):
    await gateway.apply(sensor("build"))
    await gateway.push("d1", ref="\x1b[2Jrefs\nX: fired")
    output = await explain("d1")
    assert "\x1b" not in output
    assert "\nX: fired" not in output


async def test_a_sensor_that_did_not_judge_it_names_those_that_did(gateway, kikkake):
    await gateway.apply(sensor("build"))
    await gateway.push("d1")
    answer = await kikkake("explain", "d1", "--sensor", "ci/nope")
    assert answer.exit_code == 1
    assert answer.stderr == "error: Sensor ci/nope has not judged this event; those that have: ci/build\n"
