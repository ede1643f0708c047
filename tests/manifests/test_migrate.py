"""A team moves over from Argo Events: what `kikkake migrate` prints is done to the letter, and Kikkake serves it."""

import http.client
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.conftest import require
from tests.manifests.argo_events import CONTROLLER, deployment, install_argo_events, serve_with_argo_events
from tests.manifests.cluster import GATEWAY, ROOT, Cluster, path_of, resource
from tests.manifests.serve import Serve, condition
from tests.servers.kube import KubeServer
from tests.servers.kube_reader import KubeRefused
from tests.servers.kubectl import kubectl

pytestmark = pytest.mark.kube

OVERLAY = "manifests/overlays/beside-argo-events"
TOKEN = "t0ken-of-the-hook"
ADDRESS = "10.1.2.3"
"""What the gateway is told of itself: the API server takes no loopback address for a Service."""
SOURCE = {
    "replicas": 1,
    "service": {"ports": [{"port": 12000, "targetPort": 12000}]},
    "webhook": {
        event: {
            "endpoint": f"/{event}",
            "port": "12000",
            "method": "POST",
            "authSecret": {"name": secret, "key": "token"},
        }
        for event, secret in (("push", "hook"), ("pull", "other-hook"))
    },
}


def made(kind, name, **more):
    return {"k8s": {**more, "source": {"resource": {"apiVersion": "v1", "kind": kind, "metadata": name}}}}


