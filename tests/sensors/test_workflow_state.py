"""What suspend, resume, stop and terminate change; each case as argo's own code does it."""

import base64
import gzip
import json

import pytest

from sensors.workflow_args import WorkflowArgs
from sensors.workflow_state import CannotChange, NothingToDo, changed

NOW = "2026-11-24T10:00:00Z"


def workflow(spec=None, **status):
    return {"metadata": {"name": "w"}, "spec": spec or {}, "status": status}


def node(name, *, phase="Running", kind="Suspend", **more):
    return {"id": name, "name": f"w.{name}", "displayName": name, "type": kind, "phase": phase, **more}


def run(operation, live, **args):
    return changed(operation, live, WorkflowArgs(**args), NOW)


def test_a_suspended_workflow_starts_no_more_steps_and_resumes():
    suspended = run("suspend", workflow(phase="Running"))
    assert suspended["spec"] == {"suspend": True}
    assert run("resume", suspended)["spec"] == {}


def test_resume_ends_the_nodes_that_wait_and_no_others():
    live = workflow(
        phase="Running",
        nodes={
            "a": node("a"),
            "b": node("b", phase="Pending"),
            "c": node("c", kind="Pod"),
            "d": node("d", phase="Succeeded"),
        },
    )
    nodes = run("resume", live)["status"]["nodes"]
    assert (nodes["a"]["phase"], nodes["a"]["finishedAt"]) == ("Succeeded", NOW)
    assert [nodes[name] for name in "bcd"] == [live["status"]["nodes"][name] for name in "bcd"]
    assert live["status"]["nodes"]["a"]["phase"] == "Running", "what was read is left alone"


def test_resume_gives_outputs_that_nobody_supplied_their_defaults():
    outputs = {"parameters": [{"name": "answer", "valueFrom": {"supplied": {}, "default": "no"}}]}
    resumed = run("resume", workflow(nodes={"a": node("a", outputs=outputs)}))
    assert resumed["status"]["nodes"]["a"]["outputs"]["parameters"] == [{"name": "answer", "value": "no"}]


def test_resume_needs_outputs_that_have_no_default():
    outputs = {"parameters": [{"name": "answer", "valueFrom": {"supplied": {}}}]}
    with pytest.raises(CannotChange, match="raw output parameter 'answer' has not been set"):
        run("resume", workflow(nodes={"a": node("a", outputs=outputs)}))


@pytest.mark.parametrize(
    "selector",
    [
        "displayName=a",
        "name==w.a",
        "id=a,phase=Running",
        "id!=b",
        "templateName=gate",
        "inputs.parameters.stage.value=prod",
    ],
)
def test_a_selector_chooses_the_nodes(selector):
    inputs = {"parameters": [{"name": "stage", "value": "prod"}]}
    nodes = {"a": node("a", templateName="gate", inputs=inputs), "b": node("b", templateName="other")}
    after = run("resume", workflow(nodes=nodes), node_field_selector=selector)["status"]["nodes"]
    assert (after["a"]["phase"], after["b"]["phase"]) == ("Succeeded", "Running")


def test_a_selector_that_fits_no_node_may_come_later():
    with pytest.raises(CannotChange, match="no suspended node that matches") as refused:
        run("resume", workflow(nodes={"a": node("a")}), node_field_selector="id=x")
    assert refused.value.may_come


def test_a_node_is_stopped_with_its_message():
    after = run("stop", workflow(nodes={"a": node("a")}), node_field_selector="id=a", message="no")
    assert (
        after["status"]["nodes"]["a"] | {"phase": "Failed", "message": "no"} == after["status"]["nodes"]["a"]
    )
    assert "shutdown" not in after["spec"]


def test_compressed_nodes_stay_compressed():
    packed = base64.b64encode(gzip.compress(json.dumps({"a": node("a")}).encode())).decode()
    status = run("resume", workflow(compressedNodes=packed))["status"]
    nodes = json.loads(gzip.decompress(base64.b64decode(status["compressedNodes"])))
    assert nodes["a"]["phase"] == "Succeeded"
    assert "nodes" not in status


def test_nodes_in_a_database_are_out_of_reach():
    with pytest.raises(CannotChange, match="only argo's own server"):
        run("resume", workflow(offloadNodeStatusVersion="fnv:1"))


@pytest.mark.parametrize(
    ("operation", "live", "state"),
    [
        ("suspend", workflow({"suspend": True}), "suspended already"),
        ("suspend", workflow(phase="Failed"), "it has ended"),
        ("resume", workflow(phase="Running"), "not suspended"),
        ("stop", workflow({"shutdown": "Stop"}), "shut down already"),
        ("stop", workflow({"shutdown": "Terminate"}), "shut down already"),
        ("terminate", workflow({"shutdown": "Terminate"}), "shut down already"),
        ("terminate", workflow(phase="Succeeded"), "ended already"),
    ],
)
def test_what_is_in_that_state_already_is_left_alone(operation, live, state):
    with pytest.raises(NothingToDo, match=state):
        run(operation, live)


def test_who_terminates_does_more_than_who_stops():
    assert run("terminate", workflow({"shutdown": "Stop"}))["spec"] == {"shutdown": "Terminate"}
