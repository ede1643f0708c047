"""Sensors of which tests ask what they need."""

from __future__ import annotations

import textwrap

from events.resource import read_documents
from sensors.compile import CompiledSensor, compile_sensor

_SENSOR = """\
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {{name: build, namespace: ci}}
spec:
  dependencies:
  - {{name: push, eventSourceName: hook, eventName: push}}
  template: {{serviceAccountName: builder}}
  triggers:
{triggers}
"""


def sensor(*triggers: str) -> CompiledSensor:
    """A Sensor ci/build of the account `builder`; each trigger is a YAML object that begins with `template`."""
    items = "\n".join(textwrap.indent("-\n" + textwrap.indent(each, "  "), "  ") for each in triggers)
    [document], findings = read_documents(_SENSOR.format(triggers=items), "given.yaml")
    assert findings == []
    return compile_sensor(document)


def sensor_of(*templates: str) -> CompiledSensor:
    """The same, of the members of its triggers' templates."""
    named = [f"name: t{number}\n{textwrap.dedent(text)}" for number, text in enumerate(templates)]
    return sensor(*("template:\n" + textwrap.indent(each, "  ") for each in named))
