"""The resources that are measured."""

from __future__ import annotations

SOURCE = """
apiVersion: argoproj.io/v1alpha1
kind: EventSource
metadata: {name: github}
spec:
  github:
    push:
      repositories: [{owner: octo-org, names: [storefront]}]
      webhook: {endpoint: /github, port: "12000", method: POST}
      events: [push]
      webhookSecret: {name: github, key: secret}
---
"""


def http_sensor(sink_port: int, name: str = "forward") -> str:
    """Two data filters, then an HTTP call with the bench id and the ref."""
    return f"""
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {{name: {name}}}
spec:
  dependencies:
    - name: push
      eventSourceName: github
      eventName: push
      filters:
        data:
          - {{path: body.ref, type: string, value: ["^refs/heads/main$"]}}
          - {{path: body.deleted, type: bool, value: ["false"]}}
  triggers:
    - template:
        name: call
        http:
          url: http://127.0.0.1:{sink_port}/call
          method: POST
          headers: {{Content-Type: application/json}}
          payload:
            - src: {{dependencyName: push, dataKey: body.bench_id}}
              dest: bench_id
            - src: {{dependencyName: push, dataKey: body.ref}}
              dest: ref
---
"""


def config_map_sensor() -> str:
    """Creates a ConfigMap for each push to main."""
    return """
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {name: objects}
spec:
  dependencies:
    - {name: push, eventSourceName: github, eventName: push}
  triggers:
    - template:
        name: create
        k8s:
          source:
            resource:
              apiVersion: v1
              kind: ConfigMap
              metadata: {generateName: bench-, namespace: NAMESPACE}
              data: {}
          parameters:
            - src: {dependencyName: push, dataKey: body.bench_id}
              dest: data.bench_id
            - src: {dependencyName: push, dataKey: body.after}
              dest: data.commit
---
"""


def filtered_sensor(number: int) -> str:
    """A Sensor whose second filter never passes."""
    return f"""
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {{name: other-{number}}}
spec:
  dependencies:
    - name: push
      eventSourceName: github
      eventName: push
      filters:
        data:
          - {{path: body.repository.full_name, type: string, value: ["octo-org/"]}}
          - {{path: body.ref, type: string, value: ["^refs/heads/release-{number}$"]}}
  triggers:
    - template: {{name: log, log: {{}}}}
---
"""


def many_triggers(count: int) -> str:
    """One Sensor with that many triggers, each with a dependency of its own; only the first fires."""
    dependencies = "".join(
        f"""
    - name: d{number}
      eventSourceName: github
      eventName: push
      filters:
        data:
          - {{path: body.ref, type: string, value: ["^refs/heads/{"main" if number == 0 else f"b-{number}"}$"]}}
"""
        for number in range(count)
    )
    triggers = "".join(
        f"""
    - template: {{name: t{number}, conditions: d{number}, log: {{}}}}"""
        for number in range(count)
    )
    head = "apiVersion: argoproj.io/v1alpha1\nkind: Sensor\nmetadata: {name: many}\nspec:\n"
    return f"{head}  dependencies:{dependencies}  triggers:{triggers}\n---\n"
