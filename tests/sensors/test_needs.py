"""What the account of a Sensor needs, trigger by trigger."""

import itertools

import msgspec
import pytest

from events.event import Event
from events.model import SpecModel, inner_model
from events.ports import SecretRef, SecretUnavailable
from sensors.access import Access, Needs, reading, refs_in
from sensors.artifact_source import ARTIFACT_SOURCES, ArtifactUnavailable, ArtifactUnusable
from sensors.artifact_spec import ArtifactLocation
from sensors.http_request import HttpConfig, Rendered, decode_request, render_request
from sensors.needs import needs_of
from sensors.spec import SecretKeySelector
from sensors.trigger import TRIGGERS, RenderContext, Trigger
from tests.sensors.artifact_sources.support import Place
from tests.sensors.needing import sensor, sensor_of

CONFIG_MAP = "apiVersion: v1, kind: ConfigMap, metadata: {name: out}"
WORKFLOW = "apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {generateName: run-}"


def seen(needs):
    return {(access.verb, access.kind, access.namespace, access.name) for access in needs.accesses}


@pytest.mark.parametrize(
    ("operation", "verbs"),
    [
        ("create", {("create", ""), ("get", "out")}),
        ("update", {("create", ""), ("get", "out"), ("update", "out")}),
        ("patch", {("create", ""), ("get", "out"), ("patch", "out")}),
        ("apply", {("create", ""), ("get", "out"), ("patch", "out")}),
        ("delete", {("get", "out"), ("delete", "out")}),
    ],
)
def test_an_operation_needs_its_verbs_by_name_except_for_create(operation, verbs):
    found = sensor_of(f"k8s: {{operation: {operation}, source: {{resource: {{{CONFIG_MAP}}}}}}}")
    assert seen(needs_of(found)) == {(verb, "ConfigMap", "ci", name) for verb, name in verbs}


def test_a_name_that_comes_from_an_event_is_any_name():
    found = sensor_of(
        f"""
        k8s:
          operation: delete
          source: {{resource: {{{CONFIG_MAP}}}}}
          parameters: [{{src: {{dependencyName: push, dataKey: body.name}}, dest: metadata.name}}]
        """
    )
    assert seen(needs_of(found)) == {("get", "ConfigMap", "ci", ""), ("delete", "ConfigMap", "ci", "")}


def test_a_name_that_a_parameter_of_the_trigger_writes_is_any_name():
    found = sensor(
        "template:\n"
        f"  name: t\n  k8s: {{operation: delete, source: {{resource: {{{CONFIG_MAP}}}}}}}\n"
        "parameters: [{src: {dependencyName: push, dataKey: n}, dest: k8s.source.resource.metadata.name}]"
    )
    assert {name for _verb, _kind, _namespace, name in seen(needs_of(found))} == {""}


def test_a_created_name_is_looked_at_whatever_it_becomes():
    found = sensor_of(f"k8s: {{operation: create, source: {{resource: {{{WORKFLOW}}}}}}}")
    assert seen(needs_of(found)) == {("create", "Workflow", "ci", ""), ("get", "Workflow", "ci", "")}


def test_the_template_of_a_workflow_is_read_for_its_time_to_live():
    spec = f"{{{WORKFLOW}, spec: {{workflowTemplateRef: {{name: steps}}}}}}"
    found = sensor_of(f"k8s: {{operation: create, source: {{resource: {spec}}}}}")
    assert ("get", "WorkflowTemplate", "ci", "steps") in seen(needs_of(found))


def test_an_object_may_stand_in_another_namespace_or_in_none():
    found = sensor_of(
        "k8s: {operation: delete, source: {resource: {apiVersion: v1, kind: Pod, "
        "metadata: {name: p, namespace: prod}}}}",
        "k8s: {operation: delete, source: {resource: {apiVersion: v1, kind: Namespace, metadata: {name: n}}}}",
    )
    assert {(kind, namespace) for _verb, kind, namespace, _name in seen(needs_of(found))} == {
        ("Pod", "prod"),
        ("Namespace", None),
    }


@pytest.mark.parametrize("dest", ["kind", "metadata.namespace", "apiVersion", "metadata"])
def test_what_an_event_decides_is_said_and_not_granted(dest):
    found = sensor_of(
        f"""
        k8s:
          operation: delete
          source: {{resource: {{{CONFIG_MAP}}}}}
          parameters: [{{src: {{dependencyName: push, dataKey: x}}, dest: {dest}}}]
        """
    )
    needs = needs_of(found)
    assert needs.accesses == ()
    assert len(needs.unknown) == 1
    assert needs.unknown[0].startswith("trigger `t0`: an event decides the ")


def test_what_a_parameter_of_the_trigger_decides_is_said():
    found = sensor(
        "template:\n"
        f"  name: t\n  k8s: {{operation: delete, source: {{resource: {{{CONFIG_MAP}}}}}}}\n"
        "parameters: [{src: {dependencyName: push, dataKey: n}, dest: k8s.operation}]"
    )
    assert needs_of(found) == Needs(
        unknown=("trigger `t`: an event decides its `operation`: grant what it may do",)
    )


