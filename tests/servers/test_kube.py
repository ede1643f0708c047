import json
import os
import select
import shutil
import signal
import subprocess
import sys

import pytest

from tests.conftest import require
from tests.servers.kube import KubeServer
from tests.servers.kube_reader import KubeReader, KubeRefused
from tests.servers.kubectl import kubectl
from tests.stories.process import wait_until

pytestmark = pytest.mark.kube


def config_map(name):
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": {"app": "x"}},
        "data": {"k": "v"},
    }


def test_kubectl_reads_what_the_reader_created(kube_server, kube_reader, kube_namespace, tmp_path):
    require("kubectl")
    kube_reader.create(f"/api/v1/namespaces/{kube_namespace}/configmaps", config_map("seen"))

    read = subprocess.run(
        [
            kubectl(),
            "--kubeconfig",
            kube_server.kubeconfig,
            "-n",
            kube_namespace,
            "get",
            "cm",
            "seen",
            "-ojson",
        ],
        env={**os.environ, "KUBECACHEDIR": str(tmp_path)},
        capture_output=True,
        check=True,
    )

    assert json.loads(read.stdout)["data"] == {"k": "v"}


def test_the_reader_lists_by_label_and_sees_deletions(kube_reader, kube_namespace):
    path = f"/api/v1/namespaces/{kube_namespace}/configmaps"
    for name in ("a", "b"):
        kube_reader.create(path, config_map(name))
    kube_reader.delete(f"{path}/a")

    assert [item["metadata"]["name"] for item in kube_reader.list(path, labels="app=x")] == ["b"]
    assert kube_reader.get(f"{path}/a") is None


def test_a_second_create_is_a_conflict(kube_reader, kube_namespace):
    path = f"/api/v1/namespaces/{kube_namespace}/configmaps"
    kube_reader.create(path, config_map("once"))

    with pytest.raises(KubeRefused) as refused:
        kube_reader.create(path, config_map("once"))

    assert refused.value.status == 409


def test_a_stranger_may_do_nothing(kube_server, kube_namespace):
    stranger = KubeReader(kube_server.port, kube_server.ca_file, kube_server.stranger_token)
    with stranger, pytest.raises(KubeRefused) as refused:
        stranger.list(f"/api/v1/namespaces/{kube_namespace}/configmaps")

    assert refused.value.status == 403


def test_a_server_that_is_started_again_keeps_its_objects_and_its_port(tmp_path):
    require("kube")
    first = KubeServer.start(tmp_path)
    with first.reader() as reader:
        reader.create("/api/v1/namespaces/default/configmaps", config_map("kept"))
    first.stop()

    second = KubeServer.start(tmp_path)
    try:
        with second.reader() as reader:
            assert reader.get("/api/v1/namespaces/default/configmaps/kept") is not None
        assert second.url == first.url
    finally:
        second.stop()


@pytest.mark.skipif(not shutil.which("setpriv"), reason="setpriv of util-linux ties a server to its parent")
def test_a_killed_test_run_leaves_no_server_behind(tmp_path):
    require("kube")
    program = (
        "import pathlib, sys; from tests.servers.kube import KubeServer;"
        f"s = KubeServer.start(pathlib.Path({str(tmp_path)!r}));"
        "print(s._etcd.pid, s._apiserver.pid, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        pids = [int(pid) for pid in run.stdout.readline().split()]
        run.send_signal(signal.SIGKILL)

    assert len(pids) == 2
    assert [pid for pid in pids if _still_runs(pid)] == []


def _still_runs(pid):
    """Whether it runs longer than the moment that ending takes."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        ended, _, _ = select.select([process], [], [], 10)
        return not ended
    finally:
        os.close(process)


def test_with_a_controller_manager_jobs_make_pods_and_namespaces_go(tmp_path):
    require("kube")
    require("controllers")
    server = KubeServer.start(tmp_path / "kube")
    try:
        server.start_controller_manager()
        with server.reader() as reader:
            reader.create("/api/v1/namespaces", {"metadata": {"name": "a"}})
            wait_until(lambda: reader.get("/api/v1/namespaces/a/serviceaccounts/default") is not None)
            container = {"name": "main", "image": "none"}
            template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
            job = {"metadata": {"name": "j"}, "spec": {"template": template}}
            reader.create("/apis/batch/v1/namespaces/a/jobs", job)
            wait_until(lambda: reader.list("/api/v1/namespaces/a/pods"))
            reader.delete("/api/v1/namespaces/a")
            wait_until(lambda: reader.get("/api/v1/namespaces/a") is None)
    finally:
        server.stop()
