"""`kikkake serve` with the arguments, the account and the rights that the manifests give it."""

import http.client
import json
import sys

import pytest

from tests.manifests.cluster import GATEWAY, ROOT, path_of, resource
from tests.manifests.rendered import gateway, kustomized
from tests.servers.process import ServerProcess, free_ports

pytestmark = pytest.mark.kube
SOURCE = {
    "webhook": {"push": {"endpoint": "/push", "port": "12000", "method": "POST", "unauthenticated": True}}
}
SENSOR = {
    "template": {"serviceAccountName": "deployer"},
    "dependencies": [{"name": "push", "eventSourceName": "hooks", "eventName": "push"}],
    "triggers": [
        {
            "template": {
                "name": "note",
                "k8s": {
                    "operation": "create",
                    "source": {
                        "resource": {
                            "apiVersion": "v1",
                            "kind": "ConfigMap",
                            "metadata": {"generateName": "note-"},
                        }
                    },
                },
            }
        }
    ],
}


def prepare(cluster, labels):
    """A namespace with an account that may create ConfigMaps, an EventSource and a Sensor."""
    team = cluster.namespace(labels=labels)
    cluster.token(team, "deployer")
    for command in (
        ("role", "notes", "--verb=create,get,list", "--resource=configmaps"),
        ("rolebinding", "notes", "--role=notes", f"--serviceaccount={team}:deployer"),
    ):
        made = cluster.kubectl("-n", team, "create", *command)
        assert made.code == 0, made.err
    with cluster.reader() as admin:
        admin.create(path_of("EventSource", team), resource("EventSource", SOURCE, "hooks"))
        admin.create(path_of("Sensor", team), resource("Sensor", SENSOR, "notes"))
    return team


@pytest.fixture
def serving(cluster, tmp_path):
    """The running gateway's ports for deliveries and metrics, by name."""
    kubeconfig = cluster.server.write_kubeconfig(tmp_path / "kubeconfig", token=cluster.token(*GATEWAY))
    given = gateway(kustomized("manifests"))["spec"]["template"]["spec"]["containers"][0]["args"]
    ports = dict(zip(("port", "metrics-port", "admin-port"), free_ports(3), strict=True))
    here = {"data": tmp_path / "data", "host": "127.0.0.1", "kubeconfig": kubeconfig, **ports}
    arguments = [each for each in given if each.split("=")[0].removeprefix("--") not in here]
    process = ServerProcess(
        [sys.executable, "-m", "kikkake", *arguments, *(f"--{name}={value}" for name, value in here.items())],
        log=tmp_path / "log",
        cwd=ROOT,
        env={"POD_NAME": "kikkake-0", "POD_NAMESPACE": "kikkake", "POD_IP": "127.0.0.1"},
    )
    try:
        process.wait_until(lambda: ask(ports["metrics-port"], "GET", "/readyz") == 200, timeout_s=30)
        yield ports
    finally:
        process.stop(grace_s=20)


def ask(port, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body=body, headers={"Content-Type": "application/json"})
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def test_a_delivery_makes_an_object_with_the_rights_of_the_teams_account(cluster, serving):
    team = prepare(cluster, {"kikkake/enabled": "true"})
    other = prepare(cluster, {})
    for kind, name in (("EventSource", "hooks"), ("Sensor", "notes")):
        cluster.wait_for(path_of(kind, team, name), lambda found: condition(found, "Ready") == "True")

    assert ask(serving["port"], "POST", f"/{team}/hooks/push", json.dumps({"a": 1})) == 200
    assert ask(serving["port"], "POST", f"/{other}/hooks/push", json.dumps({"a": 1})) == 404

    made = cluster.wait_for(f"/api/v1/namespaces/{team}/configmaps", notes)
    [note] = notes(made)
    assert note["metadata"]["annotations"]["kikkake/effect-id"]
    with cluster.reader() as admin:
        assert notes(admin.get(f"/api/v1/namespaces/{other}/configmaps")) == []
        assert "status" not in admin.get(path_of("Sensor", other, "notes"))


def condition(found, kind):
    conditions = found.get("status", {}).get("conditions", ())
    return next((each["status"] for each in conditions if each["type"] == kind), None)


def notes(listed):
    return [each for each in listed["items"] if each["metadata"]["name"].startswith("note-")]
