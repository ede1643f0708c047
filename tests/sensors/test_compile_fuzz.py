"""Whatever a resource holds, compiling it ends with findings and never with another error."""

import copy

from hypothesis import given, settings
from hypothesis import strategies as st

from events.resource import ResourceDocument
from sensors.compile import check_sensor, compile_stored
from sensors.spec import (
    ContextFilter,
    DataFilter,
    Dependency,
    Filters,
    Parameter,
    ParameterSource,
    SensorSpec,
    TimeFilter,
    TriggerSpec,
    TriggerTemplate,
)
from tests.sensors.support import KINDS, document, version_of

MODELS = (
    SensorSpec,
    Dependency,
    Filters,
    DataFilter,
    ContextFilter,
    TimeFilter,
    TriggerSpec,
    TriggerTemplate,
    Parameter,
    ParameterSource,
)
NAMES = sorted(
    {name for model in MODELS for name in model.field_names()} | {"record", "k8s", "document", "x"}
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.just(2**80)
    | st.floats(allow_nan=True)
    | st.sampled_from(
        ["", "a", "b", "and", "or", "string", "number", "bool", "=", "!=", "a && b", "(a", "[", "\ud800"]
    )
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
)
DEPENDENCIES = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["a", "b"]) | VALUES,
            "eventSourceName": st.just("s"),
            "eventName": st.just("e"),
        },
        optional={"filters": st.dictionaries(st.sampled_from(Filters.field_names()), VALUES, max_size=3)},
    ),
    max_size=3,
)
TRIGGERS = st.lists(
    st.fixed_dictionaries(
        {
            "template": st.fixed_dictionaries(
                {"name": st.sampled_from(["t", "u"])}, optional={"record": VALUES}
            )
        },
        optional={name: VALUES for name in TriggerSpec.field_names() if name != "template"},
    ),
    max_size=3,
)
SPECS = VALUES | st.fixed_dictionaries(
    {"dependencies": DEPENDENCIES | VALUES, "triggers": TRIGGERS | VALUES},
    optional={"eventBusName": VALUES, "template": VALUES},
)


@settings(max_examples=400, deadline=None)
@given(
    SPECS,
    st.sampled_from([{}, {"name": "x"}, {"name": "x", "annotations": {"kikkake/strict": "true"}}, None, 7]),
)
def test_compiling_never_raises(spec, metadata):
    value = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Sensor", "metadata": metadata, "spec": spec}
    compiled, findings = check_sensor(ResourceDocument(value, "f.yaml", {}), kinds=KINDS)
    assert compiled is not None or findings
    if compiled is not None:
        # What is stored is taken back as it is.
        assert compile_stored(version_of(compiled), kinds=KINDS).text == compiled.text


SOUND = """
    apiVersion: argoproj.io/v1alpha1
    kind: Sensor
    metadata: {name: x, namespace: ci}
    spec:
      eventBusName: default
      template: {serviceAccountName: runner}
      dependencies:
      - name: a
        eventSourceName: s
        eventName: e
        filters:
          data: [{path: body.ref, type: string, value: ["^main$"], comparator: "="}]
          context: {type: t}
        filtersLogicalOperator: and
      - {name: b, eventSourceName: s, eventName: f}
      triggers:
      - template:
          name: t
          conditions: a && b
          record:
            document: {x: "1"}
            parameters: [{src: {dependencyName: a, dataKey: body.ref}, dest: x, operation: append}]
        parameters: [{src: {dependencyName: b, value: "1"}, dest: record.document.x}]
        retryStrategy: {steps: 3, duration: 1s, factor: 2, jitter: 0.5}
        rateLimit: {unit: Minute, requestsPerUnit: 5}
        dlqTrigger: {template: {name: d, record: {}}}
"""


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, member in inner for place in places(member, (*path, key)))]


PLACES = [place for place in places(document(SOUND).value) if place]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(PLACES), VALUES)
def test_one_wrong_value_anywhere_is_a_finding_or_works(place, value):
    """A sound Sensor in which one value is something else: it is refused, stopped in part, or compiles again."""
    resource = copy.deepcopy(document(SOUND).value)
    parent = resource
    for key in place[:-1]:
        parent = parent[key]
    parent[place[-1]] = value
    compiled, findings = check_sensor(ResourceDocument(resource, "f.yaml", {}), kinds=KINDS)
    assert compiled is not None or findings
    if compiled is not None:
        assert compile_stored(version_of(compiled), kinds=KINDS).text == compiled.text


def test_the_sound_sensor_is_sound():
    compiled, findings = check_sensor(document(SOUND), kinds=KINDS)
    assert compiled is not None
    assert {finding.code for finding in findings} == {"KK110", "KK134", "KK150"}
