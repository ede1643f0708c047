"""RBAC and admission policies in a real API server, asked with the real accounts."""

import json
import time

import pytest

from tests.manifests.cluster import GATEWAY, path_of, resource, sensor_spec
from tests.servers.kube_reader import KubeRefused

pytestmark = pytest.mark.kube
ENABLED = {"kikkake/enabled": "true"}


@pytest.fixture(scope="session")
def team(cluster):
    """A namespace that is enabled, with an account `deployer`."""
    name = cluster.namespace(labels=ENABLED)
    cluster.token(name, "deployer")
    return name


@pytest.fixture(scope="session")
def gateway(cluster):
    with cluster.reader(cluster.token(*GATEWAY)) as reader:
        yield reader


@pytest.fixture(scope="session")
def strict_gateway(strict_cluster):
    with strict_cluster.reader(strict_cluster.token(*GATEWAY)) as reader:
        yield reader


def ask_token(reader, namespace, account="default", **spec):
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
    return reader.answer("POST", path, {"spec": spec} if spec else {})


def message(answer):
    return json.loads(answer[1]).get("message", "")


def event(namespace):
    return {
        "metadata": {"generateName": "kikkake-"},
        "involvedObject": {"kind": "Sensor", "name": "one", "namespace": namespace},
        "reason": "InvalidTriggers",
    }


def bind(cluster, namespace, role, user, *, kind="ClusterRole"):
    """Let the account NAMESPACE:NAME (or the user NAME) use a role in `namespace`."""
    flag = "--serviceaccount" if ":" in user else "--user"
    name = f"{role}-{user}".replace(":", "-")
    bound = cluster.kubectl(
        "-n", namespace, "create", "rolebinding", name, f"--{kind.lower()}={role}", f"{flag}={user}"
    )
    assert bound.code == 0, bound.err


# The fence: what the gateway may do as itself


def test_a_token_of_a_namespace_that_is_enabled_is_given(cluster, gateway, team):
    status, body = ask_token(gateway, team, "deployer")

    assert status == 201
    with cluster.reader(json.loads(body)["status"]["token"]) as tenant:
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        _, said = tenant.answer("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
    assert json.loads(said)["status"]["userInfo"]["username"] == f"system:serviceaccount:{team}:deployer"


def test_a_token_of_a_namespace_that_is_not_enabled_is_refused_with_what_would_help(cluster, gateway):
    for labels in ({}, {"kikkake/enabled": "false"}, {"other": "true"}):
        namespace = cluster.namespace(labels=labels)
        cluster.token(namespace, "deployer")

        answer = ask_token(gateway, namespace, "deployer")

        assert answer[0] == 403
        assert f"kubectl label namespace {namespace} kikkake/enabled=true" in message(answer)


@pytest.mark.parametrize("namespace", ["kube-system", "kube-public", "kube-node-lease"])
def test_a_token_of_a_namespace_of_the_cluster_is_refused_whatever_its_labels(cluster, gateway, namespace):
    cluster.token(namespace, "powerful")
    for labels in ({"kikkake/enabled": None}, ENABLED):
        with cluster.reader() as admin:
            admin.patch(f"/api/v1/namespaces/{namespace}", {"metadata": {"labels": labels}})

        answer = ask_token(gateway, namespace, "powerful")

        assert answer[0] == 403
        assert "belongs to the cluster" in message(answer)


def test_a_token_of_the_gateways_own_namespace_is_refused_whatever_its_labels(cluster, gateway):
    for labels in (ENABLED, {"kikkake/enabled": None}):
        with cluster.reader() as admin:
            admin.patch("/api/v1/namespaces/kikkake", {"metadata": {"labels": labels}})

        answer = ask_token(gateway, *GATEWAY)

        assert answer[0] == 403
        assert "no token of its own namespace kikkake; no label changes that" in message(answer)


BOUND = {"apiVersion": "v1", "kind": "Secret", "name": "binding"}


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"audiences": ["sts.amazonaws.com"]}, "sts.amazonaws.com is not known as its audience: ask without"),
        ({"audiences": ["https://kubernetes.default.svc", "vault"]}, "and vault is not known"),
        ({"audiences": ["https://kubernetes.default.svc.evil/../x"]}, "is not known"),
        ({"audiences": ["https://evil.example/?https://kubernetes.default.svc"]}, "is not known"),
        ({"expirationSeconds": 3601}, "set spec.expirationSeconds to 3600 or less"),
        ({"expirationSeconds": 8760 * 3600}, "set spec.expirationSeconds to 3600 or less"),
        ({"boundObjectRef": BOUND}, "leave spec.boundObjectRef out"),
    ],
    ids=["a cloud", "one of two", "a longer name", "a query", "a second more", "a year", "bound"],
)
def test_a_token_for_others_or_for_long_or_bound_is_refused(cluster, gateway, team, spec, said):
    with cluster.reader() as admin:
        admin.answer("POST", f"/api/v1/namespaces/{team}/secrets", {"metadata": {"name": "binding"}})

    answer = ask_token(gateway, team, "deployer", **spec)

    assert answer[0] == 403
    assert said in message(answer)


