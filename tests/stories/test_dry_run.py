"""Without a cluster: what would be created is printed, and nothing that was "done" counts as done elsewhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import yaml

from tests.stories import deliveries, resources
from tests.stories.process import ROOT, wait_until


def test_a_dry_run_says_so_first_and_prints_the_manifest(kikkake):
    kikkake.write("github.yaml", resources.github())
    kikkake.write("build.yaml", resources.sensor(resources.config_map()))
    kikkake.arguments += ["--log-level", "error"]
    kikkake.start()
    kikkake.deliver(deliveries.push("d1", commit="3b18e512"))
    kikkake.wait_idle()
    assert kikkake.stop() == 0

    said = kikkake.said()
    assert "dry run, nothing is created in a cluster" in said.splitlines()[0]
    manifest = yaml.safe_load(said.partition("---\n")[2])
    assert (manifest["kind"], manifest["data"]) == ("ConfigMap", {"commit": "3b18e512"})


def test_json_output_is_one_object_a_line_and_nothing_else(kikkake):
    kikkake.write("github.yaml", resources.github())
    kikkake.write("build.yaml", resources.sensor(resources.config_map()))
    kikkake.arguments += ["-o", "json"]
    kikkake.start()
    kikkake.deliver(deliveries.push("d1"))
    kikkake.wait_idle()
    assert kikkake.stop() == 0

    lines = [json.loads(line) for line in kikkake.said().splitlines() if line.startswith("{")]
    [preview] = [line for line in lines if "dryRun" in line]
    assert preview["sensor"] == "default/build"
    assert preview["object"]["data"] == {"commit": "d1"}


def test_an_http_trigger_is_not_sent_in_a_dry_run(kikkake, background):
    with background.sink() as sink:
        kikkake.write("github.yaml", resources.github())
        kikkake.write("call.yaml", resources.sensor(resources.post(sink.url)))
        kikkake.start()
        kikkake.deliver(deliveries.push("d1"))
        kikkake.wait_idle()

        assert "would send" in kikkake.said()
        assert sink.received == []


@pytest.mark.kube
def test_each_target_has_a_store_of_its_own(kikkake, kube_server):
    """By default; with `--data` the person has chosen."""
    kikkake.write("github.yaml", resources.github())
    kikkake.data_arguments = []
    kikkake.start()
    assert kikkake.stop() == 0
    kikkake.arguments += ["--kubeconfig", str(kube_server.kubeconfig)]
    kikkake.start()
    assert kikkake.stop() == 0

    assert sorted(folder.name for folder in (kikkake.folder / ".kikkake").iterdir()) == [
        "dry-run",
        "kubeconfig",
    ]


def test_what_a_dry_run_did_is_shown_as_such(kikkake):
    kikkake.write("github.yaml", resources.github())
    kikkake.write("build.yaml", resources.sensor(resources.config_map()))
    kikkake.start()
    kikkake.deliver(deliveries.push("d1"))
    kikkake.wait_idle()

    assert "dry run, nothing was done outside" in kikkake.command("explain", "d1").out
    assert "(dry run)" in kikkake.command("events").out


def test_when_nobody_reads_the_previews_any_more_it_stops_in_order(kikkake):
    """`kikkake run | head`: exit code 141 as shells count it, no traceback, and what was taken stays taken."""
    kikkake.write("github.yaml", resources.github())
    kikkake.write("build.yaml", resources.sensor(resources.config_map()))
    command = [sys.executable, "-m", "kikkake", *kikkake.run_arguments]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (
        kikkake.log.open("wb") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, cwd=kikkake.folder, env=env) as process,
    ):
        try:
            wait_until(kikkake.is_ready)
            process.stdout.close()
            assert kikkake.deliver(deliveries.push("d1")).status == 200
            assert process.wait(30) == 141
        finally:
            process.kill()
    assert "d1" in kikkake.command("explain", "d1", "--data", "data").out
