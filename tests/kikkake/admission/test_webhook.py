"""The webhook as an API server calls it: a real process with its own certificates, and kubectl at the other end."""

import base64
import json
import os
import secrets
import subprocess
import sys

import pytest

from kikkake.admission.certificates import Certificates
from tests.conftest import require
from tests.servers.process import ServerProcess, free_ports
from tests.stories.process import wait_until

pytestmark = pytest.mark.kube

_CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

SENSOR = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Sensor",
    "metadata": {"name": "s"},
    "spec": {
        "dependencies": [{"name": "d", "eventSourceName": "e", "eventName": "x"}],
        "triggers": [{"template": {"name": "t", "conditions": "d", "log": {}}}],
    },
}


class Webhook:
    """A process of `kikkake admission`; the API server asks it about Sensors of one namespace."""

    def __init__(self, server, namespace, folder):
        self.name = f"kikkake-{secrets.token_hex(4)}"
        self.namespace = namespace
        self.port, self.probes_port = free_ports(2)
        self._server = server
        self._folder = folder
        self._log = folder / "admission.log"
        self._process = None

    def start(self):
        named = {
            "kubeconfig": self._server.kubeconfig,
            "host": "127.0.0.1",
            "port": self.port,
            "probes-port": self.probes_port,
            "namespace": self.namespace,
            "configuration": self.name,
            "dns-name": "localhost",
        }
        arguments = [f"--{name}={value}" for name, value in named.items()]
        self._log.unlink(missing_ok=True)
        self._process = ServerProcess(
            [sys.executable, "-m", "kikkake", "admission", *arguments], log=self._log, cwd=self._folder
        )
        wait_until(lambda: "/validate" in self._log.read_text(), timeout_s=30)

    def stop(self):
        if self._process is not None:
            self._process.stop(grace_s=10)
            assert self._process.exit_code == 0, self._log.read_text()

    def apply(self, value):
        """What kubectl says of it: exit code, standard output, standard error."""
        run = subprocess.run(
            [
                "kubectl",
                "--kubeconfig",
                str(self._server.kubeconfig),
                "-n",
                self.namespace,
                "apply",
                "-f",
                "-",
            ],
            input=json.dumps(value),
            env={**os.environ, "KUBECACHEDIR": str(self._folder / "cache")},
            capture_output=True,
            text=True,
            check=False,
        )
        return run.returncode, run.stdout, run.stderr

    def configuration(self):
        rule = {
            "apiGroups": ["argoproj.io"],
            "apiVersions": ["v1alpha1"],
            "operations": ["CREATE", "UPDATE"],
            "resources": ["sensors", "eventsources", "eventbus"],
        }
        return {
            "metadata": {"name": self.name},
            "webhooks": [
                {
                    "name": "resources.kikkake.io",
                    "clientConfig": {"url": f"https://localhost:{self.port}/validate"},
                    "rules": [rule],
                    "failurePolicy": "Fail",
                    "sideEffects": "None",
                    "timeoutSeconds": 3,
                    "admissionReviewVersions": ["v1"],
                    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": self.namespace}},
                }
            ],
        }


@pytest.fixture
def crds(kube_reader):
    """Sensors that the API server stores whatever stands in them, as Argo Events' do."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v1alpha1", "served": True, "storage": True, "schema": schema}
    if kube_reader.get(f"{_CRDS}/sensors.argoproj.io") is None:
        names = {"plural": "sensors", "singular": "sensor", "kind": "Sensor", "listKind": "SensorList"}
        spec = {"group": "argoproj.io", "scope": "Namespaced", "names": names, "versions": [version]}
        kube_reader.create(_CRDS, {"metadata": {"name": "sensors.argoproj.io"}, "spec": spec})
    wait_until(lambda: _is_served(kube_reader))


def _is_served(reader):
    found = reader.get("/apis/argoproj.io/v1alpha1")
    return found is not None and any(each["name"] == "sensors" for each in found["resources"])


@pytest.fixture
def webhook(kube_server, kube_reader, kube_namespace, crds, tmp_path):
    require("kubectl")
    webhook = Webhook(kube_server, kube_namespace, tmp_path)
    kube_reader.create(_CONFIGURATIONS, webhook.configuration())
    webhook.start()
    yield webhook
    webhook.stop()
    kube_reader.delete(f"{_CONFIGURATIONS}/{webhook.name}")


def refused(webhook):
    return webhook.apply({**SENSOR, "spec": {**SENSOR["spec"], "triggers": []}})


def test_a_good_resource_is_taken_and_a_bad_one_is_refused_with_its_faults(webhook):
    wait_until(lambda: refused(webhook)[0] == 1)
    _code, _, error = refused(webhook)
    assert "invalid Sensor: " in error
    assert "no triggers found" in error
    assert webhook.apply(SENSOR)[0] == 0


def test_what_stops_only_a_part_is_a_warning_of_kubectl(webhook):
    wait_until(lambda: refused(webhook)[0] == 1)
    odd = json.loads(json.dumps(SENSOR))
    odd["spec"]["triggers"][0]["template"]["conditions"] = "d && ("
    code, out, error = webhook.apply(odd)
    assert (code, "Warning: " in error, "conditions" in error) == (0, True, True)
    assert "created" in out


def test_certificates_survive_a_restart_and_broken_ones_are_made_anew(webhook, kube_reader):
    secret = f"/api/v1/namespaces/{webhook.namespace}/secrets/kikkake-admission-certs"
    wait_until(lambda: refused(webhook)[0] == 1)
    first = kube_reader.get(secret)["data"]
    webhook.stop()
    webhook.start()
    assert kube_reader.get(secret)["data"] == first

    webhook.stop()
    kube_reader.patch(secret, {"data": {"tls.key": base64.b64encode(b"broken").decode()}})
    webhook.start()
    wait_until(lambda: "invalid Sensor" in refused(webhook)[2])
    values = {name: base64.b64decode(text) for name, text in kube_reader.get(secret)["data"].items()}
    assert Certificates.read(values).authority != base64.b64decode(first["ca.crt"])
