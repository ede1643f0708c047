"""Every row of upstream's validation of a Sensor, in its words and at its place; and all of them at once.

The rows are those of spec-sensors 2.1 to 2.3. What upstream forgets (2.4) stops only its own part.
"""

import dataclasses

import pytest

from events.errors import Scope, Severity
from sensors.compile import check_sensor
from tests.sensors.rules.fragments import sensor_of


def errors(fragment: str):
    """Place and text of what refuses the Sensor as a whole."""
    compiled, found = check_sensor(sensor_of(fragment))
    refusing = [each for each in found if each.severity is Severity.ERROR and each.scope is Scope.RESOURCE]
    assert (compiled is None) is bool(refusing)
    assert all(each.line > 1 for each in refusing)
    return [(each.at, each.what) for each in refusing]


def parts(fragment: str):
    """What is stopped, and the place and text of why; the Sensor as a whole works."""
    compiled, found = check_sensor(sensor_of(fragment))
    assert compiled is not None, found
    return [(each.part, each.at, each.what) for each in found if each.severity is Severity.ERROR]


DEPENDENCY = "spec.dependencies[0]"
FILTERS = f"{DEPENDENCY}.filters"
DATA = "one of data filters is not valid (type, path and value must be not empty)"
PARSE = 'parsing time "{0}" as "15:04:05": cannot parse "{0}" as "15:04:05"'


@pytest.mark.parametrize(
    ("dependency", "at", "what"),
    [
        ("{name: ''}", f"{DEPENDENCY}.name", "event dependency must define a name"),
        (
            "{eventSourceName: ''}",
            f"{DEPENDENCY}.eventSourceName",
            "event dependency must define the EventSourceName",
        ),
        ("{eventName: null}", f"{DEPENDENCY}.eventName", "event dependency must define the EventName"),
        (
            "{filters: {exprLogicalOperator: AND}}",
            f"{FILTERS}.exprLogicalOperator",
            "logical operator AND not supported",
        ),
        (
            "{filters: {dataLogicalOperator: xor}}",
            f"{FILTERS}.dataLogicalOperator",
            "logical operator xor not supported",
        ),
        (
            "{filters: {exprs: [{expr: '', fields: [{path: a, name: a}]}]}}",
            f"{FILTERS}.exprs[0]",
            "one of expr filters is not valid (expr and fields must be not empty)",
        ),
        (
            "{filters: {exprs: [{expr: a, fields: []}]}}",
            f"{FILTERS}.exprs[0]",
            "one of expr filters is not valid (expr and fields must be not empty)",
        ),
        (
            "{filters: {exprs: [{expr: a, fields: [{path: a, name: a}, {path: '', name: b}]}]}}",
            f"{FILTERS}.exprs[0].fields[1]",
            "one of expr filters is not valid (path and name in a field must be not empty)",
        ),
        (
            "{filters: {data: [{path: a, type: number, value: ['1'], comparator: '=='}]}}",
            f"{FILTERS}.data[0].comparator",
            "comparator == not supported",
        ),
        ("{filters: {data: [{type: string, value: ['^a$']}]}}", f"{FILTERS}.data[0]", DATA),
        ("{filters: {data: [{path: a, value: ['^a$']}]}}", f"{FILTERS}.data[0]", DATA),
        ("{filters: {data: [{path: a, type: string}]}}", f"{FILTERS}.data[0]", DATA),
        (
            "{filters: {data: [{path: a, type: string, value: ['^a$', '']}]}}",
            f"{FILTERS}.data[0].value[1]",
            "one of data filters is not valid (value must be not empty)",
        ),
        (
            "{filters: {context: {}}}",
            f"{FILTERS}.context",
            "no fields specified in ctx filter (aka all events will be discarded)",
        ),
        (
            "{filters: {time: {start: '01:00:00', stop: '02:00:00', timezone: Mars/Base}}}",
            f"{FILTERS}.time.timezone",
            "invalid timezone 'Mars/Base': unknown time zone Mars/Base",
        ),
        (
            "{filters: {time: {start: noon, stop: '02:00:00'}}}",
            f"{FILTERS}.time.start",
            PARSE.format("noon"),
        ),
        (
            "{filters: {time: {start: '01:00:00', stop: '24:00:00'}}}",
            f"{FILTERS}.time.stop",
            'parsing time "24:00:00": hour out of range',
        ),
        (
            "{filters: {time: {start: '01:00:00', stop: '1:00:00'}}}",
            f"{FILTERS}.time",
            "invalid event time filter: stop '1:00:00' is equal to start '01:00:00",
        ),
        (
            "{filtersLogicalOperator: Or}",
            f"{DEPENDENCY}.filtersLogicalOperator",
            "logical operator Or not supported",
        ),
    ],
)
def test_a_dependency_is_refused_as_upstream_refuses_it(dependency, at, what):
    assert errors(f"dependencies: [{dependency}]") == [(at, what)]


