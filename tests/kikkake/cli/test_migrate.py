import json
import textwrap

import pytest
import yaml
from click.testing import CliRunner

from kikkake.cli.main import main
from kikkake.migration.differences import _ALL
from tests.manifests.cluster import ROOT

TEAM = textwrap.dedent("""\
    apiVersion: argoproj.io/v1alpha1
    kind: EventSource
    metadata: {name: hook, namespace: ci}
    spec:
      service: {ports: [{port: 12000}]}
      webhook:
        push: {endpoint: /push, port: "12000", method: POST, authSecret: {name: hook, key: token}}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Sensor
    metadata: {name: build, namespace: ci}
    spec:
      template: {serviceAccountName: builder}
      dependencies: [{name: push, eventSourceName: hook, eventName: push}]
      triggers:
      - template:
          name: run
          k8s:
            operation: create
            source: {resource: {apiVersion: tekton.dev/v1, kind: PipelineRun, metadata: {generateName: run-}}}
    """)


@pytest.fixture
def migrate(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*arguments, text=TEAM):
        (tmp_path / "team.yaml").write_text(text)
        return CliRunner().invoke(main, ["migrate", *arguments])

    return run


def test_files_are_told_of_without_a_cluster(migrate):
    answer = migrate("team.yaml")
    assert answer.exit_code == 0
    assert "Namespace ci (not enabled)" in answer.output
    assert "get, watch secrets hook" in answer.output
    assert "get, create pipelineruns.tekton.dev" in answer.output
    assert "kubectl label namespace ci kikkake/enabled=true" in answer.output


def test_yaml_is_applied_as_it_is_and_a_guess_is_marked(migrate):
    answer = migrate("team.yaml", "-o", "yaml", "--gateway", "infra/gate")
    documents = list(yaml.safe_load_all(answer.output))
    assert [(each["kind"], each["metadata"]["name"]) for each in documents] == [
        ("RoleBinding", "kikkake-team"),
        ("Role", "kikkake-builder"),
        ("RoleBinding", "kikkake-builder"),
        ("Role", "kikkake-default"),
        ("RoleBinding", "kikkake-default"),
    ]
    assert documents[0]["subjects"] == [{"kind": "ServiceAccount", "name": "gate", "namespace": "infra"}]
    assert "No API server was asked how the plural of PipelineRun is: check it." in answer.output


def test_json_is_one_object_a_namespace(migrate):
    other = TEAM.replace("namespace: ci", "namespace: cd")
    answer = migrate("team.yaml", "-o", "json", text=f"{TEAM}---\n{other}")
    found = [json.loads(line) for line in answer.output.splitlines()]
    assert [each["namespace"] for each in found] == ["cd", "ci"]
    assert found[0]["whole"]
    assert {"resources", "grants", "steps", "differences", "unknown", "unseen"} <= set(found[0])


def test_one_namespace_of_files_can_be_named(migrate):
    other = TEAM.replace("namespace: ci", "namespace: cd")
    answer = migrate("team.yaml", "-o", "json", "--namespace", "cd", text=f"{TEAM}---\n{other}")
    assert [json.loads(line)["namespace"] for line in answer.output.splitlines()] == ["cd"]


def test_something_that_does_not_work_as_it_is_ends_with_1_except_for_yaml(migrate):
    broken = TEAM.replace("  webhook:", "  slack: {s: {}}\n  webhook:")
    assert migrate("team.yaml", text=broken).exit_code == 1
    assert migrate("team.yaml", "-o", "yaml", text=broken).exit_code == 0


def test_what_nobody_can_grant_in_advance_is_said(migrate):
    fetched = TEAM.replace(
        "source: {resource: {apiVersion: tekton.dev/v1, kind: PipelineRun, metadata: {generateName: run-}}}",
        "source: {url: {path: 'https://example.com/run.yaml'}}",
    )
    sentence = "Sensor build, trigger `run`: its object is fetched from `url`"
    assert f"not known in advance: {sentence}" in migrate("team.yaml", text=fetched).output
    assert f"# ci: {sentence}" in migrate("team.yaml", "-o", "yaml", text=fetched).output


def test_a_namespace_of_a_file_cannot_add_to_what_is_applied(migrate):
    evil = "ci\\nkind: ClusterRoleBinding\\n---"
    text = TEAM.replace("namespace: ci", f'namespace: "{evil}"').replace(
        "source: {resource: {apiVersion: tekton.dev/v1, kind: PipelineRun, metadata: {generateName: run-}}}",
        "source: {url: {path: 'https://example.com/run.yaml'}}",
    )
    documents = list(yaml.safe_load_all(migrate("team.yaml", "-o", "yaml", text=text).output))
    # A Role for what its resources need could stand nowhere.
    assert [each["kind"] for each in documents] == ["RoleBinding"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "give --namespace, --all-namespaces or files"),
        (("--all-namespaces", "team.yaml"), 2, "give --namespace, --all-namespaces or files"),
        (("--namespace", "ci", "--all-namespaces"), 2, "give --namespace, --all-namespaces or files"),
        (("team.yaml", "--context", "x"), 2, "files are looked at without a cluster"),
        (("nowhere.yaml",), 1, "nowhere.yaml: no such file or folder"),
        (("team.yaml", "--namespace", "other"), 1, "no EventSource, Sensor or EventBus of namespace other"),
        (("--namespace", "ci", "--kubeconfig", "none"), 1, "none: no such kubeconfig file"),
    ],
)
def test_what_cannot_be_done_is_said(migrate, arguments, code, said):
    answer = migrate(*arguments)
    assert answer.exit_code == code
    assert said in answer.output


def test_a_namespace_that_is_never_served_is_told_and_left_out(migrate):
    both = TEAM.replace("name: build, namespace: ci", "name: build, namespace: kikkake")
    answer = migrate("team.yaml", text=both)
    assert answer.exit_code == 0
    assert "warning: namespace kikkake is never served, whatever its label" in answer.output
    assert "Namespace ci" in answer.output
    assert "label namespace kikkake" not in answer.output

    alone = migrate("team.yaml", "--gateway", "ci/gate")
    assert alone.exit_code == 1
    assert "error: namespace ci is never served" in alone.output


def test_a_file_with_a_fault_is_told_with_its_place(migrate):
    answer = migrate("team.yaml", text=TEAM.replace("spec:", "spec: ["))
    assert answer.exit_code == 1
    assert "team.yaml:" in answer.output


@pytest.mark.parametrize("difference", [each for each, _concerns in _ALL])
def test_each_difference_names_a_page_that_is_there(difference):
    assert (ROOT / "docs" / difference.page).is_file()
