"""Compiling Sensors: all faults at once, upstream's texts, and parts that stop alone."""

import pytest

from events.errors import ResourceRefused, Scope, Severity
from events.resource import ResourceDocument
from sensors.compile import check_sensor, compile_sensor, compile_stored
from tests.sensors.support import BUILD, JOIN, KINDS, document, sensor, version_of

DEPENDENCY = "{name: a, eventSourceName: s, eventName: e}"
TRIGGER = "{template: {name: t, record: {}}}"


def text(
    dependency: str = DEPENDENCY, trigger: str = TRIGGER, extra: str = "", annotations: str = "{}"
) -> str:
    return f"""
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {{name: x, namespace: ci, annotations: {annotations}}}
spec:
  dependencies:
  - {dependency}
  triggers:
  - {trigger}
{extra}
"""


def findings(resource: str):
    return check_sensor(document(resource), kinds=KINDS)[1]


def errors(resource: str):
    return [each for each in findings(resource) if each.severity is Severity.ERROR]


def data(**members: str) -> str:
    inner = ", ".join(f"{name}: {value}" for name, value in members.items())
    return f"{{name: a, eventSourceName: s, eventName: e, filters: {{data: [{{{inner}}}]}}}}"


@pytest.mark.parametrize(
    ("resource", "what"),
    [
        (text("{eventSourceName: s, eventName: e}"), "event dependency must define a name"),
        (text("{name: a, eventName: e}"), "event dependency must define the EventSourceName"),
        (text("{name: a, eventSourceName: s}"), "event dependency must define the EventName"),
        (
            text("{name: a, eventSourceName: s, eventName: e, filtersLogicalOperator: AND}"),
            "logical operator AND not supported",
        ),
        (
            text("{name: a, eventSourceName: s, eventName: e, filters: {dataLogicalOperator: xor}}"),
            "logical operator xor not supported",
        ),
        (
            text("{name: a, eventSourceName: s, eventName: e, filters: {exprs: [{expr: x}]}}"),
            "one of expr filters is not valid (expr and fields must be not empty)",
        ),
        (
            text(
                "{name: a, eventSourceName: s, eventName: e, filters: {exprs: [{expr: x, fields: [{path: p}]}]}}"
            ),
            "one of expr filters is not valid (path and name in a field must be not empty)",
        ),
        (text(data(path="p", type="string", value="[v]", comparator='"=="')), "comparator == not supported"),
        (
            text(data(path="p", type="string")),
            "one of data filters is not valid (type, path and value must be not empty)",
        ),
        (
            text(data(path="p", type="string", value='[""]')),
            "one of data filters is not valid (value must be not empty)",
        ),
        (
            text('{name: a, eventSourceName: s, eventName: e, filters: {context: {id: "1"}}}'),
            "no fields specified in ctx filter (aka all events will be discarded)",
        ),
        (
            text(
                '{name: a, eventSourceName: s, eventName: e, filters: {time: {start: "1:00:00", stop: "01:00:00"}}}'
            ),
            "invalid event time filter: stop '01:00:00' is equal to start '1:00:00",
        ),
        (
            text(
                '{name: a, eventSourceName: s, eventName: e, filters: {time: {start: "1:00:00", stop: "24:00:00"}}}'
            ),
            'parsing time "24:00:00": hour out of range',
        ),
        (
            text(
                "{name: a, eventSourceName: s, eventName: e, "
                'filters: {time: {start: "1:00:00", stop: "2:00:00", timezone: Nowhere/City}}}'
            ),
            "invalid timezone 'Nowhere/City': unknown time zone Nowhere/City",
        ),
        (text(trigger="{}"), "trigger template can't be nil"),
        (text(trigger="{template: {record: {}}}"), "trigger must define a name"),
        (text(trigger="{template: {name: t, record: {}, conditionsReset: [{}]}}"), "invalid conditionsReset"),
        (
            text(trigger="{template: {name: t, record: {}, conditionsReset: [{byTime: {cron: '@daily'}}]}}"),
            'invalid cron expression "@daily"',
        ),
        (
            text(
                trigger="{template: {name: t, record: {}, "
                "conditionsReset: [{byTime: {cron: '0 0 * * *', timezone: X}}]}}"
            ),
            'invalid timezone "X"',
        ),
        (
            text(trigger=f"{TRIGGER}\n  - {TRIGGER}"),
            "duplicate trigger name: t",
        ),
        (
            text(trigger="{template: {name: t, record: {}}, parameters: [{dest: x}]}"),
            "template parameter index: 0. err: parameter source can't be empty",
        ),
        (
            text(trigger="{template: {name: t, record: {}}, parameters: [{src: {dataKey: x}, dest: x}]}"),
            "template parameter index: 0. err: parameter dependency name can't be empty",
        ),
        (
            text(trigger="{template: {name: t, record: {parameters: [{src: {dependencyName: a}}]}}}"),
            "resource parameter index: 0. err: parameter destination can't be empty",
        ),
        (
            text(
                trigger="{template: {name: t, record: {}}, parameters: "
                "[{src: {dependencyName: a}, dest: x, operation: add}]}"
            ),
            "template parameter index: 0. err: parameter operation add is invalid",
        ),
    ],
)
def test_what_upstream_refuses_refuses_the_sensor_with_its_text(resource, what):
    compiled, found = check_sensor(document(resource), kinds=KINDS)
    assert compiled is None
    assert what in [each.what for each in found if each.scope is Scope.RESOURCE]


