import shlex

import pytest
import yaml
from click.testing import CliRunner

from kikkake.cli.main import main


def enable(*arguments):
    return CliRunner().invoke(main, ["enable", *arguments])


def commands(text):
    return [shlex.split(line) for line in text.splitlines() if not line.startswith("#")]


def test_the_text_is_for_a_shell_and_the_label_comes_last():
    answer = enable("team-a")
    assert answer.exit_code == 0
    binding, label = commands(answer.output)
    assert binding == [
        *("kubectl", "-n", "team-a", "create", "rolebinding", "kikkake-team"),
        *("--clusterrole=kikkake-team", "--serviceaccount=kikkake:kikkake"),
    ]
    assert label == ["kubectl", "label", "namespace", "team-a", "kikkake/enabled=true"]


@pytest.mark.parametrize("output", ["text", "yaml"])
def test_it_says_that_nobody_asks_who_wrote_what_stands_there(output):
    text = enable("team-a", "-o", output).output
    assert "# Nobody is asked whether the author of what stands there may use its account" in text


def test_every_namespace_has_its_own():
    assert [line[-2] for line in commands(enable("a", "b", "--no-team").output)] == ["a", "b"]


def test_yaml_holds_role_bindings_and_no_namespace():
    """To apply a Namespace takes away labels that others have applied to it."""
    answer = enable("team-a", "--strict", "--gateway", "infra/gate", "-o", "yaml")
    documents = list(yaml.safe_load_all(answer.output))
    assert [(each["kind"], each["metadata"]["name"]) for each in documents] == [
        ("RoleBinding", "kikkake-team"),
        ("RoleBinding", "kikkake-tenant-token"),
    ]
    assert {each["subjects"][0]["namespace"] for each in documents} == {"infra"}
    assert "# Then, as an administrator of the cluster: kubectl label namespace team-a" in answer.output


@pytest.mark.parametrize("name", ["Team", "a/b", "a b", "-a", "a;id", "a" * 64])
def test_what_is_no_name_of_a_namespace_is_refused(name):
    answer = enable("--", name)
    assert answer.exit_code == 2
    assert "is no name of a namespace" in answer.output


@pytest.mark.parametrize("name", ["kube-system", "kube-public", "kube-node-lease", "infra"])
def test_a_namespace_that_is_never_served_is_refused(name):
    answer = enable("team-a", name, "--gateway", "infra/gate")
    assert answer.exit_code == 2
    assert f"namespace {name} is never served, whatever its label" in answer.output
    assert "kubectl" not in answer.output


def test_a_gateway_without_its_namespace_is_refused():
    answer = enable("a", "--gateway", "kikkake")
    assert answer.exit_code == 2
    assert "write NAMESPACE/NAME" in answer.output


def test_no_yaml_is_no_yaml():
    assert enable("a", "--no-team", "-o", "yaml").exit_code == 2