def test_a_token_for_the_api_server_and_an_hour_is_given(gateway, team):
    for spec in ({"expirationSeconds": 3600}, {"audiences": ["https://kubernetes.default.svc"]}):
        assert ask_token(gateway, team, "deployer", **spec)[0] == 201


@pytest.mark.parametrize(
    "audience",
    [
        "https://kubernetes.default.svc.cluster.local",
        "kubernetes.svc.default",
        "k3s",
        "https://10.5.0.2:6443",
        "https://container.googleapis.com/v1/projects/p-1/locations/europe-west1/clusters/c",
        "https://c-dns-1a2b.hcp.westeurope.azmk8s.io",
    ],
)
def test_audiences_of_api_servers_elsewhere_pass(gateway, team, audience):
    assert ask_token(gateway, team, "deployer", audiences=[audience])[0] == 201


def test_a_namespace_that_is_no_longer_enabled_is_refused_at_once(cluster, gateway):
    namespace = cluster.namespace(labels=ENABLED)
    cluster.token(namespace, "deployer")
    assert ask_token(gateway, namespace, "deployer")[0] == 201

    with cluster.reader() as admin:
        admin.patch(f"/api/v1/namespaces/{namespace}", {"metadata": {"labels": {"kikkake/enabled": None}}})

    assert ask_token(gateway, namespace, "deployer")[0] == 403


def test_events_and_status_are_written_where_it_is_enabled_only(cluster, gateway, team):
    other = cluster.namespace()
    with cluster.reader() as admin:
        for namespace in (team, other):
            admin.create(path_of("Sensor", namespace), resource("Sensor", sensor_spec(), "fenced"))
    for namespace, allowed in ((team, True), (other, False)):
        path = path_of("Sensor", namespace, "fenced")
        written = gateway.answer("POST", f"/api/v1/namespaces/{namespace}/events", event(namespace))
        if allowed:
            assert gateway.patch(f"{path}/status", {"status": {"fired": 1}})["status"] == {"fired": 1}
            assert written[0] == 201
        else:
            assert "is not enabled for Kikkake" in message(written)


