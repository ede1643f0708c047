"""Expression filters of event sources in an EventSourceTest."""

import textwrap

import pytest

from tests.kikkake.testing.support import run_files, told

SOURCE = """
    apiVersion: argoproj.io/v1alpha1
    kind: EventSource
    metadata: {name: hooks}
    spec:
      webhook:
        in:
          endpoint: /in
          port: "12000"
          method: POST
          unauthenticated: true
          filter: {expression: body.ref startsWith "refs/heads/"}
"""
KAFKA = """
    apiVersion: argoproj.io/v1alpha1
    kind: EventSource
    metadata: {name: records}
    spec:
      kafka:
        builds: {url: "broker:9092", topic: builds, partition: "0", jsonBody: true, filter: {expression: body.n > 1}}
"""


async def run_deliveries(folder, deliveries, *, source=SOURCE):
    head = "apiVersion: kikkake/v1\nkind: EventSourceTest\nmetadata: {name: t}\neventSource: source.yaml\n"
    steps = "".join(f"\n  - {step}" for step in deliveries)
    document = f"{head}cases:\n- name: the case\n  deliveries:{steps}\n"
    [result] = await run_files(folder, source__yaml=textwrap.dedent(source), source_test__yaml=document)
    return result


@pytest.mark.parametrize(
    ("body", "expect", "said"),
    [
        ("{ref: refs/heads/main}", "{status: 200, events: [{on: hooks/in}]}", ""),
        ("{ref: refs/tags/1}", "{status: 200, events: [], body: {filtered: true}}", ""),
        ("{other: 1}", "{status: 200, events: [], body: {filtered: true, filterFailed: true}}", ""),
        ("{ref: refs/tags/1}", "{events: [{}]}", "the answer is 200, dropped by the source"),
        ("{other: 1}", "{events: [{}]}", "dropped by the source (it failed)"),
    ],
)
async def test_a_delivery_that_the_filter_drops_stores_nothing(tmp_path, body, expect, said):
    result = await run_deliveries(tmp_path, [f"{{to: in, body: {body}, expect: {expect}}}"])
    assert said in told(result) if said else told(result) == ""


@pytest.mark.parametrize(("number", "events"), [(2, "[{on: records/builds}]"), (1, "[]")])
async def test_a_record_that_the_filter_drops_stores_nothing(tmp_path, number, events):
    record = f"{{topic: builds, partition: 0, offset: 1, value: {{n: {number}}}}}"
    result = await run_deliveries(
        tmp_path, [f"{{record: {record}, expect: {{events: {events}}}}}"], source=KAFKA
    )
    assert told(result) == ""
