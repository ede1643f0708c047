"""Teams side by side: what they deploy with kubectl, what comes of it, and what none can do to the other.

The abuse cases are those of `spec: security`, section 2.
"""

import json

import pytest

from tests.cluster.team import (
    condition,
    config_map,
    creates,
    hook,
    is_ready,
    is_refused,
    locked_hook,
    marks,
    sensor,
)
from tests.manifests.cluster import ROOT
from tests.stories.deliveries import Delivery, signature
from tests.stories.process import wait_for, wait_until

pytestmark = pytest.mark.kube


def open_to_all(team, *rules):
    """An EventSource, and the account `default` with rights to make ConfigMaps and these."""
    team.account("default", "create,get configmaps", *rules)
    team.apply(hook())


def dead_letters(serving, team):
    """What was given up in a namespace, newest first."""
    found = serving.api("dead-letters")["deadLetters"]
    return [each for each in found if each["sensor"].startswith(f"{team.name}/")]


def test_the_examples_work_as_they_are_in_two_namespaces(cluster, serving, team, other):
    """Applied, granted and read with kubectl, as docs/install.md has it."""
    body = (ROOT / "examples/github/push.json").read_bytes()
    harbor = (ROOT / "examples/harbor/push.json").read_bytes()
    for each in (team, other):
        each.account("default", "create,get jobs.batch,configmaps", "get,watch secrets")
        each.kubectl("create", "secret", "generic", "github", f"--from-literal=secret=of-{each.name}")
        each.kubectl("create", "secret", "generic", "harbor", f"--from-literal=authorization=of-{each.name}")
        for example in ("github", "harbor"):
            for file in ("source.yaml", "sensor.yaml"):
                each.kubectl("apply", "-f", str(ROOT / "examples" / example / file))
        for kind, name in (
            ("EventSource", "github"),
            ("EventSource", "harbor"),
            ("Sensor", "build"),
            ("Sensor", "roll-out"),
        ):
            each.until_ready(kind, name)
    signed = {
        "Content-Type": "application/json",
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": "4c1f6a0e",
        "X-Hub-Signature-256": signature(body, f"of-{team.name}"),
    }
    named = {"Content-Type": "application/json", "Authorization": f"of-{other.name}"}

    # Each knows its own secret, and nobody else's; the same id is another event in each.
    assert serving.deliver(Delivery(f"/{team.name}/github/github", signed, body)).status == 200
    assert serving.deliver(Delivery(f"/{other.name}/github/github", signed, body)).status == 401
    assert serving.deliver(Delivery(f"/{other.name}/harbor/harbor", named, harbor)).status == 202
    assert serving.deliver(Delivery(f"/{team.name}/harbor/harbor", named, harbor)).status == 401

    [job] = wait_for(lambda: team.listed("job"))
    [record] = other.until_made()
    assert job["metadata"]["name"].startswith("build-storefront-")
    assert record["data"]["version"] == "v2.4.1"
    assert team.made() == []
    assert other.listed("job") == []


def test_what_a_sensor_may_not_create_in_another_namespace_is_a_dead_letter(serving, team, other):
    """Also where nobody looks at the condition: it is the API server that refuses."""
    open_to_all(team)
    team.apply(sensor(creates(config_map(namespace=other.name))))
    team.until("Sensor", "notes", is_refused)
    assert serving.post(f"/{team.name}/hooks/push", {"mark": "m1"}).status == 200

    letters = wait_for(lambda: dead_letters(serving, team))

    assert letters[0]["reason"] == "Forbidden"
    assert f"system:serviceaccount:{team.name}:default" in json.dumps(letters)
    assert other.made() == []


@pytest.mark.parametrize(
    ("kind", "api_version", "resource"),
    [
        ("Namespace", "v1", "namespaces"),
        ("ClusterRole", "rbac.authorization.k8s.io/v1", "clusterroles.rbac.authorization.k8s.io"),
        ("StorageClass", "storage.k8s.io/v1", "storageclasses.storage.k8s.io"),
    ],
)
def test_a_kind_of_the_whole_cluster_is_refused(serving, team, kind, api_version, resource):
    """Case 7: a team's account has no right on it, the gateway lends it none, and a Role gives none."""
    open_to_all(team, f"get,create {resource}")
    target = {"apiVersion": api_version, "kind": kind, "metadata": {"name": f"of-{team.name}"}}
    team.apply(sensor(creates(target, parameters=[])))

    refused = team.until("Sensor", "notes", is_refused)
    assert "in the cluster" in condition(refused, "Ready")["message"]
    assert serving.post(f"/{team.name}/hooks/push", {}).status == 200
    wait_for(lambda: dead_letters(serving, team))

    assert f"of-{team.name}" not in team.kubectl("get", kind.lower(), "-o", "name")


