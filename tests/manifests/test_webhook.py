"""`kikkake admission` with the arguments and the account of the manifests, asked by a real API server."""

import http.client
import sys

import pytest

from tests.conftest import require
from tests.manifests.cluster import ROOT, Cluster, path_of, resource, sensor_spec
from tests.manifests.rendered import kustomized, of_kind
from tests.servers.kube import KubeServer
from tests.servers.process import ServerProcess, free_ports

pytestmark = pytest.mark.kube
CONFIGURATION = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/kikkake-admission"
ENABLED = {"kikkake/enabled": "true"}


@pytest.fixture
def judged(tmp_path):
    """A cluster of its own, since a webhook that has gone would refuse what others do."""
    require("kube")
    require("kubectl")
    server = KubeServer.start(tmp_path / "kube")
    cluster = Cluster(server, tmp_path)
    for folder in ("manifests", "manifests/webhook"):
        applied = cluster.kubectl("apply", "-k", folder)
        assert applied.code == 0, applied.err
    port, probes = free_ports(2)
    lead_here(cluster, port)
    process = ServerProcess(
        [sys.executable, "-m", "kikkake", *arguments(cluster, tmp_path, port, probes)],
        log=tmp_path / "log",
        cwd=ROOT,
        env={"POD_NAMESPACE": "kikkake"},
    )
    try:
        process.wait_until(lambda: answers(probes), timeout_s=60)
        yield cluster
    finally:
        process.stop(grace_s=20)
        server.stop()


def lead_here(cluster, port):
    """There is no network of pods: the Service becomes another name of this machine, as the API server allows."""
    service = {
        "type": "ExternalName",
        "externalName": "localhost",
        "clusterIP": None,
        "clusterIPs": None,
        "selector": None,
    }
    with cluster.reader() as admin:
        admin.patch("/api/v1/namespaces/kikkake/services/kikkake-admission", {"spec": service})
        [webhook] = admin.get(CONFIGURATION)["webhooks"]
        webhook["clientConfig"]["service"]["port"] = port
        admin.patch(CONFIGURATION, {"webhooks": [webhook]})


def arguments(cluster, folder, port, probes):
    """Those of the Deployment, with ports of this test."""
    [deployment] = of_kind(kustomized("manifests/webhook"), "Deployment")
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    here = {
        "host": "127.0.0.1",
        "port": port,
        "probes-port": probes,
        "kubeconfig": cluster.server.write_kubeconfig(
            folder / "kubeconfig", token=cluster.token("kikkake", "kikkake-admission")
        ),
    }
    given = [each for each in container["args"] if each.split("=")[0].removeprefix("--") not in here]
    return given + [f"--{name}={value}" for name, value in here.items()]


def answers(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def test_the_api_server_trusts_it_and_passes_on_what_it_says(judged):
    team, other = judged.namespace(labels=ENABLED), judged.namespace()
    bad = resource("Sensor", sensor_spec(triggers=[]), "bad")
    warned = resource("Sensor", sensor_spec(replicas=3, unknown=1), "warned")

    refused = judged.kubectl("-n", team, "apply", "-f", "-", given=bad)
    said = judged.kubectl("-n", team, "apply", "-f", "-", given=warned)
    elsewhere = judged.kubectl("-n", other, "apply", "-f", "-", given=bad)

    assert 'admission webhook "validate.kikkake.argoproj.io" denied the request' in refused.err
    assert "no triggers found" in refused.err
    assert said.code == 0, said.err
    assert "Warning: " in said.err
    assert "unknown" in said.err
    assert elsewhere.code == 0, elsewhere.err
    with judged.reader() as admin:
        assert admin.get(path_of("Sensor", team, "bad")) is None


def test_its_account_may_do_nothing_else(judged):
    with judged.reader(judged.token("kikkake", "kikkake-admission")) as account:
        assert account.answer("GET", "/api/v1/namespaces/kikkake/secrets/kikkake-admission-certs")[0] == 200
        for method, path in (
            ("GET", "/api/v1/namespaces/kikkake/secrets"),
            ("GET", "/api/v1/namespaces/kikkake/secrets/other"),
            ("POST", "/api/v1/namespaces/kikkake/secrets"),
            ("GET", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/other"),
            ("GET", path_of("Sensor", "default")),
        ):
            assert account.answer(method, path, {} if method == "POST" else None)[0] == 403, path
