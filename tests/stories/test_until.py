"""An effect that waits for the end of its object in a real API server: through kills, to success, failure, removal."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.stories import deliveries, resources
from tests.stories.process import Kikkake, wait_for, wait_until

pytestmark = pytest.mark.kube

UNTIL: dict[str, Any] = {"k8s": {"until": {}}}
ENDED = {"status": {"phase": "Succeeded"}}
TIME = "2026-11-24T10:00:00Z"


@pytest.fixture
def gateway(kikkake: Kikkake, kube_server, kube_namespace, argo) -> Kikkake:
    kikkake.arguments += ["--kubeconfig", str(kube_server.kubeconfig)]
    kikkake.write("github.yaml", resources.github(namespace=kube_namespace))
    return kikkake


@pytest.fixture
def workflows(kube_reader, kube_namespace):
    path = f"/apis/argoproj.io/v1alpha1/namespaces/{kube_namespace}/workflows"
    return lambda: kube_reader.list(path)


@pytest.fixture
def change(kube_reader, kube_namespace):
    """What a controller does to a workflow."""

    def change(made: dict[str, Any], patch: dict[str, Any]) -> None:
        path = f"/apis/argoproj.io/v1alpha1/namespaces/{kube_namespace}/workflows/{made['metadata']['name']}"
        kube_reader.patch(path, patch)

    return change


def build(namespace: str, *, kind: str = "argoWorkflow", resource: dict[str, Any] | None = None) -> str:
    workflow = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"generateName": "build-"},
    }
    member = {"source": {"resource": resource or workflow}}
    return resources.sensor(f"{kind}: {json.dumps(member)}", namespace=namespace, policy=json.dumps(UNTIL))


def effect(gateway: Kikkake) -> dict[str, Any]:
    [sensor] = gateway.api("events/d1/explanation")["sensors"]
    [found] = sensor["triggers"][0]["effects"]
    return found


def test_it_is_done_when_the_workflow_has_ended_however_often_the_process_dies(
    gateway, kube_namespace, workflows, change
):
    gateway.write("build.yaml", build(kube_namespace))
    gateway.start()
    gateway.deliver(deliveries.push("d1"))
    [made] = wait_for(workflows)
    for _ in range(2):
        wait_until(lambda: effect(gateway)["reason"] == "WaitingForEnd")
        gateway.kill()
        gateway.start()
    name = f"Workflow {kube_namespace}/{made['metadata']['name']}"
    assert f"made {name}, waiting for its end" in gateway.command("explain", "d1").out

    change(made, ENDED)
    gateway.wait_idle()

    done = effect(gateway)
    assert (done["state"], done["attempt"], done["result"]["end"]) == ("done", 1, "Succeeded")
    assert [each["metadata"]["uid"] for each in workflows()] == [made["metadata"]["uid"]]
    assert gateway.command("dead-letters").out == "Nothing was given up.\n"


def test_a_workflow_that_fails_is_a_dead_letter_and_a_replay_makes_no_second_one(
    gateway, kube_namespace, workflows, change
):
    gateway.write("build.yaml", build(kube_namespace))
    gateway.start()
    gateway.deliver(deliveries.push("d1"))
    [made] = wait_for(workflows)
    change(made, {"status": {"phase": "Failed", "message": "step two"}})
    gateway.wait_idle()

    [letter] = gateway.command("dead-letters", "-o", "json").lines
    assert letter["reason"] == "ObjectFailed"
    assert "Failed: step two" in letter["detail"]
    change(made, ENDED)
    assert gateway.command(*letter["replay"].split()[1:]).code == 0
    gateway.wait_idle()
    assert effect(gateway)["state"] == "done"
    assert len(workflows()) == 1


def test_a_workflow_that_somebody_deletes_is_waited_for_no_longer(
    gateway, kube_reader, kube_namespace, workflows
):
    gateway.write("build.yaml", build(kube_namespace))
    gateway.start()
    gateway.deliver(deliveries.push("d1"))
    [made] = wait_for(workflows)
    wait_until(lambda: effect(gateway)["reason"] == "WaitingForEnd")
    path = f"/apis/argoproj.io/v1alpha1/namespaces/{kube_namespace}/workflows/{made['metadata']['name']}"

    kube_reader.delete(path)
    gateway.wait_idle()

    [letter] = gateway.command("dead-letters", "-o", "json").lines
    assert letter["reason"] == "ObjectGone"
    assert workflows() == []


def test_a_job_is_known_by_its_conditions(gateway, kube_reader, kube_namespace):
    container = {"name": "main", "image": "example.com/main:1"}
    pod = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"generateName": "build-"},
        "spec": {"template": pod},
    }
    path = f"/apis/batch/v1/namespaces/{kube_namespace}/jobs"
    gateway.write("build.yaml", build(kube_namespace, kind="k8s", resource=job))
    gateway.start()
    gateway.deliver(deliveries.push("d1"))
    [made] = wait_for(lambda: kube_reader.list(path))

    met = [
        {"type": name, "status": "True", "lastTransitionTime": TIME}
        for name in ("SuccessCriteriaMet", "Complete")
    ]
    status = {"startTime": TIME, "completionTime": TIME, "succeeded": 1, "conditions": met}
    kube_reader.patch(f"{path}/{made['metadata']['name']}/status", {"status": status})
    gateway.wait_idle()

    assert effect(gateway)["state"] == "done"
