"""What becomes of each resource."""

import textwrap

from kikkake.migration.differences import differences_of
from kikkake.migration.inventory import Made, NamespaceInventory
from kikkake.migration.resources import report_resources, specs_of
from tests.kikkake.grants import documents

HEAD = "apiVersion: argoproj.io/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}, namespace: ci}}\nspec:\n"
DEPENDENCY = "dependencies: [{name: push, eventSourceName: hook, eventName: push}]\n"


def text(kind, name, spec):
    return HEAD.format(kind=kind, name=name) + textwrap.indent(textwrap.dedent(spec), "  ")


def report(*texts, **more):
    inventory = NamespaceInventory(name="ci", documents=tuple(documents("---\n".join(texts))), **more)
    return report_resources(inventory)


WEBHOOK = 'webhook: {push: {endpoint: /push, port: "12000", method: POST, unauthenticated: true}}\n'


def test_a_source_says_where_its_events_are_taken_in():
    [hook] = report(text("EventSource", "hook", WEBHOOK))
    assert hook.stays == [
        "1 event: `push` (webhook)",
        "acts as the ServiceAccount default, since it names none",
    ]
    assert "`push` at /ci/hook/push" in hook.changes[0]
    assert "declares no Service" in hook.changes[1]
    assert hook.broken == []


def test_a_declared_service_keeps_its_name():
    [hook] = report(text("EventSource", "hook", WEBHOOK + "service: {ports: [{port: 12000}]}\n"))
    assert any(
        "the Service hook-eventsource-svc keeps name, ports and paths" in each for each in hook.changes
    )


def test_a_service_that_selects_the_pods_is_named():
    [hook] = report(text("EventSource", "hook", WEBHOOK), own_services={"hook": ("public",)})
    assert any("the Service public selects its pods, which go" in each for each in hook.changes)


def test_two_events_on_one_path_of_one_source_cannot_both_be_served():
    both = WEBHOOK.replace("}}\n", '}, pull: {endpoint: /push, port: "13000", method: POST}}\n')
    [hook] = report(text("EventSource", "hook", both))
    assert len(hook.broken) == 1
    assert hook.broken[0].startswith("event `pull`: ")


def test_two_sources_on_one_port_and_path_are_both_served():
    found = report(text("EventSource", "one", WEBHOOK), text("EventSource", "two", WEBHOOK))
    assert [each.broken for each in found] == [[], []]


def test_a_kind_that_is_not_built_is_broken_and_the_rest_stays():
    [hook] = report(text("EventSource", "hook", WEBHOOK + "slack: {s: {}}\n"))
    assert any("sources of kind slack are not carried out" in each for each in hook.broken)
    assert hook.stays[0] == "1 event: `push` (webhook)"


def test_a_refused_resource_is_broken_and_has_no_rights():
    found = report(text("Sensor", "build", DEPENDENCY))
    assert "no triggers found" in found[0].broken[0]
    assert specs_of(found) == []


def test_pod_settings_without_effect_are_changes_and_other_warnings_only_a_number():
    open_door = WEBHOOK.replace(", unauthenticated: true", "")
    [hook] = report(text("EventSource", "hook", open_door + "replicas: 3\n"))
    assert "spec.replicas: has no effect: one gateway serves all; remove it" in hook.changes
    assert hook.hints == 1


def test_an_account_that_is_not_there_is_broken():
    spec = (
        DEPENDENCY + "template: {serviceAccountName: builder}\ntriggers: [{template: {name: t, log: {}}}]\n"
    )
    [build] = report(text("Sensor", "build", spec), accounts=frozenset({"default"}))
    assert build.broken == [
        "the ServiceAccount builder does not exist; kubectl -n ci create serviceaccount builder"
    ]


def test_a_bus_is_not_used_and_its_pods_are_named():
    made = (Made("StatefulSet", "eventbus-default-js", "default", "eventbus-controller"),)
    [bus] = report(text("EventBus", "default", "jetstream: {version: latest}\n"), made=made)
    assert "the StatefulSet eventbus-default-js can go in the end" in bus.changes[-1]
    assert bus.broken == []


def test_only_differences_that_concern_the_resources_are_told():
    only_log = report(text("Sensor", "build", DEPENDENCY + "triggers: [{template: {name: t, log: {}}}]\n"))
    assert differences_of(specs_of(only_log)) == []
    http = report(
        text("EventSource", "hook", WEBHOOK),
        text(
            "Sensor",
            "b",
            DEPENDENCY + "triggers: [{template: {name: t, http: {url: http://x, method: GET}}}]\n",
        ),
    )
    told = " ".join(each.what for each in differences_of(specs_of(http)))
    assert "An answer other than 2xx" in told
    assert "no second object" not in told


def test_a_trigger_that_acts_in_no_namespace_is_broken():
    lost = (
        "- template: {name: lost, k8s: {operation: create, source: {resource: "
        '{apiVersion: v1, kind: Pod, metadata: {generateName: x-, namespace: "a b"}}}}}\n'
    )
    [astray] = report(text("Sensor", "astray", DEPENDENCY + "triggers:\n" + lost))
    assert astray.broken == ["trigger `lost`: `a b` is no name of a namespace; no right can be granted there"]
