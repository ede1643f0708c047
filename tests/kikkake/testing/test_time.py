"""What waits on the clock of a case: label policies, resets, correlation, debounce, batches; and restarts meanwhile."""

import pytest

from tests.kikkake.testing.support import run_case, told

LABELS = """
    apiVersion: argoproj.io/v1alpha1
    kind: Sensor
    metadata: {name: ci}
    spec:
      dependencies: [{name: push, eventSourceName: github, eventName: push}]
      triggers:
      - template:
          name: build
          k8s:
            operation: create
            source: {resource: {apiVersion: v1, kind: ConfigMap, metadata: {generateName: x-}}}
        policy:
          k8s:
            labels: {phase: done}
            backoff: {steps: 3, duration: 10s, factor: 1, jitter: 0}
            errorOnBackoffTimeout: true
        retryStrategy: {steps: 1}
"""
WAITING = """
    apiVersion: argoproj.io/v1alpha1
    kind: Sensor
    metadata: {name: ci}
    spec:
      dependencies:
      - {name: push, eventSourceName: github, eventName: push}
      - {name: image, eventSourceName: harbor, eventName: image}
      triggers:
      - template:
          name: roll-out
          conditions: push && image
          correlate: {key: {dataKey: sha}, within: 30m, onTimeout: {trigger: complain}}
          log: {}
      - template: {name: complain, conditions: push || image, log: {}}
      - template:
          name: digest
          conditions: push
          batch: {max: 3, within: 10m}
          log: {}
      - template: {name: quiet, conditions: push, debounce: 1m, log: {}}
      - template:
          name: daily
          conditions: push && image
          conditionsReset: [{byTime: {cron: "0 12 * * *"}}]
          log: {}
"""
EVENT = "{on: github/push, data: {sha: a}}"


@pytest.mark.parametrize(
    ("head", "steps", "expect"),
    [
        pytest.param("", [], "{trigger: build, outcome: open}", id="it waits"),
        pytest.param("", ["{wait: 19s}"], "{trigger: build, outcome: open}", id="it still waits"),
        pytest.param(
            "", ["{wait: 20s}"], "{trigger: build, outcome: dead-letter, reason: 'PolicyFailed: .*phase'}", id="never"
        ),
        pytest.param(
            "answers: {build: [{body: {metadata: {labels: {phase: done}}}}]}\n",
            [],
            "{trigger: build, outcome: done}",
            id="at once",
        ),
        pytest.param(
            "answers: {build: [{body: {metadata: {labels: {phase: done}}}, after: 15s}]}\n",
            ["{wait: 10s}", "{expect: {fired: [{trigger: build, outcome: open}]}}", "{wait: 10s}"],
            "{trigger: build, outcome: done}",
            id="later",
        ),
        pytest.param(
            "answers: {build: [{body: {metadata: {labels: {phase: done}}}, after: 15s}]}\n",
            ["{wait: 10s}", "{restart: true}", "{wait: 1m}"],
            "{trigger: build, outcome: done, attempts: 2}",
            id="later, over a restart",
        ),
    ],
)  # fmt: skip
async def test_a_label_policy_waits_on_the_clock_of_the_case(tmp_path, head, steps, expect):
    result = await run_case(
        tmp_path, [EVENT, *steps], f"{{fired: [{expect}]}}", head=HEAD + head, sensor=LABELS
    )
    assert result.ok, told(result)


HEAD = 'now: "2026-11-23T10:00:00Z"\n'
IMAGE = "{on: harbor/image, data: {sha: a}}"
OTHER = "{on: harbor/image, data: {sha: b}}"


@pytest.mark.parametrize(
    ("steps", "expect"),
    [
        pytest.param(
            [EVENT, OTHER],
            "{waiting: {roll-out: [{key: a, has: {push: '1'}, needs: [image]}, {key: b, has: {image: '2'}}]}}",
            id="events of two keys wait apart",
        ),
        pytest.param(
            [OTHER, EVENT, "{restart: true}", IMAGE],
            "{waiting: {roll-out: {key: b, needs: [push]}}}",
            id="and come together by key, over a restart",
        ),
        pytest.param(
            [EVENT, "{expect: {fired: [{trigger: complain}]}}", "{wait: 31m}",
             "{expect: {fired: [{trigger: quiet}, {trigger: digest}, {trigger: complain, with: {push: '1'}}]}}"],
            "{waiting: {roll-out: null}}",
            id="what is missing fires after its time",
        ),
        pytest.param(
            [EVENT, EVENT, "{expect: {waiting: {digest: {has: {push: ['1', '2']}}, quiet: {has: {push: '2'}}}}}",
             "{wait: 59s}", EVENT, "{wait: 1m}"],
            "{fired: [{trigger: complain}, {trigger: complain}, {trigger: complain},"
                " {trigger: digest, with: {push: ['1', '2', '3']}},"
                " {trigger: quiet, with: {push: '3'}, at: '2026-11-23T10:01:59Z'}]}",
                id="a batch and a debounce",
        ),
        pytest.param(
            [EVENT, "{at: 2026-11-23T12:00:00Z}"], "{waiting: {daily: null}}", id="a reset lets go"
        ),
    ],
)  # fmt: skip
async def test_what_waits_moves_with_the_clock(tmp_path, steps, expect):
    result = await run_case(tmp_path, steps, expect, head=HEAD, sensor=WAITING)
    assert result.ok, told(result)