@pytest.mark.parametrize(
    ("resource", "code", "what", "part"),
    [
        (
            text(data(path="p", type="string", value='["(a"]')),
            "InvalidDependencies",
            "is not a regular expression (RE2): missing ): (a",
            "dependency:a",
        ),
        (
            text(data(path="p", type="number", value="[ten]")),
            "InvalidDependencies",
            "`ten` is not a number",
            "dependency:a",
        ),
        (
            text(data(path="p", type="text", value="[v]")),
            "InvalidDependencies",
            "unsupported JSON type 'text'",
            "dependency:a",
        ),
        (
            text("{name: a.b, eventSourceName: s, eventName: e}"),
            "InvalidDependencies",
            "cannot stand in a condition",
            "dependency:a.b",
        ),
        (
            text(f"{DEPENDENCY}\n  - {DEPENDENCY}"),
            "InvalidDependencies",
            "is the name of dependencies[0] too",
            "dependency:a",
        ),
        (
            text(trigger='{template: {name: t, conditions: "a && b", record: {}}}'),
            "InvalidTriggers",
            "unknown name `b` at column 6; names allowed: a",
            "trigger:t",
        ),
        (text(trigger="{template: {name: t}}"), "InvalidTriggers", "has no action", "trigger:t"),
        (
            text(trigger="{template: {name: t, record: {}}, rateLimit: {requestsPerUnit: 0}}"),
            "InvalidTriggers",
            "requestsPerUnit",
            "trigger:t",
        ),
        (
            text(trigger="{template: {name: t, record: {}}, retryStrategy: {duration: 10}}").replace(
                "duration: 10", 'duration: "10"'
            ),
            "InvalidTriggers",
            "missing unit in duration",
            "trigger:t",
        ),
        (
            text(
                trigger="{template: {name: t, record: {parameters: "
                "[{src: {dependencyName: aa, dataKey: k}, dest: x}]}}}"
            ),
            "InvalidTriggers",
            "there is no dependency `aa`",
            "trigger:t",
        ),
    ],
)
def test_any_other_fault_stops_only_its_part(resource, code, what, part):
    compiled, found = check_sensor(document(resource), kinds=KINDS)
    assert compiled is not None
    fault = next(each for each in found if what in each.what)
    assert (fault.code, fault.scope, fault.part) == (code, Scope.PART, part)
    assert compiled.triggers[0].is_stopped


def test_a_kind_that_is_not_carried_out_yet_is_refused_by_name():
    resource = text(trigger="{template: {name: t, slack: {slackToken: {name: s, key: k}, message: m}}}")
    at = "spec.triggers[0].template.slack"
    compiled, found = check_sensor(document(resource), kinds=KINDS)
    assert compiled is not None
    fault = next(each for each in found if each.code == "NotCarriedOut")
    assert fault.at == at
    assert "is not carried out by kikkake" in fault.what
    assert fault.line > 0
    assert compiled.triggers[0].is_stopped


