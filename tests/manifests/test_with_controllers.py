"""What Kubernetes' own controllers make of the manifests."""

import pytest

from tests.manifests.cluster import path_of
from tests.manifests.serve import Serve, gone

pytestmark = pytest.mark.kube
ROLES = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"


def verbs(role, resource):
    return {
        verb
        for rule in role["rules"] or ()
        if "argoproj.io" in rule.get("apiGroups", ()) and resource in rule["resources"]
        for verb in rule["verbs"]
    }


@pytest.mark.parametrize("name", ["view", "edit", "admin"])
@pytest.mark.parametrize("resource", ["sensors", "eventsources", "eventbus"])
def test_the_built_in_roles_may_read_the_kinds_and_nothing_more(cluster_with_controllers, name, resource):
    role = cluster_with_controllers.wait_for(f"{ROLES}/{name}", lambda role: verbs(role, resource))

    assert verbs(role, resource) == {"get", "list", "watch"}


def test_the_editors_of_a_namespace_may_act_as_its_accounts(cluster_with_controllers):
    """That is what makes them pass the policy `kikkake-author`."""
    role = cluster_with_controllers.wait_for(f"{ROLES}/edit", lambda role: role["rules"])

    assert any(
        "serviceaccounts" in rule["resources"] and "impersonate" in rule["verbs"] for rule in role["rules"]
    )


@pytest.mark.parametrize("name", ["kikkake-fence", "kikkake-author", "kikkake-fields"])
def test_the_expressions_of_a_policy_pass_the_type_check(cluster_with_controllers, name):
    policy = cluster_with_controllers.wait_for(
        f"{POLICIES}/{name}", lambda policy: "observedGeneration" in policy.get("status", {})
    )

    assert policy["status"].get("typeChecking", {}).get("expressionWarnings", []) == []


def test_the_stateful_set_makes_its_pod_and_its_volume(cluster_with_controllers):
    """The pod is admitted to a namespace with the restricted standard."""
    core = "/api/v1/namespaces/kikkake"
    pod = cluster_with_controllers.wait_for(f"{core}/pods/kikkake-0", bool)
    claim = cluster_with_controllers.wait_for(f"{core}/persistentvolumeclaims/data-kikkake-0", bool)

    assert pod["metadata"]["ownerReferences"][0]["kind"] == "StatefulSet"
    assert claim["spec"]["accessModes"] == ["ReadWriteOncePod"]


def test_a_services_slice_is_left_alone_and_goes_with_its_event_source(cluster_with_controllers, tmp_path):
    """The gateway is gone by then: garbage collection follows the owner."""
    cluster = cluster_with_controllers
    serve = Serve(cluster, cluster.namespace(labels={"kikkake/enabled": "true"}), tmp_path)
    serve.bind_team_role()
    hook = {"endpoint": "/push", "port": "12000", "method": "POST", "unauthenticated": True}
    ports = {"ports": [{"port": 80, "targetPort": 12000}]}
    serve.create("hooks", {"webhook": {"push": hook}, "service": ports})
    serve.start("10.1.2.3")
    try:
        made = cluster.wait_for(serve.slice_path("hooks"), bool)
    finally:
        serve.kill()
    # A Service with a selector, made later, gets its slice from Kubernetes: by then it has seen ours too.
    later = {"metadata": {"name": "later"}, "spec": {"selector": {"app": "x"}, "ports": [{"port": 80}]}}
    slices = f"/apis/discovery.k8s.io/v1/namespaces/{serve.team}/endpointslices"
    with cluster.reader() as admin:
        admin.create(f"/api/v1/namespaces/{serve.team}/services", later)
    found = cluster.wait_for(slices, lambda listed: len(listed["items"]) == 2)

    assert made["metadata"]["resourceVersion"] in {
        each["metadata"]["resourceVersion"] for each in found["items"]
    }
    with cluster.reader() as admin:
        admin.delete(path_of("EventSource", serve.team, "hooks"))
    assert gone(cluster, serve.service_path("hooks"))
    assert gone(cluster, serve.slice_path("hooks"))