SENSOR = {
    "template": {"serviceAccountName": "builder"},
    "dependencies": [{"name": "push", "eventSourceName": "hook", "eventName": "push"}],
    "triggers": [
        {"template": {"name": "note", **made("ConfigMap", {"generateName": "note-"}, operation="create")}},
        {"template": {"name": "last", **made("ConfigMap", {"name": "last"}, operation="update")}},
    ],
}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Argo Events is there first; Kikkake is installed beside it."""
    require("kube")
    require("kubectl")
    place = tmp_path_factory.mktemp("beside")
    server = KubeServer.start(place / "kube")
    try:
        cluster = Cluster(server, place)
        install_argo_events(cluster)
        applied = cluster.kubectl("apply", "-k", OVERLAY)
        assert applied.code == 0, applied.err
        cluster.wait_for_policies()
        yield cluster
    finally:
        server.stop()


@pytest.fixture
def team(cluster):
    """A namespace that Argo Events serves."""
    name = cluster.namespace()
    for account in ("default", "builder"):
        cluster.token(name, account)
    with cluster.reader() as admin:
        for secret in ("hook", "other-hook"):
            body = {"metadata": {"name": secret}, "stringData": {"token": TOKEN}}
            admin.create(f"/api/v1/namespaces/{name}/secrets", body)
    serve_with_argo_events(cluster, name, "EventSource", "hook", SOURCE)
    serve_with_argo_events(cluster, name, "Sensor", "notes", SENSOR)
    return name


@pytest.fixture
def serve(cluster, team, tmp_path):
    gateway = Serve(cluster, team, tmp_path)
    yield gateway
    gateway.stop()


def migrate(cluster, *arguments, token=None, code=0):
    """What `kikkake migrate` prints."""
    config = cluster.server.kubeconfig
    if token is not None:
        config = cluster.server.write_kubeconfig(cluster.server.folder / "person.kubeconfig", token=token)
    run = subprocess.run(
        [sys.executable, "-m", "kikkake", "migrate", "--kubeconfig", str(config), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == code, run.stdout + run.stderr
    return run.stderr if code == 3 else run.stdout


def plan_of(cluster, team):
    return json.loads(migrate(cluster, "--namespace", team, "-o", "json"))


def shell(cluster, command):
    """Type it, as the admin."""
    programs = [str(Path(sys.executable).parent), str(Path(kubectl()).parent), os.environ["PATH"]]
    run = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=ROOT,
        env={
            **os.environ,
            "PATH": os.pathsep.join(programs),
            "KUBECONFIG": str(cluster.server.kubeconfig),
            "KUBECACHEDIR": str(cluster.server.folder / "kubectl-cache"),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, f"{command}\n{run.stdout}{run.stderr}"
    return run.stdout


def move(cluster, team, *, but=()):
    """Every command of every step, in order."""
    for step in plan_of(cluster, team)["steps"]:
        if not any(word in step["title"] for word in ("wait until", *but)):
            for command in step["commands"]:
                shell(cluster, command)


def deliver(serve, path):
    """The status of the answer; 0 where nobody listens."""
    connection = http.client.HTTPConnection("127.0.0.1", serve.port, timeout=10)
    try:
        connection.request("POST", path, '{"a": 1}', {"Authorization": f"Bearer {TOKEN}"})
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def wait_for_answer(serve, status, event="push"):
    """Return when a delivery is answered with this status."""
    ends = time.monotonic() + 30
    while (answer := deliver(serve, f"/{serve.team}/hook/{event}")) != status:
        assert time.monotonic() < ends, f"the answer stays {answer}"
        time.sleep(0.1)


def wait_ready(cluster, kind, team, name):
    path = path_of(kind, team, name)
    return cluster.wait_for(path, lambda found: condition(found, "Ready").get("status") == "True")


def rules_in(cluster, team):
    """Every rule of every Role of the namespace."""
    with cluster.reader() as admin:
        return [
            rule
            for role in admin.list(f"/apis/rbac.authorization.k8s.io/v1/namespaces/{team}/roles")
            for rule in role["rules"]
        ]


def in_order(rules):
    return sorted(rules, key=lambda rule: json.dumps(rule, sort_keys=True))


def configmaps(found):
    return {each["metadata"]["name"].partition("-")[0] for each in found["items"]}


def test_the_printed_commands_move_a_team_and_kikkake_serves_it(cluster, team, serve):
    serve.start(ADDRESS)
    printed = plan_of(cluster, team)
    move(cluster, team)
    for kind, name in (("EventSource", "hook"), ("Sensor", "notes")):
        wait_ready(cluster, kind, team, name)

    # What is left to do does not take away what Kikkake has made.
    assert [step["title"] for step in plan_of(cluster, team)["steps"]] == ["check"]
    assert deliver(serve, f"/{team}/hook/push") == 200
    cluster.wait_for(
        f"/api/v1/namespaces/{team}/configmaps", lambda found: {"note", "last"} <= configmaps(found)
    )

    granted = [
        rule for document in printed["grants"] if document["kind"] == "Role" for rule in document["rules"]
    ]
    assert in_order(rules_in(cluster, team)) == in_order(granted)
    assert in_order(granted) == in_order(
        [
            {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "create"]},
            {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["last"], "verbs": ["update"]},
            {
                "apiGroups": [""],
                "resources": ["secrets"],
                "resourceNames": ["hook", "other-hook"],
                "verbs": ["get", "watch"],
            },
        ]
    )


def test_after_the_move_nothing_is_left_to_do_but_to_check(cluster, team):
    move(cluster, team)
    after = plan_of(cluster, team)
    assert [step["title"] for step in after["steps"]] == ["check"]
    assert after["grants"] == []
    assert after["whole"]
    with cluster.reader() as admin:
        for kind, name in (("EventSource", "hook"), ("Sensor", "notes")):
            assert "finalizers" not in admin.get(path_of(kind, team, name))["metadata"]


def test_before_the_move_kikkake_serves_nothing_even_with_the_label(cluster, team, serve):
    """Two gateways on one resource would do everything twice."""
    shell(cluster, f"kikkake enable {team} | sh")
    serve.start(ADDRESS)
    blocked = cluster.wait_for(
        path_of("EventSource", team, "hook"),
        lambda found: condition(found, "Deployed").get("reason") == "ServedByArgoEvents",
    )
    assert "hook-eventsource-x7k2p" in condition(blocked, "Deployed")["message"]
    assert deliver(serve, f"/{team}/hook/push") in {0, 404}


def test_without_the_role_the_condition_has_the_commands_and_they_heal_it(cluster, team, serve):
    serve.start(ADDRESS)
    move(cluster, team, but=("grant what",))
    shell(cluster, f"kikkake enable {team} -o yaml | kubectl apply -f -")
    wait_for_answer(serve, 503)
    found = cluster.wait_for(
        path_of("EventSource", team, "hook"),
        lambda found: condition(found, "SourcesProvided").get("reason") == "SecretForbidden",
    )
    message = condition(found, "SourcesProvided")["message"]

    command = message.partition("or only to read its secrets: ")[2].partition(" [SecretForbidden]")[0]
    shell(cluster, command)
    wait_for_answer(serve, 200)
    # The one Role is for every Secret that the account has to read.
    wait_for_answer(serve, 200, "pull")
    wait_ready(cluster, "EventSource", team, "hook")


def test_taking_away_any_rule_of_the_role_is_missed(cluster, team):
    """The Role is the smallest: each rule is one that `migrate` asks for again."""
    whole = list(yaml.safe_load_all(migrate(cluster, "--namespace", team, "-o", "yaml")))
    roles = [document for document in whole if document["kind"] == "Role"]
    for document in whole:
        assert cluster.kubectl("apply", "-f", "-", given=document).code == 0
    assert plan_of(cluster, team)["grants"] == []
    for role in roles:
        for index in range(len(role["rules"])):
            less = {**role, "rules": role["rules"][:index] + role["rules"][index + 1 :]}
            assert cluster.kubectl("apply", "-f", "-", given=less).code == 0
            # Whole again: what is printed replaces the Role that is there.
            assert next(yaml.safe_load_all(migrate(cluster, "--namespace", team, "-o", "yaml"))) == role
        assert cluster.kubectl("apply", "-f", "-", given=role).code == 0


def test_one_trigger_that_acts_nowhere_is_told_and_the_rest_is_planned(cluster, team):
    before = plan_of(cluster, team)
    nowhere = made("ConfigMap", {"generateName": "x-", "namespace": "web; touch x"}, operation="create")
    spec = {**SENSOR, "triggers": [{"template": {"name": "lost", **nowhere}}]}
    with cluster.reader() as admin:
        admin.create(path_of("Sensor", team), resource("Sensor", spec, "astray"))

    text = migrate(cluster, "--all-namespaces", "-o", "json", code=1)

    after = next(plan for line in text.splitlines() if (plan := json.loads(line))["namespace"] == team)
    [astray] = [each for each in after["resources"] if each["name"] == "astray"]
    assert astray["broken"] == [
        "trigger `lost`: `web; touch x` is no name of a namespace; no right can be granted there"
    ]
    assert (after["grants"], after["unasked"]) == (before["grants"], before["unasked"])


def test_a_person_without_the_right_to_ask_gets_everything_printed(cluster, team):
    stranger = cluster.token(team, "reader")
    for role in ("kikkake-view", "view"):
        bound = cluster.kubectl(
            *("-n", team, "create", "rolebinding", role, f"--clusterrole={role}"),
            f"--serviceaccount={team}:reader",
        )
        assert bound.code == 0
    text = migrate(cluster, "--namespace", team, token=stranger)
    assert f"you may not ask what {team}/builder may do already: all that it needs is listed" in text
    assert "get, watch secrets hook, other-hook" in text
    assert "not seen: CustomResourceDefinition sensors.argoproj.io: you may not read it" in text


def test_a_person_who_may_not_read_the_resources_is_told_what_it_takes(cluster, team):
    text = migrate(cluster, "--namespace", team, token=cluster.server.stranger_token, code=3)
    assert "kikkake-view" in text
    assert "eventsources" in text


def test_the_crds_of_argo_events_stay_as_they_are(cluster, team):
    with cluster.reader() as admin:
        crd = admin.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/sensors.argoproj.io")
    assert "labels" not in crd["metadata"]
    assert plan_of(cluster, team)["foreignCRDs"] == [
        f"{plural}.argoproj.io" for plural in ("eventsources", "sensors", "eventbus")
    ]


def test_what_the_gateway_has_by_another_binding_is_not_bound_again(cluster, team):
    """As Helm's `serviceNamespaces` does it."""
    assert plan_of(cluster, team)["bindings"] == ["kikkake-team"]
    bound = cluster.kubectl(
        *("-n", team, "create", "rolebinding", "by-another-name", "--clusterrole=kikkake-team"),
        f"--serviceaccount={':'.join(GATEWAY)}",
    )
    assert bound.code == 0, bound.err
    assert plan_of(cluster, team)["bindings"] == []


