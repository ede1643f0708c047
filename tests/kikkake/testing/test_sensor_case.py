"""Each member of a SensorTest with a case that passes and one that fails."""

import base64

import pytest

from tests.kikkake.testing.support import BRANCH, IMAGE, MAIN, SENSOR, run_case, told

PUSH = '{"body": {"ref": "refs/heads/main"}}'
NO_DATA = "{on: github/push}"


@pytest.mark.parametrize(
    ("events", "right", "wrong", "said"),
    [
        pytest.param(
            [MAIN],
            "{verdicts: {push: passed}}",
            "{verdicts: {push: filtered}}",
            "filtered | passed",
            id="passed",
        ),
        pytest.param(
            [BRANCH],
            "{verdicts: {push: filtered}}",
            "{verdicts: {push: passed}}",
            "refs/heads/dev",
            id="filtered",
        ),
        pytest.param(
            ["{on: github/push, data: {body: {}}}"],
            "{verdicts: {push: failed}, because: {push: path `body.ref` is not in the event}}",
            "{because: {push: another reason}}",
            "path `body.ref` is not in the event",
            id="failed",
        ),
        pytest.param(
            [MAIN, MAIN.replace("on:", "context: {id: '1'}, on:")],
            "{verdicts: {push: duplicate}, because: {push: came before}}",
            "{verdicts: {push: passed}}",
            "event `1` of `github` came before",
            id="duplicate",
        ),
        pytest.param(
            [BRANCH],
            "{because: {push: 'data.0.: body.ref is `refs/heads/dev`, wanted `.refs/heads/main'}}",
            "{because: {push: refs/heads/other}}",
            "/refs/heads/other/",
            id="because",
        ),
        pytest.param(
            [IMAGE],
            "{verdicts: {image: passed}}",
            "{verdicts: {push: passed}}",
            "no event came for it",
            id="no event at all",
        ),
    ],
)
async def test_verdicts_and_their_reasons(tmp_path, events, right, wrong, said):
    passed = await run_case(tmp_path, events, right)
    assert passed.ok, told(passed)
    failed = await run_case(tmp_path, events, wrong)
    assert not failed.ok
    assert said in told(failed)


@pytest.mark.parametrize(
    ("expect", "is_right", "said"),
    [
        ("{waiting: {both: {has: {push: '1'}, needs: [image]}}}", True, ""),
        ("{waiting: {both: {needs: [image]}, build: null}}", True, ""),
        ("{waiting: {both: {has: {push: '2'}}}}", False, 'waiting.both.has.push | "2" | "1"'),
        ("{waiting: {both: {has: {}}}}", False, "waiting.both.has.push"),
        ("{waiting: {both: {needs: []}}}", False, 'waiting.both.needs | [] | ["image"]'),
        ("{waiting: {both: null}}", False, '(holds nothing) | it holds {"push": "1"}'),
        ("{waiting: {}}", False, "waiting.both"),
        ("{waiting: {build: {needs: [push]}}}", False, "(holds nothing)"),
    ],
)
async def test_what_a_trigger_waits_for(tmp_path, expect, is_right, said):
    result = await run_case(tmp_path, [MAIN], expect)
    assert result.ok is is_right, told(result)
    assert said in told(result)


async def test_nothing_waits_any_more_when_the_join_has_fired(tmp_path):
    both = "{trigger: both, with: {push: '1', image: '2'}}"
    expect = f"{{waiting: {{}}, fired: [{{trigger: build}}, {{trigger: notify}}, {both}]}}"
    result = await run_case(tmp_path, [MAIN, IMAGE], expect)
    assert result.ok, told(result)


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        pytest.param("{fired: []}", "(nothing more) | build with push=1 (done)", id="one too many"),
        pytest.param(
            "{fired: [{trigger: build}, {trigger: both}]}",
            'fired[1] | both | (nothing more fired) | both has {"push": "1"} and waits for image',
            id="one too few",
        ),
        pytest.param("{fired: [{trigger: notify}]}", "fired[0].trigger | notify | build with", id="another"),
        pytest.param("{fired: [{trigger: build, with: {push: '2'}}]}", 'with.push | "2" | "1"', id="with"),
        pytest.param("{fired: [{trigger: build, with: {}}]}", "with.push | (absent)", id="with is whole"),
        pytest.param(
            "{fired: [{trigger: build, object: {data: {ref: x}}}]}",
            'object.data.ref | "x" | "refs/heads/main"',
            id="object",
        ),
        pytest.param(
            "{fired: [{trigger: build, request: {method: POST}}]}",
            "what was rendered is its `object`",
            id="another kind",
        ),
        pytest.param(
            "{fired: [{trigger: build, exactly: {object: {kind: ConfigMap}}}]}",
            "exactly.object.metadata | (absent)",
            id="exactly",
        ),
        pytest.param("{fired: [{trigger: build, absent: [data.ref]}]}", "no data.ref", id="absent"),
        pytest.param("{fired: [{trigger: build, outcome: dead-letter}]}", "dead-letter | done", id="outcome"),
        pytest.param("{fired: [{trigger: build, attempts: 2}]}", "attempts | 2 | 1", id="attempts"),
        pytest.param("{fired: [{trigger: build, reason: x}]}", "/x/ | (no reason)", id="reason"),
        pytest.param(
            "{fired: [{trigger: build, at: '2026-11-23T10:00:01Z'}]}", "| 2026-11-23T10:00:00Z", id="at"
        ),
    ],
)
async def test_what_has_fired_otherwise_is_told(tmp_path, expect, said):
    result = await run_case(tmp_path, [MAIN], expect)
    assert said in told(result)