def test_more_rights_by_mistake_do_not_open_the_fence(cluster, gateway):
    """The gateway's account is made cluster-admin: outside of its namespaces it can still write nothing."""
    made = cluster.kubectl(
        "create",
        "clusterrolebinding",
        "mistake",
        "--clusterrole=cluster-admin",
        "--serviceaccount=kikkake:kikkake",
    )
    assert made.code == 0
    try:
        other = cluster.namespace()
        pod = {"metadata": {"name": "x"}, "spec": {"containers": [{"name": "x", "image": "x"}]}}
        config_map = {"metadata": {"name": "x"}}
        role = {"metadata": {"name": "x"}, "rules": []}
        attempts = [
            ("POST", f"/api/v1/namespaces/{other}/pods", pod),
            ("POST", "/api/v1/namespaces/kube-system/configmaps", config_map),
            ("DELETE", "/apis/rbac.authorization.k8s.io/v1/clusterroles/kikkake-view", None),
            ("POST", "/apis/rbac.authorization.k8s.io/v1/clusterroles", role),
            ("PUT", f"/api/v1/namespaces/{other}", {"metadata": {"name": other, "labels": ENABLED}}),
            ("POST", "/api/v1/namespaces", {"metadata": {"name": "new"}}),
        ]
        refused = {path: gateway.answer(method, path, body) for method, path, body in attempts}
        assert {path: answer[0] for path, answer in refused.items() if answer[0] != 403} == {}
        assert all("kikkake-fence" in message(answer) for answer in refused.values())
    finally:
        cluster.kubectl("delete", "clusterrolebinding", "mistake")


def test_nobody_else_is_fenced(cluster):
    namespace = cluster.namespace()
    with cluster.reader() as admin:
        admin.create(f"/api/v1/namespaces/{namespace}/configmaps", {"metadata": {"name": "x"}})
    assert cluster.token(namespace, "deployer")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/namespaces/{team}/secrets"),
        ("GET", "/api/v1/namespaces/{team}/secrets/x"),
        ("GET", "/api/v1/namespaces/{team}/configmaps"),
        ("GET", "/api/v1/namespaces/{team}/pods"),
        ("POST", "/api/v1/namespaces/{team}/pods"),
        ("POST", "/api/v1/namespaces/{team}/pods/x/exec"),
        ("POST", "/api/v1/namespaces/{team}/services"),
        ("POST", "/apis/argoproj.io/v1alpha1/namespaces/{team}/sensors"),
        ("POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/{team}/rolebindings"),
        ("POST", "/apis/coordination.k8s.io/v1/namespaces/{team}/leases"),
        ("GET", "/apis/coordination.k8s.io/v1/namespaces/kikkake/leases"),
    ],
)
def test_the_gateway_has_no_right_that_it_does_not_need(gateway, team, method, path):
    answer = gateway.answer(
        method, path.format(team=team), None if method == "GET" else {"metadata": {"name": "x"}}
    )

    assert answer[0] == 403
    assert "is forbidden" in message(answer)


def test_nor_may_it_act_as_anybody(cluster, team):
    token = cluster.token(*GATEWAY)
    tried = cluster.kubectl(
        f"--as=system:serviceaccount:{team}:deployer", "get", "secrets", "-n", team, token=token
    )

    assert "cannot impersonate" in tried.err


def test_the_lease_of_its_own_namespace_is_its_own(gateway):
    leases = "/apis/coordination.k8s.io/v1/namespaces/kikkake/leases"
    lease = {"metadata": {"name": "kikkake"}, "spec": {"holderIdentity": "kikkake-0"}}

    assert gateway.answer("POST", leases, lease)[0] in {201, 409}
    held = gateway.get(f"{leases}/kikkake")
    held["spec"]["holderIdentity"] = "kikkake-1"
    assert gateway.answer("PUT", f"{leases}/kikkake", held)[0] == 200
    assert gateway.answer("GET", f"{leases}/other")[0] == 403


def test_services_need_the_role_of_the_team(cluster, gateway):
    namespace = cluster.namespace(labels=ENABLED)
    services = f"/api/v1/namespaces/{namespace}/services"
    service = {"metadata": {"name": "hook-eventsource-svc"}, "spec": {"ports": [{"port": 80}]}}
    slices = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
    endpoints = endpoint_slice("hook-eventsource-svc-kikkake")
    assert gateway.answer("POST", services, service)[0] == 403

    bind(cluster, namespace, "kikkake-team", "kikkake:kikkake")

    assert eventually(lambda: gateway.answer("POST", services, service)[0] == 201)
    assert gateway.answer("POST", slices, endpoints)[0] == 201
    assert gateway.answer("GET", f"/apis/apps/v1/namespaces/{namespace}/deployments")[0] == 200
    assert gateway.answer("GET", services)[0] == 403
    gateway.delete(f"{services}/hook-eventsource-svc")


