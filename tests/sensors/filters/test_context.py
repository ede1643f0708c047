"""The context filter: spec-sensors 3.5."""

import pytest

from sensors.filter import Code, Reading, unpack_verdict
from tests.sensors.support import event, sensor


def code(context: str, **attributes: object) -> Code:
    text = f"""
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {{name: x}}
spec:
  dependencies:
  - {{name: a, eventSourceName: s, eventName: e, filters: {{context: {context}}}}}
  triggers:
  - template: {{name: t, record: {{}}}}
"""
    return unpack_verdict(sensor(text).dependencies[0].judge(Reading(event(b"not json", **attributes)))).code


@pytest.mark.parametrize(
    ("context", "attributes", "expected"),
    [
        pytest.param("{type: github}", {}, Code.PASSED, id="equal"),
        pytest.param("{type: Github}", {}, Code.FILTERED, id="case matters"),
        pytest.param("{type: git}", {}, Code.FILTERED, id="no pattern"),
        pytest.param("{type: github, subject: push}", {"subject": "push"}, Code.PASSED, id="all hold"),
        pytest.param("{type: github, subject: push}", {}, Code.FILTERED, id="an absent attribute"),
        pytest.param("{source: github, id: other}", {}, Code.PASSED, id="the id is ignored"),
        pytest.param("{datacontenttype: application/json}", {}, Code.PASSED, id="content type"),
    ],
)
def test_attributes_are_compared_exactly(context, attributes, expected):
    assert code(context, **attributes) is expected


def test_the_reading_of_the_verdict_names_the_attribute():
    text = """
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {name: x}
spec:
  dependencies:
  - {name: a, eventSourceName: s, eventName: e, filters: {context: {type: github, subject: push}}}
  triggers:
  - template: {name: t, record: {}}
"""
    dependency = sensor(text).dependencies[0]
    reading = Reading(event(b"{}", subject="tag"))
    assert unpack_verdict(dependency.judge(reading)) == (Code.FILTERED, 2, 1)
    assert [(each.path, each.actual) for each in dependency.inspect(reading)] == [
        ("context.type", "github"),
        ("context.subject", "tag"),
    ]