def test_all_faults_come_at_once_with_their_places():
    resource = """
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {name: x}
spec:
  eventBusNam: y
  dependencies:
  - {name: a, eventSourceName: s, eventName: 7}
  - {name: b, eventSourceName: s}
  triggers:
  - template: {name: t, record: {count: "3"}}
  - {}
"""
    found = {(each.at, each.line) for each in errors(resource)}
    assert found == {
        ("spec.dependencies[0].eventName", 8),
        ("spec.dependencies[1].eventName", 9),
        ("spec.triggers[0].template.record.count", 11),
        ("spec.triggers[1].template", 12),
        # The first dependency could not be read, so nothing is said about the condition that names it.
    }


def test_a_number_where_a_text_belongs_says_how_to_write_it():
    fault = errors(text("{name: a, eventSourceName: s, eventName: 7}"))[0]
    assert fault.what == 'expected string such as "7", got number 7'


def test_unknown_fields_are_warnings_and_errors_only_under_strict():
    resource = text(extra="  eventBusname: z")
    fault = next(each for each in findings(resource) if each.code == "UnknownField")
    assert fault.severity is Severity.WARNING
    assert fault.fix == "did you mean `eventBusName`?"
    strict = text(extra="  eventBusname: z", annotations='{kikkake/strict: "true"}')
    assert check_sensor(document(strict), kinds=KINDS)[0] is None


def test_a_kind_of_trigger_is_no_unknown_field():
    assert findings(text()) == []


def test_a_misspelt_kind_names_the_nearest():
    fault = next(each for each in errors(text(trigger="{template: {name: t, recrod: {}}}")))
    assert "did you mean `record`?" in fault.fix


def test_the_first_action_in_upstreams_order_runs():
    resource = text(
        trigger="{template: {name: t, log: {}, k8s: {source: {resource: {kind: Pod, apiVersion: v1}}}}}"
    )
    compiled, found = check_sensor(document(resource))
    assert compiled is not None
    assert compiled.triggers[0].kind == "k8s"
    assert any(each.code == "Ignored" and each.at.endswith("template.log") for each in found)


def test_a_dlq_trigger_needs_no_at_least_once_and_may_nest():
    inner = "{template: {name: t, record: {}}, dlqTrigger: {template: {name: u, record: {}}}}"
    compiled = sensor(text(trigger=f"{{template: {{name: t, record: {{}}}}, dlqTrigger: {inner}}}"))
    assert compiled.triggers[0].dlq is not None
    assert compiled.triggers[0].dlq.dlq is not None
    assert compiled.triggers[0].dlq.dlq.name == "u"


def test_a_broken_dlq_trigger_stops_itself_and_not_its_owner():
    trigger = "{template: {name: t, record: {}}, dlqTrigger: {template: {name: d, pulsar: {}}}}"
    compiled = sensor(text(trigger=trigger))
    assert not compiled.triggers[0].is_stopped
    assert compiled.triggers[0].dlq is not None
    assert compiled.triggers[0].dlq.is_stopped


@pytest.mark.parametrize("spec", ["null", "a text", "[]", "7"])
def test_an_odd_spec_is_refused_with_a_finding(spec):
    resource = f"apiVersion: argoproj.io/v1alpha1\nkind: Sensor\nmetadata: {{name: x}}\nspec: {spec}\n"
    compiled, found = check_sensor(document(resource), kinds=KINDS)
    assert compiled is None
    assert found


def test_null_members_count_as_absent():
    compiled = sensor(text(extra="  template: null\n  loggingFields: null\n  replicas: null"))
    assert compiled.findings == ()


def test_fields_without_effect_are_said_to_have_none():
    found = findings(
        text(extra="  errorOnFailedRound: true\n  replicas: 2\n  template: {volumes: [{name: v}]}")
    )
    assert {each.at for each in found if each.code == "NoEffect"} == {
        "spec.errorOnFailedRound",
        "spec.replicas",
        "spec.template.volumes",
    }