@pytest.mark.parametrize(
    ("member", "what"), [("dependencies", "no event dependencies found"), ("triggers", "no triggers found")]
)
def test_an_empty_list_is_refused(member, what):
    document = sensor_of("{}")
    spec = {**document.value["spec"], member: []}
    compiled, found = check_sensor(dataclasses.replace(document, value={**document.value, "spec": spec}))
    assert compiled is None
    assert (f"spec.{member}", what) in [(each.at, each.what) for each in found]


TRIGGER = "spec.triggers[0]"
OBJECT = "source: {resource: {apiVersion: v1, kind: ConfigMap, metadata: {generateName: x-}}}"
LIST = "{src: {dependencyName: push, dataKey: a}, dest: a}"


@pytest.mark.parametrize(
    ("trigger", "at", "what"),
    [
        ("{template: {name: '', log: {}}}", f"{TRIGGER}.template.name", "trigger must define a name"),
        (
            "{template: {conditionsReset: [{}]}}",
            f"{TRIGGER}.template.conditionsReset[0]",
            "invalid conditionsReset",
        ),
        (
            "{template: {conditionsReset: [{byTime: {cron: '@daily', timezone: Etc/UTC}}]}}",
            f"{TRIGGER}.template.conditionsReset[0].byTime.cron",
            'invalid cron expression "@daily"',
        ),
        (
            "{template: {conditionsReset: [{byTime: {cron: '0 0 0 * * *', timezone: Etc/UTC}}]}}",
            f"{TRIGGER}.template.conditionsReset[0].byTime.cron",
            'invalid cron expression "0 0 0 * * *"',
        ),
        (
            "{template: {conditionsReset: [{byTime: {cron: '0 0 * * *', timezone: Mars}}]}}",
            f"{TRIGGER}.template.conditionsReset[0].byTime.timezone",
            'invalid timezone "Mars"',
        ),
        (
            f"{{template: {{k8s: {{{OBJECT}}}}}, policy: {{k8s: {{}}}}}}",
            f"{TRIGGER}.policy",
            "resource labels are not specified",
        ),
        (
            "{template: {http: {url: 'http://example.com/'}}, policy: {status: {allow: []}}}",
            f"{TRIGGER}.policy",
            "list of allowed response status is not specified",
        ),
        (
            "{template: {}, parameters: [{dest: log}]}",
            f"{TRIGGER}.parameters[0]",
            "template parameter index: 0. err: parameter source can't be empty",
        ),
        (
            (
                "{template: {}, parameters: [{src: {dependencyName: push, dataKey: a}, dest: log.a}, "
                "{src: {dataKey: a}, dest: log.a}]}"
            ),
            f"{TRIGGER}.parameters[1]",
            "template parameter index: 1. err: parameter dependency name can't be empty",
        ),
        (
            "{template: {}, parameters: [{src: {dependencyName: push, dataKey: a}}]}",
            f"{TRIGGER}.parameters[0]",
            "template parameter index: 0. err: parameter destination can't be empty",
        ),
        (
            "{template: {}, parameters: [{src: {dependencyName: push, dataKey: a}, dest: log.a, operation: add}]}",
            f"{TRIGGER}.parameters[0]",
            "template parameter index: 0. err: parameter operation add is invalid",
        ),
        (
            "{template: {k8s: {}}}",
            f"{TRIGGER}.template.k8s",
            "trigger for template act-0 is invalid, k8s trigger does not contain an absolute action",
        ),
        (
            f"{{template: {{k8s: {{operation: make, {OBJECT}}}}}}}",
            f"{TRIGGER}.template.k8s.operation",
            "trigger for template act-0 is invalid, unknown operation type make",
        ),
        (
            f"{{template: {{k8s: {{{OBJECT}, parameters: [{{dest: a}}]}}}}}}",
            f"{TRIGGER}.template.k8s.parameters[0]",
            "trigger for template act-0 is invalid, resource parameter index: 0. err: parameter source can't be empty",
        ),
        (
            "{template: {http: {method: GET}}}",
            f"{TRIGGER}.template.http.url",
            "template act-0 is invalid, server URL is not specified",
        ),
        (
            "{template: {http: {url: 'http://example.com/', method: get}}}",
            f"{TRIGGER}.template.http.method",
            "template act-0 is invalid, only GET, DELETE, PATCH, POST and PUT methods are supported",
        ),
        (
            "{template: {http: {url: 'http://example.com/', payload: [{src: {dataKey: a}}]}}}",
            f"{TRIGGER}.template.http.payload[0]",
            "template act-0 is invalid, payload index: 0. err: parameter dependency name can't be empty",
        ),
        (
            "{template: {}, dlqTrigger: {template: {name: '', log: {}}}}",
            f"{TRIGGER}.dlqTrigger.template.name",
            "trigger must define a name",
        ),
    ],
)
def test_a_trigger_is_refused_as_upstream_refuses_it(trigger, at, what):
    assert errors(f"triggers: [{trigger}]") == [(at, what)]