async def test_a_firing_is_matched_in_every_member(tmp_path):
    expect = """{fired: [{
        trigger: build, with: {push: '1'}, outcome: done, attempts: 1, at: '2026-11-23T10:00:00Z',
        object: {apiVersion: v1, kind: ConfigMap, metadata: {namespace: default}, data: {ref: refs/heads/main}},
        absent: [metadata.labels, metadata.annotations, spec]}]}"""
    result = await run_case(tmp_path, [MAIN], expect)
    assert result.ok, told(result)


async def test_an_object_is_the_same_in_every_run_so_that_it_can_be_matched_whole(tmp_path):
    expect = """{fired: [{trigger: build, exactly: {object: {
        apiVersion: v1, kind: ConfigMap, data: {ref: refs/heads/main}, metadata: {
          generateName: build-, name: build-NAME, namespace: default,
          labels: {events.argoproj.io/sensor: ci, events.argoproj.io/trigger: build,
                   events.argoproj.io/action-timestamp: '1795428000000'},
          annotations: {kikkake/effect-id: ID, kikkake/event-ids: '1', kikkake/rendered-sha256: SHA,
                        kikkake/proof: PROOF}}}}}]}"""
    said = []
    for _ in range(2):
        result = await run_case(tmp_path, [MAIN], expect)
        said.append(sorted((each.path, each.actual) for each in result.differences))
    assert said[0] == said[1]
    paths = [path.rpartition("metadata.")[2] for path, _actual in said[0]]
    assert paths == [
        'annotations["kikkake/effect-id"]',
        'annotations["kikkake/proof"]',
        'annotations["kikkake/rendered-sha256"]',
        "name",
    ]


async def test_a_request_shows_its_body_and_no_secret(tmp_path):
    expect = """{fired: [{trigger: notify, outcome: done, request: {
        method: POST, url: 'https://chat.example/hook', body: {text: v1}, bodyText: '{"text":"v1"}',
        headers: {X-Team: ci, Authorization: '***'}}}]}"""
    result = await run_case(tmp_path, [IMAGE], expect)
    assert result.ok, told(result)


async def test_a_message_is_what_a_trigger_without_object_and_request_renders(tmp_path):
    expect = """{fired: [{trigger: build}, {trigger: notify},
        {trigger: both, message: {topic: log, body: [{dependencyName: push}, {dependencyName: image}]}}]}"""
    result = await run_case(tmp_path, [MAIN, IMAGE], expect)
    assert result.ok, told(result)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(f"dataText: '{PUSH}'", id="exact text"),
        pytest.param(f"dataBase64: {base64.b64encode(PUSH.encode()).decode()}", id="base64"),
        pytest.param("dataFile: push.json", id="a file"),
    ],
)
async def test_data_may_be_given_in_every_form(tmp_path, data):
    tmp_path.joinpath("push.json").write_text(PUSH, encoding="utf-8")
    result = await run_case(tmp_path, [f"{{on: github/push, {data}}}"], "{verdicts: {push: passed}}")
    assert result.ok, told(result)


async def test_an_event_without_data_passes_data_filters_as_upstream(tmp_path):
    result = await run_case(tmp_path, [NO_DATA], "{verdicts: {push: passed}}")
    assert result.ok, told(result)


async def test_a_number_beyond_64_bits_is_kept(tmp_path):
    sensor = SENSOR.replace(
        'type: string, value: ["^refs/heads/main$"]', 'type: string, value: ["123456789012345678901"]'
    )
    step = "{on: github/push, data: {body: {ref: 123456789012345678901}}}"
    result = await run_case(tmp_path, [step], "{verdicts: {push: passed}}", sensor=sensor)
    assert result.ok, told(result)


GIVEN = (
    "{id: abc, source: /x, type: t, subject: s, time: '2026-11-22T00:00:00Z', "
    "datacontenttype: text/plain, env: prod}"
)
CONTEXT_SENSOR = """
    apiVersion: argoproj.io/v1alpha1
    kind: Sensor
    metadata: {name: ci}
    spec:
      dependencies: [{name: push, eventSourceName: github, eventName: push}]
      triggers:
      - template: {name: build, log: {}}
"""