def test_what_is_stored_compiles_to_the_same():
    compiled = sensor(BUILD)
    again = compile_stored(version_of(compiled), kinds=KINDS)
    assert (again.uid, again.spec_hash, again.text) == (compiled.uid, compiled.spec_hash, compiled.text)
    assert again.triggers[0].member == compiled.triggers[0].member
    assert again.dependencies[0].fingerprint == compiled.dependencies[0].fingerprint


def test_the_order_of_keys_and_the_namespace_of_a_file_are_no_change():
    one = sensor(text("{name: a, eventSourceName: s, eventName: e}"))
    other = sensor(text("{eventName: e, name: a, eventSourceName: s}"))
    assert one.spec_hash == other.spec_hash
    assert one.uid == "file:ci/x"


def test_numbers_that_json_cannot_hold_are_refused():
    with pytest.raises(ResourceRefused, match="cannot be written as JSON"):
        compile_sensor(document(text(trigger="{template: {name: t, record: {extra: .nan}}}")), kinds=KINDS)


@pytest.mark.parametrize(
    ("resource", "code"),
    [
        (text(data(path="p", type="string", value="[main]")), "KK101"),
        (text(data(path="p", type="string", value='["^a$", "^b$"]', comparator='"!="')), "KK102"),
        (text(data(path="p", type="string", value='["^a$"]', comparator='">"')), "KK103"),
        (text(data(path="p", type="bool", value='["true"]', comparator='"!="')), "KK104"),
        (
            text('{name: a, eventSourceName: s, eventName: e, filters: {context: {type: t, id: "1"}}}'),
            "KK105",
        ),
        (text(data(path="'a,b'", type="string", value='["^a$"]')), "KK106"),
        (
            text("{name: a, eventSourceName: s, eventName: e, filters: {}, filtersLogicalOperator: or}"),
            "KK107",
        ),
        (text(f"{DEPENDENCY}\n  - {{name: b, eventSourceName: s, eventName: e}}"), "KK108"),
        (JOIN, "KK110"),
        (
            text(
                trigger="{template: {name: t, record: {}}, parameters: [{src: {dependencyName: a}, dest: x}]}"
            ),
            "KK111",
        ),
        (
            text(
                trigger="{template: {name: t, record: {}}, parameters: "
                "[{src: {dependencyName: a, dataKey: k, contextKey: c}, dest: x}]}"
            ),
            "KK112",
        ),
        (text(trigger="{template: {name: t, record: {}, atLeastOnce: true}}"), "KK114"),
        (
            text(
                "{name: a-b, eventSourceName: s, eventName: e}\n  - {name: a_b, eventSourceName: s, eventName: f}"
            ),
            "KK109",
        ),
        (
            text(
                trigger="{template: {name: t, record: {parameters: "
                "[{src: {dependencyName: a, value: v, useRawData: true}, dest: x}]}}}"
            ),
            "KK113",
        ),
        (
            text(
                trigger="{template: {name: t, record: {parameters: [{src: {dependencyName: a}, dest: x}]}}}"
            ),
            "KK111",
        ),
        (
            text(trigger="{template: {name: t, record: {}}, rateLimit: {unit: minute, requestsPerUnit: 1}}"),
            "KK115",
        ),
        (text(trigger="{template: {name: t, record: {}}, rateLimit: {requestsPerUnit: -1}}"), "KK116"),
        (
            text(
                trigger="{template: {name: t, record: {parameters: "
                "[{src: {dependencyName: a, dataKey: k}, dest: x|y}]}}}"
            ),
            "KK118",
        ),
        (
            text(
                f"{DEPENDENCY}\n  - {{name: b, eventSourceName: s, eventName: f}}",
                trigger="{template: {name: t, conditions: a, record: {}}}",
            ),
            "KK117",
        ),
        (
            text(
                f"{DEPENDENCY}\n  - {{name: b, eventSourceName: s, eventName: f}}",
                trigger="{template: {name: t, conditions: a, record: {parameters: "
                "[{src: {dependencyName: b, dataKey: k}, dest: x}]}}}",
            ),
            "NeverGiven",
        ),
        (text(trigger="{template: {name: t, record: {}}, policy: {status: {allow: [200]}}}"), "Ignored"),
    ],
)
def test_traps_are_warnings(resource, code):
    compiled, found = check_sensor(document(resource), kinds=KINDS)
    assert compiled is not None
    assert code in {each.code for each in found if each.severity is Severity.WARNING}