def test_a_role_that_is_more_than_the_account_has_is_refused(serving, team):
    """Case 7: the API server's check against escalation looks at the Sensor's account."""
    open_to_all(team, "create,get roles.rbac.authorization.k8s.io")
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "more"},
        "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}],
    }
    team.apply(sensor(creates(role, parameters=[])))
    team.until_ready("Sensor", "notes")
    assert serving.post(f"/{team.name}/hooks/push", {}).status == 200

    [letter] = wait_for(lambda: dead_letters(serving, team))

    assert "attempting to grant RBAC permissions not currently held" in letter["detail"]
    assert "/more" not in team.kubectl("get", "roles", "-o", "name")


def test_a_sensor_that_reads_a_file_of_the_gateway_is_not_ready(serving, team):
    """In files of one's own machine that is a warning; here it can never work."""
    open_to_all(team)
    source = {"file": {"path": "/objects/job.yaml"}}
    team.apply(sensor({"k8s": {"operation": "create", "source": source}}))

    refused = team.until("Sensor", "notes", is_refused)

    said = condition(refused, "TriggersProvided")["message"]
    assert said.startswith("spec.triggers[0].template.k8s.source.file: ")
    assert said.endswith("[FileOutOfReach]")


@pytest.mark.parametrize(
    "trigger",
    [
        pytest.param({"http": {"url": "{admin}/api/v1/events/1/replay", "method": "POST"}}, id="http"),
        pytest.param(
            {"k8s": {"operation": "create", "source": {"url": {"path": "{admin}/api/v1/status"}}}}, id="url"
        ),
        pytest.param(
            {
                "k8s": {
                    "operation": "create",
                    "source": {"git": {"url": "{admin}/x.git", "filePath": "x", "branch": "main"}},
                }
            },
            id="git",
        ),
    ],
)
def test_the_gateways_own_api_is_no_target_of_a_sensor(serving, team, trigger):
    """Case 9: what listens on the gateway's loopback takes orders from whoever gets there."""
    open_to_all(team)
    written = json.dumps(trigger).replace("{admin}", serving.admin)
    team.apply(sensor(json.loads(written)))
    team.until_ready("Sensor", "notes")
    assert serving.post(f"/{team.name}/hooks/push", {}).status == 200

    [letter] = wait_for(lambda: dead_letters(serving, team))

    assert "127.0.0.1 (loopback)" in letter["detail"]


@pytest.mark.parametrize(
    ("account", "said"),
    [
        pytest.param(None, "/default does not exist", id="no account named, and no `default`"),
        pytest.param("", "/default does not exist", id="an empty one, and no `default`"),
        pytest.param("nobody", "/nobody does not exist", id="one that is not there"),
        pytest.param("kube-system/admin", "is no name of a ServiceAccount", id="one of another namespace"),
        pytest.param("x/../../kube-system", "is no name of a ServiceAccount", id="a path"),
    ],
)
def test_without_an_account_nothing_is_done_with_the_gateways_own_rights(serving, team, account, said):
    """T-IMP-EMPTY (CVE-2026-23990): an identity that is missing is a refusal."""
    team.apply(hook(), sensor(creates(config_map()), account=account))

    refused = team.until("Sensor", "notes", is_refused)
    assert said in condition(refused, "Ready")["message"]
    assert serving.post(f"/{team.name}/hooks/push", {"mark": "m1"}).status == 200
    wait_for(lambda: dead_letters(serving, team))

    assert team.made() == []


