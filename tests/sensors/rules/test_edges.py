"""What rules have to leave alone, and what they find beside their examples."""

import pytest

from sensors.compile import check_sensor
from tests.sensors.rules.fragments import sensor_of


def codes(fragment: str) -> set[str]:
    return {finding.code for finding in check_sensor(sensor_of(fragment))[1]}


def data_filter(path: str, value: str = "^push$", kind: str = "string") -> str:
    return f'dependencies: [{{filters: {{data: [{{path: "{path}", type: {kind}, value: ["{value}"]}}]}}}}]'


def parameter(src: str, dest: str = "headers.X-A", *, place: str = "parameters", more: str = "") -> str:
    entry = f"{{src: {{dependencyName: push, {src}}}, dest: {dest}{more}}}"
    return f"triggers: [{{template: {{http: {{url: 'https://example.com/', {place}: [{entry}]}}}}}}]"


def outer(dest: str, action: str = "http: {url: 'https://example.com/'}") -> str:
    entry = f"{{src: {{dependencyName: push, dataKey: a}}, dest: {dest}}}"
    return f"triggers: [{{template: {{{action}}}, parameters: [{entry}]}}]"


OBJECT = "{apiVersion: v1, kind: ConfigMap, metadata: {name: latest}}"


def created(
    own: str = "", outside: str = "", operation: str = "create", source: str = f"resource: {OBJECT}"
) -> str:
    lists = [
        f"[{{src: {{dependencyName: push, dataKey: a}}, dest: {dest}}}]" if dest else "[]"
        for dest in (own, outside)
    ]
    action = f"k8s: {{operation: {operation}, source: {{{source}}}, parameters: {lists[0]}}}"
    return f"triggers: [{{template: {{{action}}}, parameters: {lists[1]}}}]"


@pytest.mark.parametrize(
    ("fragment", "code", "is_found"),
    [
        pytest.param(data_filter("headers.x-github-event.0"), "KK123", True, id="small letters"),
        pytest.param(data_filter("header.Content-Type.0"), "KK123", False, id="canonical"),
        pytest.param(data_filter("headers.traceId"), "KK123", False, id="perhaps of a Kafka record"),
        pytest.param(data_filter("body.headers.x-a.0"), "KK123", False, id="of the body"),
        pytest.param(data_filter("headers.X-A.#"), "KK124", False, id="the number of values"),
        pytest.param(data_filter("headers.X-A", "push"), "KK124", False, id="searched in the list's text"),
        pytest.param(data_filter("headers.X-A", "1", "number"), "KK124", True, id="a list as a number"),
        pytest.param(parameter("dataKey: headers.X-A"), "KK124", True, id="brackets in a parameter"),
        pytest.param(parameter("dataKey: headers.X-A.0"), "KK124", False, id="a value in a parameter"),
        pytest.param(data_filter("body.a", "^a|b$"), "KK101", False, id="an alternative is no word"),
        pytest.param(data_filter("body.a", "a.c"), "KK101", False, id="a pattern is no word"),
        pytest.param(
            "dependencies: [{filtersLogicalOperator: or, filters: {context: {type: a}}}]",
            "KK120",
            False,
            id="one kind",
        ),
        pytest.param("dependencies: [{eventName: 'a[0]'}]", "KK122", True, id="brackets of a glob"),
        pytest.param(
            "dependencies: [{filters: {context: {subject: a/b.c-d}}}]", "KK121", False, id="a plain subject"
        ),
        pytest.param(
            "dependencies: [{filters: {script: 'return os.time() > 0'}}]", "KK128", False, id="the clock"
        ),
        pytest.param(parameter("dataTemplate: '{{ .Input.env }}'"), "KK143", False, id="a member env"),
        pytest.param(parameter("dataTemplate: 'env {{ .Input.a }}'"), "KK143", False, id="a text env"),
        pytest.param(
            parameter("contextTemplate: '{{ .Input.id | printf (env .) }}'"), "KK143", True, id="env inside"
        ),
        pytest.param(
            "dependencies: [{filters: {script: 'return event.io == 1'}}]",
            "KK128",
            False,
            id="a member called io",
        ),
        pytest.param("dependencies: [{filters: {script: 'return io.open(1)'}}]", "KK128", True, id="files"),
        pytest.param(
            'dependencies: [{filters: {script: "--return\\nx = 1"}}]', "KK130", True, id="return in a comment"
        ),
        pytest.param(
            "dependencies: [{transform: {script: 'return event.body'}}]",
            "KK129",
            True,
            id="a part of the event",
        ),
        pytest.param(
            "dependencies: [{transform: {script: 'return {a = event.a}'}}]",
            "KK129",
            False,
            id="chosen members",
        ),
        pytest.param(parameter("dataTemplate: '{{ .Input.a }}'"), "KK111", False, id="a template is a key"),
        pytest.param(parameter("value: ''"), "KK134", True, id="an empty constant"),
        pytest.param(
            parameter("dataTemplate: '{{ .Input.user.id | int64 }}'"), "KK132", False, id="a whole number"
        ),
        pytest.param(parameter("dataTemplate: '{{- .Input.user_id -}}'"), "KK132", True, id="trimmed"),
        pytest.param(parameter("dataTemplate: '{{ .Input.idea }}'"), "KK132", False, id="another word"),
        pytest.param(parameter("contextKey: '@this'"), "KK142", False, id="all attributes"),
        pytest.param(parameter("contextKey: dataContentType"), "KK142", True, id="another case"),
        pytest.param(
            parameter("dataKey: a", place="payload", more=", operation: overwrite"),
            "KK136",
            False,
            id="overwrite",
        ),
        pytest.param(
            parameter("dataKey: a, useRawData: true", "timeout"), "KK140", False, id="a number stays one"
        ),
        pytest.param(parameter("dataKey: a", "timeout"), "KK140", True, id="own parameters"),
        pytest.param(outer("name"), "KK138", False, id="the name of the trigger"),
        pytest.param(outer("slack.channel"), "KK138", True, id="another action"),
        pytest.param(
            outer("spec.x", f"k8s: {{source: {{resource: {OBJECT}}}}}"),
            "KK138",
            True,
            id="meant for the object",
        ),
        pytest.param(outer("conditions"), "KK138", False, id="said by another rule"),
        pytest.param(created(), "KK145", True, id="constant"),
        pytest.param(created(own="metadata.name"), "KK145", False, id="name from an event"),
        pytest.param(created(own="metadata"), "KK145", False, id="metadata from an event"),
        pytest.param(
            created(outside="k8s.source.resource.metadata.name"), "KK145", False, id="from the trigger"
        ),
        pytest.param(created(outside="k8s.source.resource"), "KK145", False, id="all of it"),
        pytest.param(created(own="metadata.labels.name"), "KK145", True, id="something else"),
        pytest.param(created(operation="delete"), "KK145", False, id="deleted"),
        pytest.param(created(source=f"inline: '{OBJECT}'"), "KK145", True, id="as a text"),
        pytest.param(created(source="inline: '{'"), "KK145", False, id="a text that is no object"),
        pytest.param(created(source=f'inline: "---\\n{OBJECT}\\n"'), "KK157", False, id="one document"),
        pytest.param(created(source=f'inline: "{OBJECT}\\n---\\n"'), "KK157", False, id="nothing behind"),
        pytest.param(
            created(source="url: {path: 'http://example.com/a'}"), "KK158", False, id="no certificate at all"
        ),
        pytest.param(
            "metadata: {annotations: {kikkake/strict: 'true'}}\n"
            + created(source="url: {path: 'https://example.com/a'}"),
            "KK158",
            False,
            id="a strict Sensor verifies",
        ),
        pytest.param("triggers: [{template: {name: " + "a" * 64 + "}}]", "KK144", True, id="too long"),
        pytest.param("triggers: [{template: {name: a.b_c}}]", "KK144", False, id="a label"),
        pytest.param("metadata: {name: " + "a" * 64 + "}", "KK144", True, id="the name of the Sensor"),
        pytest.param(
            "triggers: [{template: {http: {url: 'https://example.com/', secureHeaders: [{name: content-TYPE, "
            "valueFrom: {secretKeyRef: {name: a, key: b}}}], payload: [{src: {dependencyName: push, "
            "dataKey: a}, dest: a}]}}}]",
            "KK153",
            False,
            id="a secret content type",
        ),
        pytest.param(
            "triggers: [{template: {http: {url: 'https://example.com/', payload: [{src: {dependencyName: push, "
            "dataKey: a}, dest: a}]}}, parameters: [{src: {dependencyName: push, dataKey: a}, "
            "dest: http.headers.Content-Type}]}]",
            "KK153",
            False,
            id="a content type from the event",
        ),
        pytest.param(
            "triggers: [{template: {conditionsReset: [{byTime: {cron: 'TZ=Etc/UTC 0 0 * * *'}}]}}]",
            "KK152",
            False,
            id="a zone in the expression",
        ),
    ],
)
def test_a_rule_finds_what_it_means_and_no_more(fragment, code, is_found):
    assert (code in codes(fragment)) is is_found