def test_a_filter_that_is_not_carried_out_yet_still_counts_as_one_under_or():
    filters = "{exprs: [{expr: x, fields: [{path: p, name: x}]}]}"
    resource = text(
        f"{{name: a, eventSourceName: s, eventName: e, filters: {filters}, filtersLogicalOperator: or}}"
    )
    assert "KK107" not in {each.code for each in findings(resource)}


@pytest.mark.parametrize(
    "member", ["patchStrategy: application/merge-patch+json", "liveObject: true", "force: true"]
)
def test_what_only_other_operations_read_is_reported(member):
    source = "{resource: {apiVersion: v1, kind: ConfigMap, metadata: {generateName: x-}}}"
    resource = text(trigger=f"{{template: {{name: t, k8s: {{source: {source}, {member}}}}}}}")
    (found,) = check_sensor(document(resource))[1]
    assert (found.code, found.severity) == ("Ignored", Severity.WARNING)
    assert found.at.endswith(member.partition(":")[0])


NAMED = "{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}"
JSON_PATCH = "patchStrategy: application/json-patch+json"


@pytest.mark.parametrize(
    ("member", "at", "what"),
    [
        (f"operation: patch, {JSON_PATCH}", "patchStrategy", "is no JSON patch"),
        ("operation: patch, patchStrategy: merge", "patchStrategy", "`merge` is no strategy of a patch"),
        ("operation: patch, jsonPatch: [{op: remove, path: /a}]", "jsonPatch", "is not what is sent"),
        (
            f"operation: patch, {JSON_PATCH}, jsonPatch: [{{op: put, path: /a}}]",
            "jsonPatch[0]",
            "`put` is no operation",
        ),
        (
            f"operation: patch, {JSON_PATCH}, jsonPatch: [{{op: add, path: a}}]",
            "jsonPatch[0]",
            "JSON pointer",
        ),
        (
            f"operation: patch, {JSON_PATCH}, jsonPatch: [{{op: move, path: /a}}]",
            "jsonPatch[0]",
            "needs `from`",
        ),
    ],
)
def test_a_patch_that_cannot_be_sent_stops_its_trigger(member, at, what):
    resource = text(trigger=f"{{template: {{name: t, k8s: {{source: {{resource: {NAMED}}}, {member}}}}}}}")
    compiled, found = check_sensor(document(resource))
    assert compiled is not None
    assert compiled.triggers[0].is_stopped
    [fault] = [each for each in found if each.severity is Severity.ERROR]
    assert fault.at.endswith(f"k8s.{at}")
    assert what in fault.what


@pytest.mark.parametrize("operation", ["update", "patch", "delete", "apply"])
def test_a_change_of_an_object_without_a_name_stops_its_trigger(operation):
    unnamed = "{apiVersion: v1, kind: ConfigMap, metadata: {generateName: x-}}"
    member = f"source: {{resource: {unnamed}}}, operation: {operation}"
    found = check_sensor(document(text(trigger=f"{{template: {{name: t, k8s: {{{member}}}}}}}")))[1]
    assert "the object has no metadata.name" in [each.what for each in found]
    named = f"{member}, parameters: [{WRITES.format(dest='metadata.name')}]"
    found = check_sensor(document(text(trigger=f"{{template: {{name: t, k8s: {{{named}}}}}}}")))[1]
    assert not [each for each in found if each.severity is Severity.ERROR]


K8S = "{{template: {{name: t, k8s: {{source: {{resource: {resource}}}, parameters: [{own}]}}}}, parameters: [{outer}]}}"
WRITES = "{{src: {{dependencyName: a, dataKey: k}}, dest: {dest}}}"