def endpoint_slice(name):
    return {"metadata": {"name": name}, "addressType": "IPv4", "endpoints": [], "ports": []}


def test_services_and_slices_of_others_are_fenced_by_their_names(cluster, gateway):
    namespace = cluster.namespace(labels=ENABLED)
    bind(cluster, namespace, "kikkake-team", "kikkake:kikkake")
    services = f"/api/v1/namespaces/{namespace}/services"
    slices = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
    service = {"metadata": {"name": "shop"}, "spec": {"ports": [{"port": 80}]}}
    with cluster.reader() as admin:
        live = admin.create(services, service)
        live_slice = admin.create(slices, endpoint_slice("shop-abc"))
    other = {**service, "metadata": {"name": "new"}}
    generated = {**service, "metadata": {"generateName": "x-eventsource-svc"}}
    assert eventually(lambda: "eventsource-svc" in message(gateway.answer("POST", services, other)))

    for method, path, body in (
        ("POST", services, other),
        ("POST", services, generated),
        ("PUT", f"{services}/shop", live),
        ("DELETE", f"{services}/shop", None),
        ("POST", slices, endpoint_slice("shop-eventsource-svc-other")),
        ("PUT", f"{slices}/shop-abc", live_slice),
        ("DELETE", f"{slices}/shop-abc", None),
    ):
        answer = gateway.answer(method, path, body)
        assert (answer[0], "NAME-eventsource-svc-kikkake only" in message(answer)) == (403, True), path


def eventually(holds, attempts=200):
    """RBAC is read from a cache, which follows within moments."""
    return any(holds() or time.sleep(0.02) for _ in range(attempts))


# The strict variant


def test_without_a_binding_the_strict_gateway_gets_no_token(strict_cluster, strict_gateway):
    namespace = strict_cluster.namespace(labels=ENABLED)
    strict_cluster.token(namespace, "deployer")
    assert "cannot create resource" in message(ask_token(strict_gateway, namespace, "deployer"))

    bind(strict_cluster, namespace, "kikkake-tenant-token", "kikkake:kikkake")

    assert eventually(lambda: ask_token(strict_gateway, namespace, "deployer")[0] == 201)


def test_a_binding_alone_is_not_enough(strict_cluster, strict_gateway):
    namespace = strict_cluster.namespace()
    strict_cluster.token(namespace, "deployer")
    bind(strict_cluster, namespace, "kikkake-tenant-token", "kikkake:kikkake")

    assert eventually(lambda: "not enabled" in message(ask_token(strict_gateway, namespace, "deployer")))


# The author of a Sensor


@pytest.fixture(scope="session")
def author(cluster, team):
    """Somebody who may write Sensors and EventSources in the team's namespace, and act as no account."""
    token = cluster.token(team, "author")
    bind(cluster, team, "kikkake-edit", f"{team}:author")
    with cluster.reader(token) as reader:
        assert eventually(lambda: reader.answer("GET", path_of("Sensor", team))[0] == 200)
        yield reader


def named(account):
    return {"template": {"serviceAccountName": account}} if account else {}


@pytest.mark.parametrize("kind", ["Sensor", "EventSource"])
@pytest.mark.parametrize(
    ("spec", "account"),
    [
        ({}, "default"),
        ({"template": None}, "default"),
        ({"template": {"serviceAccountName": ""}}, "default"),
        ({"template": {"serviceAccountName": "deployer"}}, "deployer"),
        ({"template": "text"}, "default"),
        ({"template": {"serviceAccountName": ["deployer"]}}, "default"),
    ],
    ids=["absent", "null", "empty", "named", "a text", "a list"],
)
def test_who_may_not_act_as_the_account_may_not_name_it(author, team, kind, spec, account):
    answer = author.answer("POST", path_of(kind, team), resource(kind, sensor_spec(**spec), "refused"))

    assert answer[0] == 403
    assert f"author may not use the service account {account}, which this {kind} acts as" in message(answer)
    assert f"kubectl -n {team} create role use-{account} --verb=impersonate" in message(answer)