def test_in_the_strict_variant_the_gateway_lacks_tokens_and_gets_them_by_what_is_printed(cluster, team):
    """The strict variant is the default one without this binding."""
    everywhere = ("clusterrolebinding", "kikkake-tokens")
    kept = json.loads(cluster.kubectl("get", *everywhere, "-o", "json").out)
    try:
        assert cluster.kubectl("delete", *everywhere).code == 0
        assert plan_of(cluster, team)["bindings"] == ["kikkake-team", "kikkake-tenant-token"]
        shell(cluster, f"kikkake migrate --namespace {team} -o yaml | kubectl apply -f -")
        assert plan_of(cluster, team)["bindings"] == []
    finally:
        wanted = {name: kept[name] for name in ("apiVersion", "kind", "roleRef", "subjects")}
        metadata = {"name": "kikkake-tokens", "labels": kept["metadata"]["labels"]}
        assert cluster.kubectl("apply", "-f", "-", given={**wanted, "metadata": metadata}).code == 0


# The policy that keeps the controller of Argo Events out


def test_its_controller_makes_nothing_in_an_enabled_namespace_and_goes_on_elsewhere(cluster, team):
    other = cluster.namespace()
    assert cluster.kubectl("label", "namespace", team, "kikkake/enabled=true").code == 0
    token = cluster.token(*CONTROLLER)
    body = deployment("again", {"controller": "sensor-controller"})
    with cluster.reader(token) as controller:
        status, said = controller.answer("POST", f"/apis/apps/v1/namespaces/{team}/deployments", body)
        assert status == 403
        assert f"kubectl label namespace {team} kikkake/enabled-" in said
        status, _ = controller.answer("POST", f"/apis/apps/v1/namespaces/{other}/deployments", body)
        assert status == 201