@pytest.mark.parametrize(
    ("resource", "own", "outer", "missing"),
    [
        ("{}", "", "", "the object has no apiVersion and no kind"),
        ("{apiVersion: v1}", "", "", "the object has no kind"),
        ("{apiVersion: v1}", "kind", "", ""),
        ("{apiVersion: v1}", "", "k8s.source.resource.kind", ""),
        ("{apiVersion: v1}", "", "k8s.source.resource", ""),
        ("{apiVersion: v1, kind: Pod}", "", "", ""),
    ],
)
def test_an_object_without_a_kind_stops_its_trigger(resource, own, outer, missing):
    given = {
        "own": WRITES.format(dest=own) if own else "",
        "outer": WRITES.format(dest=outer) if outer else "",
    }
    compiled, found = check_sensor(document(text(trigger=K8S.format(resource=resource, **given))))
    assert compiled is not None
    assert compiled.triggers[0].is_stopped is bool(missing)
    assert [each.what for each in found if each.severity is Severity.ERROR] == [missing] * bool(missing)


def test_what_cannot_be_read_is_not_said_to_be_missing_elsewhere():
    """A dependency whose trigger has a wrong type is not unused."""
    resource = text(trigger="{template: {name: t, conditions: a, record: {}}, atLeastOnce: 7}")
    assert [each.at for each in findings(resource)] == ["spec.triggers[0].atLeastOnce"]


def test_a_sensor_is_suspended_by_its_spec_too():
    suspended, _found = check_sensor(document(text(extra="  suspend: true")), kinds=KINDS)
    assert suspended is not None
    assert suspended.is_suspended


@pytest.mark.parametrize("name", ["kikkake/strict", "kikkake/suspend"])
@pytest.mark.parametrize(("value", "got"), [("true", "a boolean"), ('"yes"', "a string `yes`")])
def test_an_annotation_that_would_be_ignored_is_refused(name, value, got):
    """An unquoted `true` is no text: without this the Sensor would be neither strict nor suspended, in silence."""
    compiled, found = check_sensor(document(text(annotations=f"{{{name}: {value}}}")), kinds=KINDS)
    assert compiled is None
    assert [each.what for each in found] == [f'expected "true" or "false", got {got}']


@pytest.mark.parametrize(
    ("own", "outer", "at"),
    [
        ("url", "", "spec.triggers[0].template.http.parameters[0].dest"),
        ("host", "", "spec.triggers[0].template.http.parameters[0].dest"),
        ("", "http.url", "spec.triggers[0].parameters[0].dest"),
        ("headers.X", "http.headers.Y", ""),
    ],
)
@pytest.mark.parametrize("strict", ["true", "false"])
def test_an_event_that_chooses_where_a_request_goes_is_reported(own, outer, at, strict):
    given = {
        "own": WRITES.format(dest=own) if own else "",
        "outer": WRITES.format(dest=outer) if outer else "",
    }
    trigger = (
        "{{template: {{name: t, http: {{url: 'http://h/', parameters: [{own}]}}}}, parameters: [{outer}]}}"
    )
    resource = text(trigger=trigger.format(**given), annotations=f'{{kikkake/strict: "{strict}"}}')
    compiled, found = check_sensor(document(resource))
    assert [(each.code, each.at) for each in found] == ([("DestNotAllowed", at)] if at else [])
    assert compiled is not None
    assert compiled.triggers[0].is_stopped is (bool(at) and strict == "true")


@pytest.mark.parametrize(("dependencies", "triggers"), [(1001, 1), (1, 1001), (5000, 5000)])
def test_a_sensor_of_absurd_size_is_refused_by_its_number_alone(dependencies, triggers):
    spec = {
        "dependencies": [
            {"name": f"d{n}", "eventSourceName": "s", "eventName": f"e{n}"} for n in range(dependencies)
        ],
        "triggers": [{"template": {"name": f"t{n}", "log": {}}} for n in range(triggers)],
    }
    value = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Sensor", "metadata": {"name": "x"}, "spec": spec}
    compiled, found = check_sensor(ResourceDocument(value, "x.yaml", {}))
    assert compiled is None
    assert {each.code for each in found} == {"TooManyTriggers"}
    assert all("the limit is 1000" in each.what for each in found)


def test_a_dependency_that_cannot_be_read_is_not_said_to_be_missing():
    """Its own fault is told once, and its trigger says nothing of an unknown name."""
    _compiled, found = check_sensor(
        document(text("{name: a, eventSourceName: s, eventName: e, filters: {data: 5}}")), kinds=KINDS
    )
    assert {finding.at for finding in found if finding.severity is Severity.ERROR} == {
        "spec.dependencies[0].filters.data"
    }