def test_the_role_that_the_message_prints_lets_the_author_in(cluster, author, team):
    cluster.token(team, "builder")
    given = resource("Sensor", sensor_spec(**named("builder")), "allowed")
    assert author.answer("POST", path_of("Sensor", team), given)[0] == 403
    made = cluster.kubectl(
        *("-n", team, "create", "role", "use-builder", "--verb=impersonate"),
        *("--resource=serviceaccounts", "--resource-name=builder"),
    )
    assert made.code == 0, made.err

    bind(cluster, team, "use-builder", f"{team}:author", kind="Role")

    assert eventually(lambda: author.answer("POST", path_of("Sensor", team), given)[0] == 201)
    other = {"spec": named("deployer")}
    with pytest.raises(KubeRefused, match="may not use the service account deployer"):
        author.patch(path_of("Sensor", team, "allowed"), other)


def test_an_author_may_not_change_what_another_account_does(cluster, author, team):
    """The Sensor already names the account; a new trigger would act as it."""
    with cluster.reader() as admin:
        admin.create(path_of("Sensor", team), resource("Sensor", sensor_spec(**named("deployer")), "others"))
    path = path_of("Sensor", team, "others")

    with pytest.raises(KubeRefused, match="may not use the service account deployer"):
        author.patch(path, {"spec": {"triggers": [{"template": {"name": "evil", "log": {}}}]}})
    assert author.patch(path, {"metadata": {"labels": {"a": "b"}}})["metadata"]["labels"] == {"a": "b"}
    author.delete(path)


def test_an_author_may_not_use_our_annotations_on_what_another_account_does(cluster, author, team):
    """They fire triggers by hand, and loosen checks."""
    strict = {"annotations": {"kikkake/strict": "true", "theirs": "1"}}
    given = resource("Sensor", sensor_spec(**named("deployer")), "annotated", **strict)
    with cluster.reader() as admin:
        admin.create(path_of("Sensor", team), given)
    path = path_of("Sensor", team, "annotated")

    for change in ({"kikkake/fire": "now"}, {"kikkake/strict": "false"}, {"kikkake/strict": None}):
        with pytest.raises(KubeRefused, match="may not use the service account deployer"):
            author.patch(path, {"metadata": {"annotations": change}})
    for change in ({"theirs": "2"}, {"theirs": None}, {"new": "1"}):
        assert author.patch(path, {"metadata": {"annotations": change}})


@pytest.fixture(scope="session")
def webmaster(cluster, team):
    """Somebody who may write resources and act as `default`, and may not write Services at first."""
    token = cluster.token(team, "webmaster")
    bind(cluster, team, "kikkake-edit", f"{team}:webmaster")
    made = cluster.kubectl(
        *("-n", team, "create", "role", "use-default", "--verb=impersonate"),
        *("--resource=serviceaccounts", "--resource-name=default"),
    )
    assert made.code == 0, made.err
    bind(cluster, team, "use-default", f"{team}:webmaster", kind="Role")
    with cluster.reader(token) as reader:
        given = resource("EventSource", {"webhook": {}}, "probe")
        assert eventually(lambda: reader.answer("POST", path_of("EventSource", team), given)[0] == 201)
        yield reader


NO_SERVICE = "may not create Services in namespace"