@pytest.mark.parametrize("part", ["", "/status"])
def test_its_controller_writes_no_finalizer_and_no_status_in_an_enabled_namespace(cluster, team, part):
    assert cluster.kubectl("label", "namespace", team, "kikkake/enabled=true").code == 0
    change = {"metadata": {"finalizers": ["other"]}, "status": {"conditions": []}}
    with cluster.reader(cluster.token(*CONTROLLER)) as controller:
        path = path_of("Sensor", team, "notes") + part
        with pytest.raises(KubeRefused, match="Kikkake serves namespace"):
            controller.patch(path, change)


def test_its_controller_may_let_go_of_what_is_deleted(cluster, team):
    assert cluster.kubectl("label", "namespace", team, "kikkake/enabled=true").code == 0
    path = path_of("Sensor", team, "notes")
    with cluster.reader() as admin:
        admin.delete(path)
        with cluster.reader(cluster.token(*CONTROLLER)) as controller:
            controller.patch(path, {"metadata": {"finalizers": None}})
        assert admin.get(path) is None


def test_its_controller_is_free_in_every_other_namespace(cluster, team):
    with cluster.reader(cluster.token(*CONTROLLER)) as controller:
        controller.patch(path_of("Sensor", team, "notes") + "/status", {"status": {"conditions": []}})


# The rest of docs/migrate.md


def commands_of(heading, team):
    """The commands of a section of the page, for this team."""
    page = (ROOT / "docs" / "migrate.md").read_text(encoding="utf-8")
    section = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = section.partition("```sh\n")[2].partition("```")[0].splitlines()
    assert lines
    return [re.sub(r"(namespace|-n) ci\b", rf"\1 {team}", line) for line in lines]


def test_a_team_goes_back_by_the_commands_of_the_page(cluster, team, serve):
    serve.start(ADDRESS)
    move(cluster, team)
    wait_ready(cluster, "EventSource", team, "hook")
    for command in commands_of("Go back", team):
        shell(cluster, command)

    # Gone: the gateway knows that it served it a moment ago.
    wait_for_answer(serve, 410)
    with cluster.reader(cluster.token(*CONTROLLER)) as controller:
        assert controller.get(serve.service_path("hook")) is None
        serve_again = deployment("again", {"controller": "eventsource-controller"})
        controller.create(f"/apis/apps/v1/namespaces/{team}/deployments", serve_again)


def test_in_the_end_the_crds_are_replaced_when_somebody_says_so(cluster, team):
    """The last one here: afterwards the cluster is another."""
    for command in commands_of("The end", team):
        shell(cluster, command)
    after = plan_of(cluster, team)
    assert after["foreignCRDs"] == []
    with cluster.reader() as admin:
        crd = admin.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/sensors.argoproj.io")
        ours = yaml.safe_load((ROOT / "manifests" / "crds" / "sensors.yaml").read_text(encoding="utf-8"))
        assert crd["spec"]["versions"][0]["schema"] == ours["spec"]["versions"][0]["schema"]
        assert admin.get(path_of("Sensor", team, "notes"))["spec"] == SENSOR