@pytest.mark.parametrize(
    ("context", "body"),
    [
        pytest.param(
            "{}",
            "{id: '1', source: github, type: test, subject: push, time: '2026-11-23T10:00:00Z', "
            "datacontenttype: application/json}",
            id="defaults",
        ),
        pytest.param(
            GIVEN,
            GIVEN,
            id="given ones",
        ),
        pytest.param("{subject: null, time: null}", "{subject: '', time: null}", id="null is absent"),
    ],
)
async def test_the_attributes_of_an_event(tmp_path, context, body):
    expect = f"{{fired: [{{trigger: build, message: {{body: [{{eventContext: {body}}}]}}}}]}}"
    result = await run_case(
        tmp_path, [f"{{on: github/push, context: {context}}}"], expect, sensor=CONTEXT_SENSOR
    )
    assert result.ok, told(result)


async def test_an_event_that_lies_ahead_moves_the_clock(tmp_path):
    ahead = "{on: github/push, context: {time: '2026-11-23T11:00:00Z'}}"
    expect = "{fired: [{trigger: build, at: '2026-11-23T11:00:00Z'}, {trigger: build, at: '2026-11-23T11:00:00Z'}]}"
    result = await run_case(tmp_path, [ahead, NO_DATA], expect, sensor=CONTEXT_SENSOR)
    assert result.ok, told(result)


async def test_without_now_the_clock_starts_at_the_first_event(tmp_path):
    first = "{on: github/push, context: {time: '2025-02-03T04:05:06Z'}}"
    expect = "{fired: [{trigger: build, at: '2025-02-03T04:05:06Z'}]}"
    result = await run_case(tmp_path, [first], expect, sensor=CONTEXT_SENSOR, head="")
    assert result.ok, told(result)


async def test_the_clock_moves_by_wait_and_to_a_time(tmp_path):
    steps = ["{wait: 90s}", NO_DATA, "{at: '2026-11-23T12:00:00Z'}", NO_DATA]
    expect = "{fired: [{trigger: build, at: '2026-11-23T10:01:30Z'}, {trigger: build, at: '2026-11-23T12:00:00Z'}]}"
    result = await run_case(tmp_path, steps, expect, sensor=CONTEXT_SENSOR)
    assert result.ok, told(result)


async def test_the_clock_never_goes_back(tmp_path):
    result = await run_case(tmp_path, ["{at: '2026-11-23T09:00:00Z'}"], "{fired: []}")
    assert "the clock is at 2026-11-23T10:00:00Z already" in told(result)


async def test_an_expectation_in_between_judges_what_happened_since_the_last_one(tmp_path):
    steps = [
        MAIN,
        "{expect: {fired: [{trigger: build, with: {push: '1'}}], verdicts: {push: passed}}}",
        "{expect: {fired: []}}",
        BRANCH,
        "{expect: {fired: [], verdicts: {push: filtered}}}",
        MAIN,
        "{expect: {fired: [{trigger: build, with: {push: '3'}}]}}",
    ]
    result = await run_case(tmp_path, steps, "{fired: [{trigger: build}, {trigger: build}]}")
    assert result.ok, told(result)
    steps[2] = "{expect: {fired: [{trigger: build}]}}"
    result = await run_case(tmp_path, steps, "{fired: [{trigger: build}, {trigger: build}]}")
    assert told(result).startswith("cases[0].events[2].expect.fired[0] | build | (nothing more fired)")


async def test_a_join_survives_a_restart_between_its_events(tmp_path):
    steps = [MAIN, "{restart: true}", "{restart: true}", IMAGE]
    both = "{trigger: both, with: {push: '1', image: '2'}, outcome: done}"
    expect = f"{{fired: [{{trigger: build}}, {{trigger: notify}}, {both}]}}"
    result = await run_case(tmp_path, steps, expect)
    assert result.ok, told(result)


async def test_a_duplicate_is_recognised_after_a_restart_and_within_seven_days(tmp_path):
    again = MAIN.replace("on:", "context: {id: '1'}, on:")
    late = ["{wait: 8d}", again, "{expect: {verdicts: {push: passed}, fired: [{trigger: build}]}}"]
    steps = [MAIN, "{restart: true}", again, "{expect: {verdicts: {push: duplicate}}}", *late]
    result = await run_case(tmp_path, steps, "{verdicts: {push: passed}}")
    assert result.ok, told(result)