def test_a_secret_of_another_namespace_is_out_of_reach(serving, team, other):
    """T-SECRET-NS, case 8: a name is looked up in the namespace of the resource, as its account."""
    open_to_all(team, "get,watch secrets")
    open_to_all(other, "get,watch secrets")
    other.kubectl("create", "secret", "generic", "theirs", "--from-literal=token=of-the-other")
    for name in ("theirs", f"{other.name}/theirs"):
        team.apply(locked_hook(name, "locked"))
        refused = team.until("EventSource", "locked", is_refused)
        assert "of-the-other" not in json.dumps(refused)

        path, headers = f"/{team.name}/locked/push", {"Authorization": "Bearer of-the-other"}
        assert serving.request(serving.port, "POST", path, headers, b"{}").status == 503


CHOICES = {
    "metadata.namespace": "kube-system",
    "kind": "Secret",
    "spec.serviceAccountName": "admin",
}


@pytest.mark.parametrize("dest", CHOICES)
def test_a_strict_sensor_lets_no_event_choose_where_and_as_whom(serving, team, dest):
    """Case 5, T-DEST: `kikkake/strict` refuses the parameter at its place."""
    open_to_all(team)
    parameter = {"src": {"dependencyName": "push", "dataKey": "body.mark"}, "dest": dest}
    strict = {"annotations": {"kikkake/strict": "true"}}
    team.apply(sensor(creates(config_map(), [parameter]), metadata=strict))

    refused = team.until("Sensor", "notes", is_refused)

    assert "spec.triggers[0].template.k8s.parameters[0].dest" in condition(refused, "Ready")["message"]
    assert "[DestNotAllowed]" in condition(refused, "Ready")["message"]
    assert serving.post(f"/{team.name}/hooks/push", {"mark": CHOICES[dest]}).status == 200
    serving.wait_idle()
    assert team.made() == []


@pytest.mark.parametrize("dest", ["metadata.namespace", "kind"])
def test_what_an_event_chooses_is_done_only_with_the_accounts_rights(serving, team, other, dest):
    """Case 5 without `strict`, as upstream allows it: RBAC is what stands."""
    open_to_all(team)
    parameter = {"src": {"dependencyName": "push", "dataKey": "body.mark"}, "dest": dest}
    team.apply(sensor(creates(config_map(), [parameter])))
    warned = team.until("Sensor", "notes", lambda found: condition(found, "SpecWarnings"))
    assert "[DestNotAllowed]" in condition(warned, "SpecWarnings")["message"]

    chosen = {"metadata.namespace": other.name, "kind": "Secret"}[dest]
    assert serving.post(f"/{team.name}/hooks/push", {"mark": chosen}).status == 200
    [letter] = wait_for(lambda: dead_letters(serving, team))

    assert letter["reason"] == "Forbidden"
    assert other.made() == []
    assert team.made() == []
    assert team.listed("secret") == []


def test_what_an_event_says_is_a_value_and_never_a_template(serving, team):
    """Case 6, T-INJ: a payload that looks like a template, a shell or YAML arrives as it was sent."""
    open_to_all(team)
    team.apply(sensor(creates(config_map())))
    team.until_ready("Sensor", "notes")
    evil = [
        "{{ .Input.body.mark }}",
        "$(touch /tmp/x)`id`",
        "x\n  namespace: kube-system",
        "{{workflow.name}}",
    ]

    for mark in evil:
        assert serving.post(f"/{team.name}/hooks/push", {"mark": mark}).status == 200

    assert marks(team.until_made(len(evil))) == sorted(evil)


def test_a_namespace_is_served_from_its_label_on_and_no_longer(cluster, serving, team):
    open_to_all(team)
    team.apply(sensor(creates(config_map())))
    team.until_ready("Sensor", "notes")
    team.disable()
    path = f"/{team.name}/hooks/push"
    wait_until(lambda: serving.post(path, {"mark": "m1"}).status in {404, 410})
    team.edit("Sensor", "notes", {"spec": {"triggers": []}})
    before = team.get("Sensor", "notes")

    team.enable()

    team.until("Sensor", "notes", is_refused)
    assert before["status"]["conditions"][0]["observedGeneration"] == 1
    wait_until(lambda: serving.post(path, {"mark": "m2"}).status == 200)
    serving.wait_idle()
    assert team.made() == []
    assert is_ready(team.get("EventSource", "hooks"))