def test_an_object_that_is_fetched_is_known_only_then():
    found = sensor_of("k8s: {operation: create, source: {configmap: {name: objects, key: job.yaml}}}")
    needs = needs_of(found)
    assert seen(needs) == {("get", "ConfigMap", "ci", "objects"), ("watch", "ConfigMap", "ci", "objects")}
    assert needs.unknown == (
        "trigger `t0`: its object is fetched from `configmap`: grant get, create on the kind of that object",
    )


def test_the_trigger_for_dead_letters_needs_its_rights_too():
    found = sensor(
        "template: {name: t, log: {}}\nretryStrategy: {steps: 1}\ndlqTrigger:\n"
        f"  template: {{name: d, k8s: {{operation: create, source: {{resource: {{{CONFIG_MAP}}}}}}}}}\n"
    )
    assert ("create", "ConfigMap", "ci", "") in seen(needs_of(found))


def test_a_trigger_that_is_stopped_needs_nothing():
    found = sensor(
        f"template: {{name: t, conditions: push &&, k8s: {{source: {{resource: {{{CONFIG_MAP}}}}}}}}}",
    )
    assert needs_of(found) == Needs()


WORKFLOWS = {
    "submit": {("get", "Workflow", "w"), ("create", "Workflow", "")},
    "submit-from": {("get", "WorkflowTemplate", "w"), ("get", "Workflow", ""), ("create", "Workflow", "")},
    "resubmit": {("get", "Workflow", "w"), ("get", "Workflow", ""), ("create", "Workflow", "")},
    "suspend": {("get", "Workflow", "w"), ("update", "Workflow", "w")},
    "resume": {("get", "Workflow", "w"), ("update", "Workflow", "w")},
    "stop": {("get", "Workflow", "w"), ("patch", "Workflow", "w")},
    "terminate": {("get", "Workflow", "w"), ("patch", "Workflow", "w")},
}


def workflow(operation, kind="Workflow", args=""):
    source = f"{{resource: {{apiVersion: argoproj.io/v1alpha1, kind: {kind}, metadata: {{name: w}}}}}}"
    return sensor_of(f"argoWorkflow: {{operation: {operation}, source: {source}, args: [{args}]}}")


@pytest.mark.parametrize("operation", WORKFLOWS)
def test_an_operation_on_workflows_needs_its_verbs(operation):
    kind = "workflowtemplate" if operation == "submit-from" else "Workflow"
    needs = needs_of(workflow(operation, kind))
    assert {(verb, kind, name) for verb, kind, _namespace, name in seen(needs)} == WORKFLOWS[operation]
    assert {access.namespace for access in needs.accesses} == {"ci"}


def test_a_node_is_stopped_by_an_update():
    needs = needs_of(workflow("stop", args="--node-field-selector, displayName=x"))
    assert {access.verb for access in needs.accesses} == {"get", "update"}


def test_a_workflow_that_a_flag_names_is_looked_at_under_any_name():
    needs = needs_of(workflow("submit", args="--name, other"))
    assert {access.name for access in needs.accesses} == {""}


def test_a_retry_reads_the_token_for_argos_server():
    found = sensor_of(
        """
        argoWorkflow:
          operation: retry
          source: {resource: {apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {name: w}}}
          argoServer: {url: https://argo:2746, token: {name: argo, key: token}}
        """
    )
    assert seen(needs_of(found)) == {
        ("get", "Workflow", "ci", "w"),
        ("get", "Secret", "ci", "argo"),
        ("watch", "Secret", "ci", "argo"),
    }


# Secrets: what a kind reads is what it is said to need


def filled(model):
    """A model with a selector in every place for one, each with a name of its own."""
    numbers = itertools.count()

    def fill(model):
        if issubclass(model, SecretKeySelector):
            return {"name": f"s{next(numbers)}", "key": "k"}
        value = {}
        for name, info in model.model_fields.items():
            inner = inner_model(info.annotation)
            if inner is not None and any(True for _ in selectors(inner)):
                member = fill(inner)
                value[info.alias or name] = [member] if "list[" in str(info.annotation) else member
        return value

    return model.model_validate(fill(model))


def selectors(model):
    if issubclass(model, SecretKeySelector):
        yield model
        return
    for info in model.model_fields.values():
        inner = inner_model(info.annotation)
        if inner is not None:
            yield from selectors(inner)


CONTEXT = RenderContext(
    namespace="ci",
    sensor="s",
    trigger="t",
    effect_id=bytes(32),
    event_ids=(),
    fired_us=0,
    store_key=b"k",
)


def refs_of_rendered(rendered: Rendered):
    tls = rendered.tls
    found = [*(each.ref for each in rendered.secure), rendered.user, rendered.password]
    found += [tls.ca, tls.certificate, tls.key] if tls is not None else []
    return {ref for ref in found if ref is not None}