def test_a_service_is_asked_for_by_those_only_who_may_make_one(cluster, webmaster, team):
    service = {"ports": [{"port": 80}], "metadata": {"annotations": {"external-dns": "pay.example.com"}}}
    path = path_of("EventSource", team, "hooks")
    asked = resource("EventSource", {"webhook": {}, "service": service}, "hooks")
    refused = webmaster.answer("POST", path_of("EventSource", team), asked)
    assert refused[0] == 403
    assert f"{NO_SERVICE} {team}" in message(refused)

    with cluster.reader() as admin:
        admin.create(path_of("EventSource", team), asked)
    for change in (
        {"spec": {"service": {"clusterIP": "10.0.0.9"}}},
        {"spec": {"service": {"metadata": {"annotations": {"external-dns": "shop.example.com"}}}}},
        {"metadata": {"labels": {"pool": "public"}}},
    ):
        with pytest.raises(KubeRefused, match=NO_SERVICE):
            webmaster.patch(path, change)
    # What leaves the Service as it is, or takes it away, is no matter of this right.
    for change in (
        {"spec": {"webhook": {"a": {"port": "12000", "endpoint": "/a", "method": "POST"}}}},
        {"metadata": {"annotations": {"theirs": "1"}}},
        {"spec": {"service": None}},
    ):
        assert webmaster.patch(path, change)

    made = cluster.kubectl(
        "-n", team, "create", "role", "write-services", "--verb=create", "--resource=services"
    )
    assert made.code == 0, made.err
    bind(cluster, team, "write-services", f"{team}:webmaster", kind="Role")

    assert eventually(lambda: "spec" in patched(webmaster, path, {"spec": {"service": service}}))


def patched(reader, path, change):
    try:
        return reader.patch(path, change)
    except KubeRefused:
        return {}


def test_editors_of_a_namespace_pass_with_the_role_of_this_project(cluster, team):
    """The built-in role `edit` may impersonate the namespace's accounts; it may not write Sensors by itself."""
    token = cluster.token(team, "editor")
    # What a controller manager fills `edit` with.
    bind(cluster, team, "system:aggregate-to-edit", f"{team}:editor")
    given = resource("Sensor", sensor_spec(**named("deployer")), "by-editor")
    config_maps = f"/api/v1/namespaces/{team}/configmaps"
    with cluster.reader(token) as editor:
        assert eventually(
            lambda: editor.answer("POST", config_maps, {"metadata": {"name": "x"}})[0] in {201, 409}
        )
        assert "cannot create resource" in message(editor.answer("POST", path_of("Sensor", team), given))

        bind(cluster, team, "kikkake-edit", f"{team}:editor")

        assert eventually(lambda: editor.answer("POST", path_of("Sensor", team), given)[0] == 201)


def test_viewers_of_a_namespace_may_read(cluster, team):
    """The controller manager aggregates roles; here the label that makes it is looked at."""
    with cluster.reader() as admin:
        role = admin.get("/apis/rbac.authorization.k8s.io/v1/clusterroles/kikkake-view")
    assert role["metadata"]["labels"]["rbac.authorization.k8s.io/aggregate-to-view"] == "true"
    assert role["rules"][0]["verbs"] == ["get", "list", "watch"]


def test_a_namespace_that_is_not_enabled_is_left_alone(cluster):
    """Argo Events may serve it: nothing changes for its authors."""
    namespace = cluster.namespace()
    token = cluster.token(namespace, "author")
    bind(cluster, namespace, "kikkake-edit", f"{namespace}:author")
    with cluster.reader(token) as author:
        given = resource("Sensor", sensor_spec(template={"container": {"env": []}}))
        assert eventually(lambda: author.answer("POST", path_of("Sensor", namespace), given)[0] == 201)


# Pod settings that are ignored

PRIVILEGED = {
    "container": {"securityContext": {"privileged": True}, "env": [], "resources": {}},
    "volumes": [{"name": "host", "hostPath": {"path": "/"}}],
    "nodeSelector": {"a": "b"},
}
FIELDS = "[FieldNotAllowed] spec.template.volumes, spec.template.container"


@pytest.mark.parametrize("kind", ["Sensor", "EventSource"])
def test_pod_settings_are_accepted_with_a_warning(cluster, team, kind):
    given = resource(kind, sensor_spec(template=PRIVILEGED), "warned")
    applied = cluster.kubectl("-n", team, "apply", "-f", "-", given=given)

    assert applied.code == 0
    assert "Warning: Validation failed for ValidatingAdmissionPolicy 'kikkake-fields'" in applied.err
    for field in ("volumes", "container.securityContext", "container.env"):
        assert f"spec.template.{field}" in applied.err
    for field in ("container.resources", "nodeSelector"):
        assert f"spec.template.{field}" not in applied.err


