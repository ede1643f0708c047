"""docs/install.md: its commands are carried out, in their order."""

import os
import re
import shutil
import subprocess

import pytest

from tests.conftest import require
from tests.manifests.cluster import ROOT
from tests.manifests.rendered import gateway, kustomized
from tests.servers.helm import HELM
from tests.servers.kube import KubeServer
from tests.servers.kubectl import kubectl

PAGE = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = [line for language, block in BLOCKS if language == "sh" for line in block.splitlines()]


@pytest.fixture
def shell(tmp_path):
    """Runs a line of the page against an empty cluster, with Helm under its name."""
    require("kube")
    require("kubectl")
    require("controllers")
    server = KubeServer.start(tmp_path / "kube")
    server.start_controller_manager()
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "kubectl").symlink_to(kubectl())
    if found := HELM.find():
        (programs / "helm").symlink_to(found)
    places = {f"HELM_{name}_HOME": str(tmp_path / name) for name in ("CACHE", "CONFIG", "DATA")}

    def run(line):
        done = subprocess.run(
            ["sh", "-c", line],
            cwd=ROOT,
            env={
                **os.environ,
                **places,
                "PATH": f"{programs}:{os.environ['PATH']}",
                "KUBECONFIG": str(server.kubeconfig),
                "KUBECACHEDIR": str(tmp_path / "kubectl"),
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout

    yield run
    server.stop()


@pytest.mark.kube
def test_the_commands_of_kubectl_work_one_after_the_other(shell):
    lines = [line for line in COMMANDS if line.startswith("kubectl") and "pod-security" not in line]
    assert len(lines) > 15

    for line in lines:
        shell(line)
        if line.startswith("kubectl delete"):
            assert are_fenced(
                shell("kubectl get clusterrolebinding,validatingadmissionpolicybinding -o name")
            ), line

    assert "sensors.argoproj.io" in shell("kubectl get crd -o name")
    assert "kikkake" not in shell("kubectl get namespace,clusterrole -o name")


def are_fenced(names):
    """Whether nobody may ask for tokens everywhere without the policy that bounds it."""
    return (
        "clusterrolebinding.rbac.authorization.k8s.io/kikkake-tokens" not in names
        or "/kikkake-fence" in names
    )


@pytest.mark.kube
@pytest.mark.helm
def test_the_commands_of_helm_work(shell):
    require("helm")
    for line in COMMANDS:
        if line.startswith("helm") or "pod-security" in line:
            shell(line)

    assert "statefulset.apps/kikkake" in shell("kubectl -n kikkake get statefulset -o name")


@pytest.mark.kubectl
def test_the_image_is_named_as_the_page_says(tmp_path):
    require("kubectl")
    [text] = [block for language, block in BLOCKS if language == "yaml"]
    shutil.copytree(ROOT / "manifests", tmp_path / "manifests")
    (tmp_path / "kustomization.yaml").write_text(text, encoding="utf-8")

    [container] = gateway(kustomized(str(tmp_path)))["spec"]["template"]["spec"]["containers"]

    assert container["image"] == "registry.example/kikkake:0.1.0"


def test_the_image_is_built_from_a_file_that_is_there():
    [line] = [line for line in COMMANDS if line.startswith("docker build")]
    assert (ROOT / line.split("--file ")[1].split()[0]).exists()