def test_a_dlq_trigger_is_looked_at_and_its_condition_is_not():
    found = check_sensor(
        sensor_of(
            """
            dependencies: [{name: push}, {name: image}]
            triggers:
            - template: {conditions: push && image}
              atLeastOnce: true
              dlqTrigger:
                atLeastOnce: true
                template: {name: tell, log: {}}
                rateLimit: {unit: day, requestsPerUnit: 1}
                parameters: [{src: {dependencyName: push}, dest: log.x}]
            """
        )
    )[1]
    assert sorted((each.code, each.at) for each in found) == [
        ("KK110", "spec.triggers[0].template.conditions"),
        ("KK111", "spec.triggers[0].dlqTrigger.parameters[0].src"),
        ("KK115", "spec.triggers[0].dlqTrigger.rateLimit.unit"),
    ]


def test_a_field_inside_a_template_is_told_once_and_is_unknown_in_a_strict_sensor():
    inside = "triggers: [{template: {retryStrategy: {steps: 2}}}]"
    assert codes(inside) == {"KK114"}
    assert codes("metadata: {annotations: {kikkake/strict: 'true'}}\n" + inside) == {"KK114", "UnknownField"}


@pytest.mark.parametrize("odd", ["7", "text", "[1]", "{a: 1}", "null", "[null]", "[[]]"])
@pytest.mark.parametrize(
    "place",
    [
        "dependencies: [{{filters: {odd}, transform: {odd}}}]",
        "dependencies: [{{filters: {{data: {odd}, exprs: {odd}, context: {odd}}}}}]",
        "triggers: [{{template: {{http: {odd}}}, parameters: {odd}, policy: {odd}, rateLimit: {odd}}}]",
        "triggers: [{{template: {{k8s: {{source: {odd}}}, conditionsReset: {odd}}}, dlqTrigger: {odd}}}]",
        "triggers: [{{template: {{k8s: {{source: {{url: {odd}, git: {odd}, inline: {odd}, s3: {odd}}}}}}}}}]",
    ],
)
def test_odd_values_are_faults_and_never_crash_a_rule(place, odd):
    check_sensor(sensor_of(place.format(odd=odd)))
