"""`answers`, `cluster`, `secrets` and `configMaps`: what triggers meet, and how their effects end."""

import pytest

from tests.kikkake.testing.support import IMAGE, MAIN, NOW, SENSOR, run_case, told

DEFAULT_RETRIES = "answers: {build: [{status: 500}, {refused: true}, {status: 201, body: {}}]}\n"


async def test_what_may_pass_is_tried_again_as_time_goes_by(tmp_path):
    steps = [
        MAIN,
        "{expect: {fired: [{trigger: build, outcome: open, attempts: 1, reason: '500 InternalError'}]}}",
        "{wait: 1s}",
        "{expect: {fired: []}}",
        "{wait: 2s}",
    ]
    expect = "{fired: [{trigger: build, outcome: done, attempts: 3, at: '2026-11-23T10:00:00Z'}]}"
    result = await run_case(tmp_path, steps, expect, head=NOW + DEFAULT_RETRIES)
    assert result.ok, told(result)


async def test_an_effect_that_still_waits_says_how_to_go_on(tmp_path):
    expect = "{fired: [{trigger: build, outcome: done, attempts: 3}]}"
    result = await run_case(tmp_path, [MAIN, "{wait: 1s}"], expect, head=NOW + DEFAULT_RETRIES)
    assert "outcome | done | open" in told(result)
    assert "add `- wait: 10m`" in told(result)
    assert "attempts | 3 | 2" in told(result)


async def test_retries_go_on_after_a_restart(tmp_path):
    steps = [MAIN, "{restart: true}", "{wait: 10s}"]
    expect = "{fired: [{trigger: build, outcome: done, attempts: 3}]}"
    result = await run_case(tmp_path, steps, expect, head=NOW + DEFAULT_RETRIES)
    assert result.ok, told(result)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            "{status: 422, body: {reason: Invalid, message: spec.x is wrong}}",
            "ObjectInvalid: .*spec.x is wrong",
        ),
        ("{status: 400}", "scripted by the test"),
    ],
)
async def test_what_can_never_succeed_is_a_dead_letter_at_once(tmp_path, answer, reason):
    head = NOW + f"answers: {{build: [{answer}]}}\n"
    expect = f"{{fired: [{{trigger: build, outcome: dead-letter, attempts: 1, reason: '{reason}'}}]}}"
    result = await run_case(tmp_path, [MAIN], expect, head=head)
    assert result.ok, told(result)


async def test_retries_that_run_out_are_a_dead_letter_and_fire_the_dlq_trigger(tmp_path):
    head = NOW + "answers: {notify: [{status: 503}, {status: 503}, {status: 200}]}\n"
    expect = """{fired: [{trigger: notify, outcome: dead-letter, attempts: 2, reason: 'Rejected: .*503'},
        {trigger: give-up, with: {image: '1'}, outcome: done, at: '2026-11-23T10:00:10Z'}]}"""
    result = await run_case(tmp_path, [IMAGE, "{wait: 1m}"], expect, head=head)
    assert result.ok, told(result)


async def test_a_receiver_may_say_when_to_come_again(tmp_path):
    head = NOW + 'answers: {notify: [{status: 503, headers: {Retry-After: "120"}}]}\n'
    steps = [IMAGE, "{wait: 119s}", "{expect: {fired: [{trigger: notify, outcome: open}]}}", "{wait: 1s}"]
    result = await run_case(
        tmp_path, steps, "{fired: [{trigger: notify, outcome: done, attempts: 2}]}", head=head
    )
    assert result.ok, told(result)


async def test_a_redirect_is_followed_by_the_production_code(tmp_path):
    head = (
        NOW
        + 'answers: {notify: [{status: 307, headers: {Location: "https://other.example/x"}}, {status: 200}]}\n'
    )
    result = await run_case(tmp_path, [IMAGE], "{fired: [{trigger: notify, outcome: done}]}", head=head)
    assert result.ok, told(result)
    head = head.replace("https://other", "http://other")
    expect = "{fired: [{trigger: notify, outcome: dead-letter, reason: RedirectRefused}, {trigger: give-up}]}"
    result = await run_case(tmp_path, [IMAGE], expect, head=head)
    assert result.ok, told(result)


@pytest.mark.parametrize("lost", ["answer", "request"])
async def test_a_doubt_is_cleared_up_by_doing_it_again(tmp_path, lost):
    head = NOW + f"answers: {{build: [{{lost: {lost}}}]}}\n"
    steps = [MAIN, "{expect: {fired: [{trigger: build, outcome: open, reason: NoAnswer}]}}", "{wait: 30s}"]
    expect = "{fired: [{trigger: build, outcome: done, attempts: 2}]}"
    result = await run_case(tmp_path, steps, expect, head=head)
    assert result.ok, told(result)