def test_a_trigger_without_a_template_and_one_of_a_name_that_is_taken_are_refused():
    document = sensor_of("triggers: [{template: {name: a}}, {template: {name: a}}, {template: {name: b}}]")
    spec = document.value["spec"]
    del spec["triggers"][2]["template"]
    found = check_sensor(document)[1]
    assert [(each.at, each.what) for each in found if each.severity is Severity.ERROR] == [
        ("spec.triggers[1].template.name", "duplicate trigger name: a"),
        ("spec.triggers[2].template", "trigger template can't be nil"),
    ]


def test_a_dlq_trigger_needs_no_at_least_once():
    """Upstream refuses it; here it always works (design, section 5)."""
    assert errors("triggers: [{template: {}, dlqTrigger: {template: {name: tell, log: {}}}}]") == []


PAY = f"payload: [{LIST}]"


@pytest.mark.parametrize(
    ("member", "whats"),
    [
        ("argoWorkflow: {}", ["argoWorkflow trigger does not contain an absolute action"]),
        (f"argoWorkflow: {{operation: create, {OBJECT}}}", ["unknown operation type create"]),
        (
            f"argoWorkflow: {{operation: submit, {OBJECT}, parameters: [{{dest: a}}]}}",
            ["resource parameter index: 0. err: parameter source can't be empty"],
        ),
        (
            "awsLambda: {}",
            [
                "function name is not specified",
                "region in not specified",
                "payload parameters are not specified",
            ],
        ),
        (
            "awsLambda: {functionName: f, region: r, payload: [{src: {dependencyName: push, dataKey: a}}]}",
            ["payload index: 0. err: parameter destination can't be empty"],
        ),
        (
            "kafka: {}",
            ["broker url must not be empty", "payload must not be empty", "topic must not be empty"],
        ),
        (
            f"kafka: {{url: u, topic: t, payload: [{LIST}, {{dest: a}}]}}",
            ["payload index: 1. err: parameter source can't be empty"],
        ),
        (
            "nats: {}",
            ["nats server url can't be empty", "nats subject can't be empty", "payload can't be nil"],
        ),
        ("slack: {}", ["slack token can't be empty"]),
        (
            "openWhisk: {authToken: {}}",
            [
                "action name is not specified",
                "host URL is not specified",
                "auth token key and name must be specified",
                "payload parameters are not specified",
            ],
        ),
        (
            "openWhisk: {actionName: a, host: h, payload: [{dest: a}]}",
            ["resource parameter index: 0. err: parameter source can't be empty"],
        ),
        (
            "custom: {secure: true}",
            [
                "custom trigger gRPC server url is not defined",
                "trigger body can't be empty",
                "certSecret can't be nil when the trigger server connection is secure",
            ],
        ),
        (
            "email: {port: 70000}",
            ["host can't be empty", "port: 70000, port should be between 0-65535"],
        ),
        ("pulsar: {}", []),
        ("azureEventHubs: {}", []),
        ("azureServiceBus: {}", []),
    ],
)
def test_kinds_are_refused_as_upstream_refuses_them(member, whats):
    found = errors(f"triggers: [{{template: {{{member}}}}}]")
    assert [what for _, what in found] == [f"template act-0 is invalid, {what}" for what in whats]


