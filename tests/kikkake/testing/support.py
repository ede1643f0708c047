"""What tests of `kikkake test` share: a Sensor with every kind of trigger, and running documents from texts."""

from __future__ import annotations

import textwrap
from pathlib import Path

from kikkake.testing.reading import read_test_files
from kikkake.testing.run import Result, run_tests

SENSOR = """
    apiVersion: argoproj.io/v1alpha1
    kind: Sensor
    metadata: {name: ci}
    spec:
      dependencies:
      - name: push
        eventSourceName: github
        eventName: push
        filters:
          data:
          - {path: body.ref, type: string, value: ["^refs/heads/main$"]}
      - {name: image, eventSourceName: harbor, eventName: image}
      triggers:
      - template:
          name: build
          conditions: push
          k8s:
            operation: create
            source:
              resource: {apiVersion: v1, kind: ConfigMap, metadata: {generateName: build-}, data: {ref: ""}}
            parameters:
            - {src: {dependencyName: push, dataKey: body.ref}, dest: data.ref}
      - template:
          name: notify
          conditions: image
          http:
            url: https://chat.example/hook
            headers: {X-Team: ci}
            payload:
            - {src: {dependencyName: image, dataKey: tag}, dest: text}
            secureHeaders:
            - {name: Authorization, valueFrom: {secretKeyRef: {name: chat, key: token}}}
        retryStrategy: {steps: 2, duration: 10s, factor: 1, jitter: 0}
        dlqTrigger:
          template: {name: give-up, log: {}}
      - template:
          name: both
          conditions: push && image
          log: {}
"""

HEAD = """
    apiVersion: kikkake/v1
    kind: SensorTest
    metadata: {name: ci}
    sensor: sensor.yaml
    secrets: {chat: {token: s3cr3t-of-the-test}}
"""
NOW = 'now: "2026-11-23T10:00:00Z"\n'

MAIN = "{on: github/push, data: {body: {ref: refs/heads/main}}}"
BRANCH = "{on: github/push, data: {body: {ref: refs/heads/dev}}}"
IMAGE = "{on: harbor/image, data: {tag: v1}}"


async def run_files(folder: Path, **texts: str) -> list[Result]:
    """Results of the tests in `folder` after these files were written; `a__b` is the file `a.b`."""
    for name, text in texts.items():
        folder.joinpath(name.replace("__", ".")).write_text(textwrap.dedent(text), encoding="utf-8")
    return [result async for result in run_tests(read_test_files([str(folder)]))]


async def run_case(
    folder: Path, events: list[str], expect: str, *, head: str = NOW, sensor: str = SENSOR
) -> Result:
    """The result of one case: its `events` as flow YAML, its `expect` likewise; `head` adds to the document."""
    steps = "".join(f"\n  - {step}" for step in events)
    document = (
        textwrap.dedent(HEAD)
        + textwrap.dedent(head)
        + f"cases:\n- name: the case\n  events:{steps or ' []'}\n  expect: {expect}\n"
    )
    [result] = await run_files(folder, sensor__yaml=sensor, ci_test__yaml=document)
    return result


def told(result: Result) -> str:
    """Everything that is said about a failure."""
    lines = [result.failure, *(f"{each.file}:{each.line}:{each.column}: {each}" for each in result.faults)]
    lines += [f"{each.path} | {each.expected} | {each.actual} | {each.look}" for each in result.differences]
    return "\n".join(line for line in lines if line)