SHORT_LIVED = SENSOR.replace(
    '{apiVersion: v1, kind: ConfigMap, metadata: {generateName: build-}, data: {ref: ""}}',
    "{apiVersion: batch/v1, kind: Job, metadata: {generateName: build-}, spec: {ttlSecondsAfterFinished: 10}}",
)


@pytest.mark.parametrize(
    ("at_least_once", "outcome", "attempts"),
    [
        pytest.param("", "outcome: in-doubt, reason: '^InDoubt: .*removed by its TTL'", 7, id="not repeated"),
        pytest.param("atLeastOnce: true", "outcome: done", 7, id="repeated where that is allowed"),
    ],
)
async def test_a_doubt_that_an_object_of_short_life_leaves(tmp_path, at_least_once, outcome, attempts):
    refused = ", ".join(["{refused: true}"] * 5)
    head = NOW + f"answers: {{build: [{{lost: request}}, {refused}]}}\n"
    sensor = SHORT_LIVED.replace("dest: data.ref}", f"dest: spec.ref}}\n        {at_least_once}")
    expect = f"{{fired: [{{trigger: build, {outcome}, attempts: {attempts}}}]}}"
    result = await run_case(tmp_path, [MAIN, "{wait: 5m}"], expect, head=head, sensor=sensor)
    assert result.ok, told(result)


STATIC = SENSOR.replace("generateName: build-", "name: build")


@pytest.mark.parametrize("namespace", [", namespace: default", ""])
async def test_an_object_that_exists_before_is_in_the_way(tmp_path, namespace):
    head = NOW + f"cluster: [{{apiVersion: v1, kind: ConfigMap, metadata: {{name: build{namespace}}}}}]\n"
    expect = "{fired: [{trigger: build, outcome: dead-letter, reason: '^NameTaken: '}]}"
    result = await run_case(tmp_path, [MAIN], expect, head=head, sensor=STATIC)
    assert result.ok, told(result)
    result = await run_case(tmp_path, [MAIN], "{fired: [{trigger: build, outcome: done}]}", sensor=STATIC)
    assert result.ok, told(result)


async def test_cases_do_not_share_a_cluster_or_a_store(tmp_path):
    for _ in range(2):
        result = await run_case(tmp_path, [MAIN], "{fired: [{trigger: build, outcome: done}]}", sensor=STATIC)
        assert result.ok, told(result)


async def test_a_secret_that_the_test_does_not_have_is_named(tmp_path):
    sensor = SENSOR.replace("key: token", "key: tokn")
    expect = "{fired: [{trigger: notify, outcome: open, reason: 'no `secrets: .chat: .tokn'}]}"
    result = await run_case(tmp_path, [IMAGE], expect, sensor=sensor)
    assert result.ok, told(result)


async def test_a_config_map_stands_in_too(tmp_path):
    sensor = SENSOR.replace("secretKeyRef", "configMapKeyRef")
    right = NOW + "configMaps: {chat: {token: plain}}\n"
    result = await run_case(
        tmp_path, [IMAGE], "{fired: [{trigger: notify, outcome: done}]}", sensor=sensor, head=right
    )
    assert result.ok, told(result)
    result = await run_case(tmp_path, [IMAGE], "{fired: [{trigger: notify, outcome: done}]}", sensor=sensor)
    assert "no `configMaps: {chat: {token: ...}}`" in told(result)


async def test_a_rate_limit_spaces_attempts_on_the_clock_of_the_test(tmp_path):
    sensor = SENSOR.replace(
        "dest: data.ref}", "dest: data.ref}\n        rateLimit: {unit: Minute, requestsPerUnit: 1}"
    )
    steps = [
        MAIN,
        MAIN,
        "{expect: {fired: [{trigger: build, outcome: done}, {trigger: build, outcome: open}]}}",
        "{wait: 1m}",
    ]
    expect = "{fired: [{trigger: build, outcome: done}, {trigger: build, outcome: done}]}"
    result = await run_case(tmp_path, steps, expect, sensor=sensor)
    assert result.ok, told(result)


async def test_answers_are_taken_in_the_order_of_attempts_over_all_events(tmp_path):
    head = NOW + "answers: {build: [{status: 422}, {status: 201}]}\n"
    expect = "{fired: [{trigger: build, outcome: dead-letter}, {trigger: build, outcome: done}]}"
    result = await run_case(tmp_path, [MAIN, MAIN], expect, head=head)
    assert result.ok, told(result)