@pytest.mark.parametrize("insecure", [False, True])
@pytest.mark.parametrize("from_map", [False, True])
def test_http_needs_the_keys_that_its_request_refers_to(insecure, from_map):
    value = filled(HttpConfig).model_dump(by_alias=True, exclude_none=True)
    value["url"] = "https://example.com"
    value["secureHeaders"][0]["name"] = "X-Token"
    value["tls"]["insecureSkipVerify"] = insecure
    if from_map:
        del value["secureHeaders"][0]["valueFrom"]["secretKeyRef"]
    spec = msgspec.json.encode(value)
    events: dict[str, Event] = {}

    read = refs_of_rendered(decode_request(render_request(spec, events, CONTEXT)))

    assert len(read) == (3 if insecure else 6)
    assert {ref.kind for ref in read} == ({"Secret", "ConfigMap"} if from_map else {"Secret"})
    needs = TRIGGERS.get("http").needs(spec, "ci")
    assert set(needs.accesses) == set(reading(read).accesses)


def test_a_parameter_may_have_a_request_read_other_secrets():
    found = sensor_of(
        """
        http:
          url: https://example.com
          basicAuth: {password: {name: here, key: k}}
          parameters: [{src: {dependencyName: push, dataKey: x}, dest: basicAuth.password.name}]
        """
    )
    needs = needs_of(found)
    assert {access.name for access in needs.accesses} == {"here"}
    assert needs.unknown == (
        "trigger `t0`: an event decides which Secrets its request reads: grant get, watch on them",
    )


GENERIC = [kind for kind in TRIGGERS.names() if TRIGGERS.get(kind).needs.__func__ is Trigger.needs.__func__]
"""The kinds that leave it to the contract."""


@pytest.mark.parametrize("kind", GENERIC)
def test_a_trigger_needs_every_secret_of_its_member_unless_it_says_better(kind):
    """A new kind is covered without a line: what it names, it is granted."""
    config = filled(TRIGGERS.get(kind).Config)
    found = TRIGGERS.get(kind).needs(config.model_dump_json(by_alias=True, exclude_none=True).encode(), "ci")
    assert set(found.accesses) == set(reading(refs_in(config, "ci")).accesses)


class Recorder:
    """Secrets of which every one is there, and who asked for which."""

    def __init__(self):
        self.read_refs = []

    async def read(self, ref: SecretRef) -> bytes:
        self.read_refs.append(ref)
        return b"value"


LOCATIONS = {
    "git-https": {"url": "https://127.0.0.1:1/x", "filePath": "a", "branch": "b", "sshKeySecret": None},
    "git-ssh": {"url": "ssh://git@127.0.0.1:1/x", "filePath": "a", "branch": "b", "creds": None},
    "git-app": {"url": "https://127.0.0.1:1/x", "filePath": "a", "branch": "b", "creds": None},
    "s3": {"endpoint": "127.0.0.1:1", "insecure": True, "bucket": {"name": "b", "key": "k"}},
    "configmap": {"name": "m", "key": "k"},
}


@pytest.mark.parametrize("case", LOCATIONS)
async def test_fetching_needs_the_keys_that_it_reads(case, tmp_path):
    kind = case.partition("-")[0]
    model = inner_model(ArtifactLocation.model_fields[kind].annotation)
    value = filled(model).model_dump(by_alias=True, exclude_none=True) | LOCATIONS[case]
    member = model.model_validate(value)
    secrets = Recorder()
    source = ARTIFACT_SOURCES.get(kind)()
    try:
        await source.fetch(member, Place(tmp_path).reach(secrets=secrets))
    except (ArtifactUnavailable, ArtifactUnusable, SecretUnavailable):
        pass
    finally:
        await source.close()

    assert secrets.read_refs
    assert set(secrets.read_refs) == set(source.refs(member, "ci"))


def test_a_member_that_only_an_event_makes_readable_is_unknown_and_no_error():
    """An error here would end whoever asks for all Sensors of a cluster."""
    found = needs_of(
        sensor(
            "template:\n"
            "  name: t\n"
            "  argoWorkflow:\n"
            "    operation: submit\n"
            "    source: {resource: {apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {generateName: a-}}}\n"
            "    args: [--name, x, --serviceaccount]\n"
            "parameters: [{src: {dependencyName: push, dataKey: body.account}, dest: argoWorkflow.args.2}]"
        )
    )

    assert any("--serviceaccount" in each for each in found.unknown)


def test_every_artifact_source_with_secrets_has_a_case():
    with_secrets = {
        kind
        for kind in ARTIFACT_SOURCES.names()
        if (model := inner_model(ArtifactLocation.model_fields[kind].annotation)) is not None
        and (kind == "configmap" or any(True for _ in selectors(model)))
    }
    assert with_secrets == {case.partition("-")[0] for case in LOCATIONS}


def test_models_of_the_walk_have_selectors_in_them():
    """The filler is worth nothing where it fills nothing."""
    assert len(list(refs_in(filled(HttpConfig), "ci"))) == 7
    assert isinstance(filled(HttpConfig), SpecModel)
    assert Access(verb="get", api_version="v1", kind="Secret", namespace="ci", name="s") < Access(
        verb="get", api_version="v1", kind="Secret", namespace="ci", name="t"
    )