@pytest.mark.parametrize("kind", ["Sensor", "EventSource"])
def test_the_strict_variant_refuses_them(strict_cluster, kind):
    namespace = strict_cluster.namespace(labels=ENABLED)
    spec = sensor_spec() if kind == "Sensor" else {"webhook": {}}
    with strict_cluster.reader() as admin:
        bad = resource(kind, {**spec, "template": PRIVILEGED})
        answer = admin.answer("POST", path_of(kind, namespace), bad)
        assert answer[0] == 403
        assert "[FieldNotAllowed] spec.template." in message(answer)
        good = {"metadata": {"labels": {"a": "b"}}, "container": {"resources": {}}, "tolerations": []}
        assert admin.create(path_of(kind, namespace), resource(kind, {**spec, "template": good}))


# Odd objects


def large(count):
    """A Sensor of about a megabyte, with `count` triggers."""
    text = "x" * (1_000_000 // count)
    triggers = [
        {"template": {"name": f"t{number}", "k8s": {"source": {"inline": text}}}} for number in range(count)
    ]
    return sensor_spec(triggers=triggers)


@pytest.mark.parametrize("count", [1, 1000])
def test_a_very_large_sensor_is_within_what_the_policies_may_cost(cluster, team, count):
    path = path_of("Sensor", team, f"large-{count}")
    with cluster.reader() as admin:
        admin.create(path_of("Sensor", team), resource("Sensor", large(count), f"large-{count}"))

        changed = admin.patch(
            path, {"spec": {"replicas": 2}, "metadata": {"annotations": {"kikkake/a": "b"}}}
        )

        assert changed["spec"]["replicas"] == 2


ODD_TEMPLATES = [
    *(None, "text", 1, [], [{"container": {}}], {"container": None}, {"container": "x"}, {"container": [1]}),
    *({"": 1}, {"a.b/c": 1}, {"serviceAccountName": None}, {"serviceAccountName": {"a": 1}}, {"metadata": 1}),
]


@pytest.mark.parametrize("kind", ["Sensor", "EventSource"])
def test_a_template_of_any_form_passes_the_policies_of_who_may_do_everything(cluster, team, kind):
    with cluster.reader() as admin:
        for number, template in enumerate(ODD_TEMPLATES):
            spec = {"template": template}
            made = admin.create(path_of(kind, team), resource(kind, spec, f"odd-{number}"))
            assert made["spec"] == spec
            admin.patch(path_of(kind, team, f"odd-{number}"), {"spec": {"replicas": 1}})


# What runs


def pod_of(cluster):
    with cluster.reader() as admin:
        whole = admin.get("/apis/apps/v1/namespaces/kikkake/statefulsets/kikkake")
    template = whole["spec"]["template"]
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data-kikkake-0"}}
    spec = {**template["spec"], "volumes": [*template["spec"]["volumes"], volume]}
    return {"metadata": {"name": "kikkake-0", "labels": template["metadata"]["labels"]}, "spec": spec}


def test_the_gateways_pod_passes_the_restricted_standard_of_its_namespace(cluster):
    with cluster.reader() as admin:
        pods = "/api/v1/namespaces/kikkake/pods?dryRun=All"
        assert admin.create(pods, pod_of(cluster))["spec"]["securityContext"]["runAsUser"] == 10001


@pytest.mark.parametrize(
    "change",
    [
        {"hostNetwork": True},
        {"hostPID": True},
        {"securityContext": {}},
    ],
    ids=["host network", "host processes", "root"],
)
def test_a_pod_with_more_rights_does_not(cluster, change):
    pod = pod_of(cluster)
    pod["spec"] = {**pod["spec"], **change}
    with cluster.reader() as admin:
        answer = admin.answer("POST", "/api/v1/namespaces/kikkake/pods?dryRun=All", pod)
    assert answer[0] == 403
    assert 'violates PodSecurity "restricted' in message(answer)
