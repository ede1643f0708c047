"""Resources of the stories, as a person would write them."""

from __future__ import annotations

import json
import textwrap
from typing import Any

MAIN = "^refs/heads/main$"


def github(*, namespace: str = "default", name: str = "github", endpoint: str = "/github") -> str:
    """An EventSource with one event, `push`, that is signed with the secret `hook`, key `secret`."""
    return _text(f"""
        apiVersion: argoproj.io/v1alpha1
        kind: EventSource
        metadata: {{name: {name}, namespace: {namespace}}}
        spec:
          github:
            push:
              repositories: [{{owner: octo, names: [shop]}}]
              webhook: {{endpoint: {endpoint}, port: "12000", method: POST}}
              events: [push]
              webhookSecret: {{name: hook, key: secret}}
              contentType: json
    """)


def harbor(*, namespace: str = "default") -> str:
    """An EventSource with one event, `image`, whose senders know the secret `registry`, key `authorization`."""
    return _text(f"""
        apiVersion: argoproj.io/v1alpha1
        kind: EventSource
        metadata: {{name: harbor, namespace: {namespace}}}
        spec:
          harbor:
            image:
              webhook: {{endpoint: /harbor, port: "12000"}}
              authorizationSecret: {{name: registry, key: authorization}}
    """)


def kafka(*, namespace: str, brokers: str, topic: str) -> str:
    """An EventSource with one event, `placed`, of a topic's records."""
    return _text(f"""
        apiVersion: argoproj.io/v1alpha1
        kind: EventSource
        metadata: {{name: orders, namespace: {namespace}}}
        spec:
          kafka:
            placed:
              url: {brokers}
              topic: {topic}
              jsonBody: true
              consumerGroup: {{groupName: {topic}, oldest: true}}
    """)


def sensor(
    trigger: str,
    *,
    name: str = "build",
    namespace: str = "default",
    branch: str = MAIN,
    retry: str = "{steps: 1}",
    policy: str = "",
) -> str:
    """A Sensor that waits for pushes to `branch`; `trigger` is YAML of the template, such as `config_map()`."""
    return _text(f"""
        apiVersion: argoproj.io/v1alpha1
        kind: Sensor
        metadata: {{name: {name}, namespace: {namespace}}}
        spec:
          dependencies:
          - name: push
            eventSourceName: github
            eventName: push
            filters:
              data:
              - {{path: body.ref, type: string, value: ["{branch}"]}}
          triggers:
          - template:
              name: make
              {_inner(trigger, 14)}
            retryStrategy: {retry}
            policy: {policy or "{}"}
    """)


def scripted(
    trigger: str,
    *,
    name: str,
    namespace: str = "default",
    jq: str = "",
    lua: str = "",
    script: str = "",
    retry: str = "{steps: 1}",
) -> str:
    """A Sensor that sees pushes through a transform (`jq`, or `lua`) and a Lua filter (`script`)."""
    transform = {"transform": {"jq": jq} if jq else {"script": lua}} if jq or lua else {}
    filters = {"filters": {"script": script}} if script else {}
    dependency = {"name": "push", "eventSourceName": "github", "eventName": "push", **transform, **filters}
    return _text(f"""
        apiVersion: argoproj.io/v1alpha1
        kind: Sensor
        metadata: {{name: {name}, namespace: {namespace}}}
        spec:
          dependencies:
          - {json.dumps(dependency)}
          triggers:
          - template:
              name: make
              {_inner(trigger, 14)}
            retryStrategy: {retry}
    """)


def join(trigger: str, *, namespace: str = "default", branch: str = MAIN, name: str = "both") -> str:
    """A Sensor that waits for a push and an image."""
    return _text(f"""
        apiVersion: argoproj.io/v1alpha1
        kind: Sensor
        metadata: {{name: {name}, namespace: {namespace}}}
        spec:
          dependencies:
          - name: push
            eventSourceName: github
            eventName: push
            filters:
              data:
              - {{path: body.ref, type: string, value: ["{branch}"]}}
          - name: image
            eventSourceName: harbor
            eventName: image
          triggers:
          - template:
              name: make
              conditions: push && image
              {_inner(trigger, 14)}
    """)


def config_map(**data: str) -> str:
    """A trigger that creates a ConfigMap; each keyword is a key of its data, `DEPENDENCY:PATH` says where from."""
    sources = [
        f"- {{src: {{dependencyName: {value.partition(':')[0]}, dataKey: '{value.partition(':')[2]}'}},"
        f" dest: data.{name}}}"
        for name, value in (data or {"commit": "push:body.after"}).items()
    ]
    return _text(
        """
        k8s:
          operation: create
          source:
            resource: {apiVersion: v1, kind: ConfigMap, metadata: {generateName: made-}, data: {}}
          parameters:
        """
    ) + textwrap.indent("\n".join(sources), "  ")


def fetched(source: dict[str, Any]) -> str:
    """A trigger that creates what it finds at `source`, with the commit in its data."""
    return _text(f"""
        k8s:
          operation: create
          source: {json.dumps(source)}
          parameters:
          - {{src: {{dependencyName: push, dataKey: body.after}}, dest: data.commit}}
    """)


def post(url: str) -> str:
    """A trigger that sends the commit to `url`."""
    return _text(f"""
        http:
          url: {url}
          method: POST
          payload:
          - {{src: {{dependencyName: push, dataKey: body.after}}, dest: commit}}
    """)


def static_name(name: str) -> str:
    """A trigger that creates a ConfigMap of this name."""
    return _text(f"""
        k8s:
          operation: create
          source:
            resource: {{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}}}, data: {{a: b}}}}
    """)


def _text(text: str) -> str:
    return textwrap.dedent(text).lstrip("\n")


def _inner(text: str, spaces: int) -> str:
    """A block inside a template of `_text`: its first line stands where the template puts it."""
    # The template's lines are dedented by 8 afterwards, and so are these.
    return textwrap.indent(text.rstrip(), " " * spaces).lstrip()
