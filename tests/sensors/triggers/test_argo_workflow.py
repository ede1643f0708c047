"""Operations on Workflows in a real API server; argo's own server is a sink that answers as told (spec-sensors 7.4)."""

import json

import pytest

from events.bus import OrderMode
from events.clock import ManualClock
from events.errors import Severity
from events.event import Event
from kikkake.kube import connect_kubeconfig
from sensors.compile import check_sensor
from sensors.kube_object import EFFECT_ID, PROOF
from sensors.trigger import (
    AttemptContext,
    Begun,
    Done,
    OnFailure,
    RenderContext,
    RenderFailed,
    TriggerServices,
)
from sensors.triggers.argo_workflow import ArgoWorkflow
from tests.sensors.rules.fragments import sensor_of
from tests.servers.proxy import FaultProxy, LoseAnswer

NOW_US = 1_790_000_000_000_000
EFFECT = bytes(range(32))
OTHER = bytes(range(1, 33))
LABELS = "workflows.argoproj.io/"

kube = pytest.mark.kube


class OneSecret:
    async def read(self, ref):
        return b"s3cr3t\n"


def workflow(kind="Workflow", *, spec=None, **metadata):
    value = {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": metadata}
    return value if spec is None else {**value, "spec": spec}


def render(operation, resource, *, namespace="ci", effect_id=EFFECT, data=None, **more):
    raw = json.dumps(data or {}).encode()
    event = Event(id="d1", source="gh", type="github", datacontenttype="application/json", data=raw)
    context = RenderContext(
        namespace=namespace,
        sensor="images",
        trigger="build",
        effect_id=effect_id,
        event_ids=("d1",),
        fired_us=NOW_US,
        store_key=b"key",
    )
    spec = {"operation": operation, "source": {"resource": resource}, **more}
    return ArgoWorkflow.render(json.dumps(spec).encode(), {"push": event}, context)


class Bench:
    """A namespace of a real API server with Argo's kinds, and one trigger on it."""

    def __init__(self, client, reader, namespace):
        self.reader = reader
        self.namespace = namespace
        services = TriggerServices(
            kube=client, secrets=OneSecret(), clock=ManualClock(NOW_US), store_key=b"key"
        )
        self.trigger = ArgoWorkflow(services)

    def path(self, plural="workflows", name=""):
        return f"/apis/argoproj.io/v1alpha1/namespaces/{self.namespace}/{plural}/{name}".rstrip("/")

    def have(self, value, plural="workflows", **status):
        return self.reader.create(self.path(plural), {**value, **({"status": status} if status else {})})

    def live(self, name="w"):
        return self.reader.get(self.path(name=name))

    def all(self):
        return self.reader.list(self.path())

    def attempt(self, number=1, effect_id=EFFECT, policy=None):
        return AttemptContext(
            namespace=self.namespace,
            sensor="images",
            trigger="build",
            effect_id=effect_id,
            number=number,
            was_in_doubt=number > 1,
            first_intent_us=NOW_US,
            at_least_once=False,
            policy=policy,
        )

    async def fire(self, operation, resource, number=1, *, effect_id=EFFECT, policy=None, **more):
        rendered = render(operation, resource, namespace=self.namespace, effect_id=effect_id, **more)
        return await self.trigger.fire(rendered, self.attempt(number, effect_id, policy))


@pytest.fixture
async def bench(argo, kube_client, kube_reader, kube_namespace):
    made = Bench(kube_client, kube_reader, kube_namespace)
    yield made
    await made.trigger.close()


SPEC = {
    "entrypoint": "main",
    "arguments": {"parameters": [{"name": "a", "value": "old"}, {"name": "b", "value": "kept"}]},
}


@kube
@pytest.mark.parametrize("operation", ["submit", ""])
async def test_a_workflow_is_submitted_once(bench, operation):
    source = workflow(generateName="build-", spec=SPEC)

    first = await bench.fire(operation, source)
    again = await bench.fire(operation, source, number=2)

    [made] = bench.all()
    assert first.answer == "201 Created"
    assert again.answer == "409 AlreadyExists, and it is ours"
    assert made["metadata"]["name"].startswith("build-")
    assert made["metadata"]["labels"]["events.argoproj.io/sensor"] == "images"
    assert {EFFECT_ID, PROOF} <= made["metadata"]["annotations"].keys()


@kube
async def test_the_flags_of_argo_change_what_is_submitted(bench):
    args = [
        "-p",
        "a=new",
        "--serviceaccount",
        "builder",
        "--entrypoint=other",
        "-l",
        "x=y",
        "--priority",
        "7",
        "--scheduled-time",
        "2026-03-01T02:00:00Z",
    ]

    await bench.fire("submit", workflow(generateName="build-", spec=SPEC), args=[*args, "--name", "w"])

    made = bench.live()
    assert made["metadata"]["labels"]["x"] == "y"
    assert made["metadata"]["annotations"][f"{LABELS}scheduled-time"] == "2026-03-01T02:00:00Z"
    assert made["spec"] == {
        "entrypoint": "other",
        "serviceAccountName": "builder",
        "priority": 7,
        "arguments": {"parameters": [{"name": "a", "value": "new"}, {"name": "b", "value": "kept"}]},
    }


@kube
async def test_a_label_policy_after_submit_looks_at_the_workflow_that_was_made(bench):
    """Upstream's fails always."""
    policy = {"k8s": {"labels": {"x": "y"}, "backoff": {"steps": 1}, "errorOnBackoffTimeout": True}}

    outcome = await bench.fire("submit", workflow(generateName="w-", labels={"x": "y"}), policy=policy)

    assert "labels of the policy" in outcome.answer


@kube
async def test_the_flag_wait_waits_for_the_end_of_what_was_made(bench):
    source = workflow(generateName="build-", spec=SPEC)
    rendered = render("submit", source, namespace=bench.namespace, args=["--wait"])

    begun = await bench.trigger.fire(rendered, bench.attempt())
    running = await bench.trigger.look(rendered, bench.attempt(), begun.result)
    [made] = bench.all()
    bench.reader.patch(bench.path(name=made["metadata"]["name"]), {"status": {"phase": "Succeeded"}})
    ended = await bench.trigger.look(rendered, bench.attempt(), running.result)

    assert isinstance(begun, Begun)
    assert isinstance(running, Begun)
    assert ended.answer == "it has ended: Succeeded"


@kube
async def test_who_stops_a_workflow_waits_for_no_good_end_of_it(bench):
    bench.have(workflow(name="w", spec={}), phase="Running")

    outcome = await bench.fire("stop", workflow(name="w"), policy={"k8s": {"until": {}}})

    assert isinstance(outcome, Done)


@kube
async def test_a_template_becomes_a_workflow_that_refers_to_it(bench):
    bench.have(workflow("WorkflowTemplate", name="build", spec={}), "workflowtemplates")
    policy = {"k8s": {"labels": {f"{LABELS}workflow-template": "build"}, "errorOnBackoffTimeout": True}}
    source = workflow("workflowtemplate", name="build")

    outcome = await bench.fire("submit-from", source, args=["-p", "a=1"], policy=policy)
    await bench.fire("submit-from", source, number=2, args=["-p", "a=1"])

    [made] = bench.all()
    assert "labels of the policy" in outcome.answer, (
        "the made workflow is looked at, not one of the template's name"
    )
    assert made["metadata"]["name"].startswith("build-")
    assert made["spec"] == {
        "workflowTemplateRef": {"name": "build"},
        "arguments": {"parameters": [{"name": "a", "value": "1"}]},
    }


@kube
async def test_a_template_of_the_cluster_is_taken_too(bench):
    name = f"t-{bench.namespace}"
    bench.reader.create(
        "/apis/argoproj.io/v1alpha1/clusterworkflowtemplates",
        workflow("ClusterWorkflowTemplate", name=name, spec={}),
    )

    await bench.fire("submit-from", workflow("ClusterWorkflowTemplate", name=name))

    [made] = bench.all()
    assert made["spec"]["workflowTemplateRef"] == {"name": name, "clusterScope": True}
    assert made["metadata"]["labels"][f"{LABELS}cluster-workflow-template"] == name


@kube
async def test_a_cron_workflow_becomes_a_workflow_as_argo_makes_it(bench):
    spec = {
        "schedule": "0 0 * * *",
        "workflowSpec": SPEC,
        "workflowMetadata": {"labels": {"team": "a"}, "annotations": {"note": "n"}},
    }
    cron = bench.have(workflow("CronWorkflow", name="nightly", spec=spec), "cronworkflows")

    await bench.fire("submit-from", workflow("CronWorkflow", name="nightly"))
    await bench.fire("submit-from", workflow("CronWorkflow", name="nightly"), number=2)

    [made] = bench.all()
    metadata = made["metadata"]
    assert made["spec"] == SPEC
    assert metadata["name"].startswith("nightly-")
    assert metadata["labels"] | {"team": "a", f"{LABELS}cron-workflow": "nightly"} == metadata["labels"]
    assert metadata["annotations"]["note"] == "n"
    assert metadata["annotations"][f"{LABELS}scheduled-time"] == "2026-09-21T14:13:20Z"
    [owner] = metadata["ownerReferences"]
    assert (owner["uid"], owner["controller"]) == (cron["metadata"]["uid"], True)


@kube
@pytest.mark.parametrize("kind", ["WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow"])
async def test_a_template_that_is_missing_may_come_late(bench, kind):
    outcome = await bench.fire("submit-from", workflow(kind, name="nowhere"))

    assert (outcome.reason, outcome.then) == ("TargetNotFound", OnFailure.RETRY_BRIEFLY)
    assert f"{kind}" in outcome.detail
    assert bench.all() == []


@kube
async def test_a_workflow_is_resubmitted_once_under_a_new_name(bench):
    spec = {**SPEC, "shutdown": "Terminate", "activeDeadlineSeconds": 0}
    labels = {"team": "a", f"{LABELS}completed": "true", f"{LABELS}phase": "Failed"}
    old = workflow(name="w", generateName="build-", labels=labels, annotations={"note": "n"}, spec=spec)
    bench.have(old, phase="Failed")

    await bench.fire("resubmit", workflow(name="w"), args=["-p", "a=again"])
    await bench.fire("resubmit", workflow(name="w"), number=2, args=["-p", "a=again"])

    [made] = [each for each in bench.all() if each["metadata"]["name"] != "w"]
    theirs = made["metadata"]["labels"]
    assert made["metadata"]["name"].startswith("build-")
    assert theirs[f"{LABELS}resubmitted-from-workflow"] == "w"
    assert theirs["team"] == "a"
    assert not {f"{LABELS}completed", f"{LABELS}phase"} & theirs.keys()
    assert made["metadata"]["annotations"]["note"] == "n"
    assert made["spec"]["arguments"]["parameters"][0] == {"name": "a", "value": "again"}
    assert not {"shutdown", "activeDeadlineSeconds"} & made["spec"].keys()
    assert "status" not in made


@kube
@pytest.mark.parametrize(
    ("operation", "spec"),
    [
        ("suspend", {"suspend": True}),
        ("stop", {"shutdown": "Stop"}),
        ("terminate", {"shutdown": "Terminate"}),
    ],
)
async def test_a_running_workflow_is_changed_and_marked_in_one_request(bench, operation, spec):
    bench.have(workflow(name="w", spec={"entrypoint": "main"}), phase="Running")

    first = await bench.fire(operation, workflow(name="w"))
    version = bench.live()["metadata"]["resourceVersion"]
    second = await bench.fire(operation, workflow(name="w"), number=2)

    assert first.answer == "200 OK"
    assert bench.live()["spec"] == {"entrypoint": "main", **spec}
    assert bench.live()["metadata"]["annotations"][EFFECT_ID] == EFFECT.hex()
    assert "done before" in second.answer
    assert bench.live()["metadata"]["resourceVersion"] == version


@kube
async def test_a_suspended_workflow_goes_on(bench):
    nodes = {"w-1": {"id": "w-1", "name": "w.gate", "type": "Suspend", "phase": "Running"}}
    bench.have(workflow(name="w", spec={"suspend": True}), phase="Running", nodes=nodes)

    outcome = await bench.fire("resume", workflow(name="w"))

    live = bench.live()
    assert isinstance(outcome, Done)
    assert "suspend" not in live["spec"]
    assert live["status"]["nodes"]["w-1"]["phase"] == "Succeeded"


@kube
async def test_what_somebody_else_has_done_meanwhile_is_success(bench):
    bench.have(workflow(name="w", spec={"shutdown": "Stop"}), phase="Running")

    outcome = await bench.fire("stop", workflow(name="w"))

    assert outcome.answer == "not sent: it is being shut down already (Stop)"


@kube
async def test_a_lost_answer_is_found_out(bench, kube_server, tmp_path):
    bench.have(workflow(name="w", spec={}), phase="Running")
    async with FaultProxy(kube_server, hits=lambda method, _target: method == "PATCH") as proxy:
        client = await connect_kubeconfig(kube_server.write_kubeconfig(tmp_path / "config", url=proxy.url))
        doubtful = Bench(client, bench.reader, bench.namespace)
        proxy.plan.append(LoseAnswer())
        first = await doubtful.fire("stop", workflow(name="w"))
        second = await doubtful.fire("stop", workflow(name="w"), number=2)
        await client.close()

    assert first.in_doubt
    assert "done before" in second.answer


@kube
@pytest.mark.parametrize("operation", ["resubmit", "resume", "suspend", "stop", "terminate"])
async def test_a_workflow_that_is_missing_may_come_late(bench, operation):
    outcome = await bench.fire(operation, workflow(name="nowhere"))

    assert (outcome.reason, outcome.then) == ("TargetNotFound", OnFailure.RETRY_BRIEFLY)


@kube
async def test_a_dry_run_changes_nothing(bench):
    made = bench.have(workflow(name="w", spec={}), phase="Running")
    for operation in ("submit", "stop", "suspend", "resubmit"):
        name = {"generateName": "x-"} if operation == "submit" else {"name": "w"}
        rendered = render(operation, workflow(**name), namespace=bench.namespace)
        outcome = await bench.trigger.dry_run(rendered, bench.attempt())
        assert "(dry run)" in outcome.answer
    assert [each["metadata"]["resourceVersion"] for each in bench.all()] == [
        made["metadata"]["resourceVersion"]
    ]


SERVER = {"token": {"name": "argo", "key": "token"}}


@kube
async def test_argos_server_is_asked_for_a_retry(bench, http_sink):
    bench.have(workflow(name="w", spec={}), phase="Failed")
    args = ["-p", "a=1", "--restart-successful", "--node-field-selector", "id=5"]

    outcome = await bench.fire(
        "retry", workflow(name="w"), args=args, argoServer={"url": http_sink.url.rstrip("/"), **SERVER}
    )

    [request] = http_sink.received
    assert isinstance(outcome, Done)
    assert (request.method, request.target) == ("PUT", f"/api/v1/workflows/{bench.namespace}/w/retry")
    assert request.header("Authorization") == "Bearer s3cr3t"
    assert json.loads(request.body) == {
        "namespace": bench.namespace,
        "name": "w",
        "restartSuccessful": True,
        "nodeFieldSelector": "id=5",
        "parameters": ["a=1"],
    }


@kube
@pytest.mark.parametrize(
    ("phase", "answer"),
    [
        ("Running", "not sent: it runs already (Running)"),
        ("", "not sent: it runs already (it has not begun yet)"),
    ],
)
async def test_a_workflow_that_runs_is_not_retried(bench, http_sink, phase, answer):
    bench.have(workflow(name="w", spec={}), phase=phase)

    outcome = await bench.fire("retry", workflow(name="w"), argoServer={"url": http_sink.url})

    assert outcome.answer == answer
    assert http_sink.received == []


def test_a_retry_is_not_repeated_in_doubt_and_all_else_is():
    """Its server leaves no mark of ours: nobody can tell whether it was done."""
    retry = render("retry", workflow(name="w"), argoServer={"url": "https://argo"})
    assert not ArgoWorkflow.may_repeat(retry)
    assert all(
        ArgoWorkflow.may_repeat(render(operation, workflow(name="w")))
        for operation in ("submit", "resubmit", "resume", "suspend", "stop", "terminate")
    )


def test_changes_of_one_workflow_have_one_order():
    keys = {
        ArgoWorkflow.order(render(operation, workflow(name="w")))
        for operation in ("suspend", "resume", "stop")
    }
    [(key, mode)] = keys
    assert key is not None
    assert mode is OrderMode.WAIT
    assert ArgoWorkflow.order(render("resubmit", workflow(name="w"))) == (None, OrderMode.NONE)


@pytest.mark.parametrize(
    ("operation", "resource", "text"),
    [
        ("submit", workflow(), "failed to trigger the workflow, neither name nor generateName is given"),
        ("resume", workflow(), "failed to execute the workflow resume operation, no name is given"),
        ("submit-from", workflow("Job", name="x"), "invalid kind Job"),
        ("submit", workflow("CronWorkflow", name="x"), "see `submit-from`"),
    ],
)
def test_what_cannot_be_done_is_said_in_upstreams_words(operation, resource, text):
    with pytest.raises(RenderFailed, match=text):
        render(operation, resource)


NAMED = "source: {resource: {apiVersion: argoproj.io/v1alpha1, kind: KIND, metadata: {name: w}}}"


def faults(member, kind="Workflow", outer=""):
    parameters = f", parameters: [{outer}]" if outer else ""
    source = NAMED.replace("KIND", kind)
    document = sensor_of(f"triggers: [{{template: {{argoWorkflow: {{{source}, {member}}}}}{parameters}}}]")
    return [each for each in check_sensor(document)[1] if each.severity is Severity.ERROR]


@pytest.mark.parametrize(
    ("member", "kind", "at", "what"),
    [
        ("operation: submit, args: [--nonsense]", "Workflow", "args[0]", "has no flag `--nonsense`"),
        ("operation: resubmit, args: [--memoized]", "Workflow", "args", "only argo's own code can do"),
        ("operation: retry", "Workflow", "operation", "only its server can do it"),
        ("operation: retry, argoServer: {url: argo}", "Workflow", "argoServer.url", ""),
        (
            "operation: stop, argoServer: {url: 'https://argo'}",
            "Workflow",
            "argoServer",
            "only read by `retry`",
        ),
        ("operation: submit", "CronWorkflow", "source", "`submit` makes a Workflow"),
        ("operation: submit-from", "Workflow", "source", "invalid kind Workflow"),
    ],
)
def test_lint_says_what_cannot_be_carried_out(member, kind, at, what):
    [fault] = faults(member, kind)
    assert fault.at.endswith(f"argoWorkflow.{at}")
    assert what in fault.what
    assert fault.part.startswith("trigger:")


def test_flags_that_an_event_fills_are_read_when_it_comes():
    outer = "{src: {dependencyName: push, dataKey: a}, dest: argoWorkflow.args.1}"
    assert faults("operation: submit, args: [-p, FILLED]", outer=outer) == []