@pytest.mark.parametrize(
    ("broken", "pattern"),
    [
        pytest.param(
            ("conditions: push && image", "conditions: push &&"), "a name is missing", id="a condition"
        ),
        pytest.param(
            ("eventName: image", "evntName: image"), "event dependency must define the EventName", id="whole"
        ),
        pytest.param(("log: {}\n", "email: {}\n"), "is not carried out by kikkake", id="a kind"),
    ],
)
async def test_a_refusal_is_expected_by_its_text(tmp_path, broken, pattern):
    sensor = SENSOR.replace(*broken)
    right = await run_case(tmp_path, [], f"{{error: '{pattern}'}}", sensor=sensor)
    assert right.ok, told(right)
    wrong = await run_case(tmp_path, [], "{error: something else}", sensor=sensor)
    assert "/something else/" in told(wrong)
    unexpected = await run_case(tmp_path, [], "{fired: []}", sensor=sensor)
    assert "(no fault in the Sensor)" in told(unexpected)
    assert "sensor.yaml:" in told(unexpected)


async def test_a_refusal_that_does_not_come_is_told(tmp_path):
    result = await run_case(tmp_path, [], "{error: x}")
    assert told(result) == "cases[0].expect.error | /x/ | (no fault in the Sensor) | "


async def test_a_sensor_that_is_refused_as_a_whole_does_nothing_else(tmp_path):
    sensor = SENSOR.replace("eventName: image", "evntName: image")
    refused = "error: must define the EventName"
    result = await run_case(tmp_path, [MAIN], f"{{{refused}, fired: [], waiting: {{}}}}", sensor=sensor)
    assert result.ok, told(result)
    expect = f"{{{refused}, verdicts: {{push: passed}}, fired: [{{trigger: build}}]}}"
    result = await run_case(tmp_path, [MAIN], expect, sensor=sensor)
    assert "verdicts.push | passed | (no verdict) | the Sensor is refused" in told(result)
    assert "fired[0] | build | (nothing more fired)" in told(result)


async def test_the_rest_of_a_sensor_with_a_broken_part_is_judged(tmp_path):
    sensor = SENSOR.replace("conditions: push && image", "conditions: push &&")
    expect = "{error: a name is missing, fired: [{trigger: build, outcome: done}]}"
    result = await run_case(tmp_path, [MAIN], expect, sensor=sensor)
    assert result.ok, told(result)


async def test_what_cannot_be_rendered_has_fired_and_is_a_dead_letter(tmp_path):
    sensor = SENSOR.replace("dataKey: body.ref}", "dataKey: body.sha}")
    expect = "{fired: [{trigger: build, with: {push: '1'}, outcome: dead-letter, reason: '^RenderFailed: .*body.sha'}]}"
    result = await run_case(tmp_path, [MAIN], expect, sensor=sensor)
    assert result.ok, told(result)


async def test_a_suspended_sensor_says_so(tmp_path):
    sensor = SENSOR.replace("{name: ci}", "{name: ci, annotations: {kikkake/suspend: 'true'}}")
    result = await run_case(tmp_path, [MAIN], "{verdicts: {push: passed}}", sensor=sensor)
    assert "the Sensor is suspended by its annotation" in told(result)


async def test_many_restarts_in_a_row_are_survived_too(tmp_path):
    """After three unclean starts on the same place the next events are judged in a child process first."""
    steps = [MAIN, *["{restart: true}"] * 4, IMAGE]
    result = await run_case(
        tmp_path, steps, "{fired: [{trigger: build}, {trigger: notify}, {trigger: both}]}"
    )
    assert result.ok, told(result)


STANDING = (
    "cluster: [{apiVersion: v1, kind: ConfigMap, metadata: {name: build}, data: {kept: x, ref: old}}]\n"
)
CHANGING = SENSOR.replace("generateName: build-", "name: build").replace(
    "operation: create", "operation: patch"
)


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ("{fired: [{trigger: build, operation: patch}]}", ""),
        ("{fired: [{trigger: build, operation: create}]}", 'fired[0].operation | "create" | "patch"'),
        (
            "{cluster: [{kind: ConfigMap, metadata: {name: build}, data: {kept: x, ref: refs/heads/main}}]}",
            "",
        ),
        ("{cluster: [{kind: ConfigMap, metadata: {name: build}, data: {ref: y}}]}", "cluster[0].data.ref"),
        ("{cluster: [{kind: ConfigMap, metadata: {name: buidl}}]}", "there is `ConfigMap build`"),
        ("{gone: [{kind: ConfigMap, metadata: {name: other}}]}", ""),
        ("{gone: [{kind: ConfigMap, metadata: {name: build}}]}", "gone[0] | (absent)"),
    ],
)
async def test_what_became_of_the_cluster_is_judged(tmp_path, expect, said):
    result = await run_case(tmp_path, [MAIN], expect, head=STANDING, sensor=CHANGING)
    assert result.ok is not bool(said), told(result)
    assert said in told(result)