def test_a_parameter_that_cannot_be_read_does_not_move_the_index_of_the_next():
    found = errors("triggers: [{template: {kafka: {url: u, topic: t, payload: [7, {dest: a}]}}}]")
    assert [at for at, _ in found] == [
        "spec.triggers[0].template.kafka.payload[0]",
        "spec.triggers[0].template.kafka.payload[1]",
    ]
    assert found[1][1].endswith("payload index: 1. err: parameter source can't be empty")


def test_every_fault_is_told_at_once():
    found = errors(
        """
        dependencies:
        - {name: '', filters: {exprLogicalOperator: a, dataLogicalOperator: b, context: {}}}
        - {name: image, filtersLogicalOperator: c}
        triggers:
        - {template: {http: {}}}
        - {template: {k8s: {}}, parameters: [{dest: a}]}
        """
    )
    assert len(found) == 8
    assert len({at for at, _ in found}) == 8


@pytest.mark.parametrize(
    ("fragment", "part", "at"),
    [
        (
            (
                "dependencies: [{name: a}, {name: a, eventName: other}, {name: b, eventName: third}]\n"
                "triggers: [{template: {conditions: b}}]"
            ),
            "dependency:a",
            "spec.dependencies[1].name",
        ),
        (
            "triggers: [{template: {conditions: push && (}}]",
            "trigger:act-0",
            f"{TRIGGER}.template.conditions",
        ),
        ("triggers: [{template: {conditions: other}}]", "trigger:act-0", f"{TRIGGER}.template.conditions"),
        ("triggers: [{template: {logg: {}, log: null}}]", "trigger:act-0", f"{TRIGGER}.template"),
        (
            "triggers: [{template: {}, rateLimit: {unit: Second}}]",
            "trigger:act-0",
            f"{TRIGGER}.rateLimit",
        ),
        (
            "triggers: [{template: {}, atLeastOnce: true, retryStrategy: {duration: '10'}}]",
            "trigger:act-0",
            f"{TRIGGER}.retryStrategy",
        ),
        (
            "triggers: [{template: {}, atLeastOnce: true, retryStrategy: {factor: '2'}}]",
            "trigger:act-0",
            f"{TRIGGER}.retryStrategy",
        ),
        (
            "triggers: [{template: {}, parameters: [{src: {dependencyName: pusch, dataKey: a}, dest: log.x}]}]",
            "trigger:act-0",
            f"{TRIGGER}.parameters[0].src.dependencyName",
        ),
        (
            (
                "triggers: [{template: {http: {url: 'http://example.com/', headers: {content-type: a/b}, "
                "payload: [{src: {dependencyName: pusch, dataKey: a}, dest: x}]}}}]"
            ),
            "trigger:act-0",
            f"{TRIGGER}.template.http.payload[0].src.dependencyName",
        ),
        (
            (
                "triggers: [{template: {http: {url: 'http://example.com/', dynamicHeaders: "
                "[{src: {dependencyName: push, dataKey: a}}]}}}]"
            ),
            "trigger:act-0",
            f"{TRIGGER}.template.http.dynamicHeaders[0]",
        ),
        (
            "triggers: [{template: {http: {url: 'http://example.com/', tls: {}}}}]",
            "trigger:act-0",
            f"{TRIGGER}.template.http.tls",
        ),
        (
            "triggers: [{template: {http: {url: 'http://example.com/', secureHeaders: [{name: X}]}}}]",
            "trigger:act-0",
            f"{TRIGGER}.template.http.secureHeaders[0]",
        ),
        (
            "triggers: [{template: {http: {url: 'http://example.com/', basicAuth: {username: {name: a}}}}}]",
            "trigger:act-0",
            f"{TRIGGER}.template.http.basicAuth.username.key",
        ),
        (
            "triggers: [{template: {http: {url: 'http://example.com/', tls: {caCertSecret: {key: a}}}}}]",
            "trigger:act-0",
            f"{TRIGGER}.template.http.tls.caCertSecret.name",
        ),
        ("triggers: [{template: {k8s: {source: {}}}}]", "trigger:act-0", f"{TRIGGER}.template.k8s.source"),
        (
            (
                "dependencies: [{filters: {data: [{path: a, type: string, value: ['(']}]}}, {name: b, eventName: b}]\n"
                "triggers: [{template: {conditions: b}}]"
            ),
            "dependency:push",
            f"{FILTERS}.data[0].value[0]",
        ),
    ],
)
def test_what_upstream_forgets_stops_its_own_part(fragment, part, at):
    assert [(stopped, where) for stopped, where, _ in parts(fragment)] == [(part, at)]
