"""The Helm chart: the same objects as kustomize renders, every value, and a real installation."""

import pytest

from tests.conftest import require
from tests.manifests.cluster import Cluster
from tests.manifests.rendered import (
    CHART,
    by_key,
    gateway,
    kustomized,
    of_kind,
    refusal,
    templated,
    without_helm,
)
from tests.manifests.rules import faults
from tests.servers.helm import helm
from tests.servers.kube import KubeServer

pytestmark = pytest.mark.helm
ALL_ON = (
    "ingress.enabled=true",
    "ingress.host=hooks.example.com",
    "ingress.tlsSecretName=hooks",
    "httpRoute.enabled=true",
    "httpRoute.parentRefs[0].name=public",
    "priorityClassName=high",
    "admissionWebhook.enabled=true",
    "serviceNamespaces={a,b}",
    "networkPolicy.extraEgress[0].to[0].podSelector.matchLabels.app=kafka",
    "networkPolicy.extraEgress[0].ports[0].port=9092",
    "networkPolicy.deliveriesFrom[0].namespaceSelector.matchLabels.a=ingress",
)


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    require("helm")
    return tmp_path_factory.mktemp("helm")


@pytest.mark.parametrize("values", [(), ("strict=true",), ALL_ON], ids=["default", "strict", "all on"])
def test_helms_own_check_finds_nothing(home, values):
    said = helm(home, "lint", "--strict", CHART, *(part for value in values for part in ("--set", value)))
    assert said.code == 0, said.out


@pytest.mark.parametrize(
    ("folders", "values"),
    [
        (["manifests"], ()),
        (["manifests/overlays/strict"], ("strict=true",)),
        (["manifests", "manifests/webhook"], ("admissionWebhook.enabled=true",)),
    ],
    ids=["default", "strict", "webhook"],
)
def test_helm_and_kustomize_render_the_same(home, folders, values):
    """Except the namespace, which Helm has from its command line, and what Helm writes down for itself."""
    require("kubectl")
    rendered = [each for folder in folders for each in kustomized(folder)]
    ours = by_key([each for each in rendered if each["kind"] != "Namespace"])
    theirs = by_key([without_annotations(without_helm(each)) for each in templated(home, *values)])

    assert theirs.keys() == ours.keys()
    for key, item in ours.items():
        assert normal(theirs[key]) == normal(item), key


def without_annotations(item):
    if item["metadata"].get("annotations") == {}:
        del item["metadata"]["annotations"]
    return item


def normal(value):
    """White space in CEL is not worth a difference: a folded text ends in a newline or not."""
    if isinstance(value, dict):
        return {name: normal(member) for name, member in value.items()}
    if isinstance(value, list):
        return [normal(item) for item in value]
    return " ".join(value.split()) if isinstance(value, str) else value


@pytest.mark.parametrize(
    "values",
    [
        (),
        ("strict=true",),
        ("namespaces={a,b}", "serviceNamespaces={a}"),
        ALL_ON,
        ("image.digest=sha256:" + "a" * 64,),
    ],
    ids=["default", "strict", "namespaced", "all on", "digest"],
)
def test_what_helm_renders_has_no_fault(home, values):
    assert faults(templated(home, *values)) == []


def test_another_release_in_another_namespace_is_fenced_by_its_own_name(home):
    objects = templated(home, release="events", namespace="infra")

    assert {each["metadata"].get("namespace", "infra") for each in objects} == {"infra"}
    [fence] = [
        each
        for each in of_kind(objects, "ValidatingAdmissionPolicy")
        if each["metadata"]["name"].endswith("fence")
    ]
    assert fence["metadata"]["name"] == "events-kikkake-fence"
    [condition] = fence["spec"]["matchConditions"]
    assert (
        condition["expression"] == "request.userInfo.username == 'system:serviceaccount:infra:events-kikkake'"
    )
    assert "variables.where == 'infra'" in fence["spec"]["validations"][1]["expression"]
    pod = gateway(objects)["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == "events-kikkake"
    assert "--lease=events-kikkake" in pod["containers"][0]["args"]


def test_a_namespaced_installation_has_no_right_in_the_cluster(home):
    objects = templated(home, "namespaces={a,b}", "serviceNamespaces={a}")

    assert of_kind(objects, "ClusterRole") == of_kind(objects, "ClusterRoleBinding") == []
    roles = {(each["metadata"]["namespace"], each["metadata"]["name"]) for each in of_kind(objects, "Role")}
    assert roles == {
        ("kikkake", "kikkake-lease"),
        ("a", "kikkake-gateway"),
        ("b", "kikkake-gateway"),
        ("a", "kikkake-team"),
    }
    arguments = gateway(objects)["spec"]["template"]["spec"]["containers"][0]["args"]
    assert [each for each in arguments if each.startswith("--namespace")] == [
        "--namespace=a",
        "--namespace=b",
    ]
    selectors = [
        each["spec"]["matchResources"]["namespaceSelector"]["matchExpressions"][0]["values"]
        for each in of_kind(objects, "ValidatingAdmissionPolicyBinding")
        if "matchResources" in each["spec"]
    ]
    assert selectors == [["a", "b"], ["a", "b"]]


VALUES = {
    "image.repository=r.example/kikkake": "image: r.example/kikkake:0.1.0",
    "image.tag=1.2": "image: kikkake:1.2",
    "image.pullPolicy=Always": "imagePullPolicy: Always",
    "image.pullSecrets[0].name=pull": "imagePullSecrets:\n- name: pull",
    "resources.limits.memory=2Gi": "memory: 2Gi",
    "persistence.size=50Gi": "storage: 50Gi",
    "persistence.existingClaim=mine": "- name: data\n        persistentVolumeClaim:\n          claimName: mine",
    "bus.kind=embedded": "kind: StatefulSet",
    "persistence.storageClassName=fast": "storageClassName: fast",
    "persistence.accessMode=ReadWriteOnce": "accessModes: [ReadWriteOnce]",
    "deliveries.port=13000": "--port=13000",
    "deliveries.ownPorts.last=20099": "--own-ports=20000-20099",
    "service.type=LoadBalancer": "type: LoadBalancer",
    "service.annotations.a=b": "a: b",
    "priorityClassName=high": "priorityClassName: high",
    "nodeSelector.disk=ssd": "disk: ssd",
    "tolerations[0].key=x": "tolerations:\n        - key: x",
    "podLabels.a=b": "a: b",
    "podAnnotations.a=b": "a: b",
    "logLevel=debug": "--log-level=debug",
    "policies.audiences={https://api.example,own}": "\"['https://api.example', 'own']\"",
    "networkPolicy.apiServer[0].ipBlock.cidr=10.1.2.3/32": "cidr: 10.1.2.3/32",
}


@pytest.mark.parametrize("value", VALUES)
def test_a_value_is_rendered(home, value):
    said = helm(home, "template", "kikkake", CHART, "--set", value)

    assert VALUES[value] in said.out


@pytest.mark.parametrize(
    ("values", "kind", "count"),
    [
        ((), "Ingress", 0),
        ((), "HTTPRoute", 0),
        ((), "ValidatingWebhookConfiguration", 0),
        (ALL_ON, "Ingress", 1),
        (ALL_ON, "HTTPRoute", 1),
        (("networkPolicy.enabled=false",), "NetworkPolicy", 0),
        (("crds.install=false",), "CustomResourceDefinition", 0),
        (("policies.install=false", "strict=true"), "ValidatingAdmissionPolicy", 0),
        (("strict=true",), "CustomResourceDefinition", 3),
    ],
)
def test_a_part_comes_with_its_value(home, values, kind, count):
    assert len(of_kind(templated(home, *values), kind)) == count


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("persistance.size=1Gi", "persistance"),
        ("image.digest=sha256:short", "digest"),
        ("admissionWebhook.replicas=0", "admissionWebhook"),
        ("deliveries.port=80", "port"),
        ("namespaces={A_B}", "namespaces"),
        ("namespaces={kube-system}", "namespaces"),
        ("namespaces={kikkake}", "the gateway's own namespace kikkake is never served"),
        ("bus.kind=kafka", "bus"),
        (r"podLabels.app\.kubernetes\.io/name=other", "podLabels"),
        ("policies.audiences={it's}", "audiences"),
        ("policies.install=false", "the policy kikkake-fence is what bounds the right to ask for tokens"),
        ("ingress.enabled=true", "ingress.host is needed"),
        ("httpRoute.enabled=true", "httpRoute.parentRefs is needed"),
    ],
)
def test_a_value_that_cannot_work_is_refused(home, value, said):
    assert said in refusal(home, value)


def test_a_claim_that_is_there_takes_the_place_of_one_that_is_made(home):
    assert "volumeClaimTemplates" not in gateway(templated(home, "persistence.existingClaim=mine"))["spec"]


@pytest.mark.parametrize(
    ("release", "name"),
    [
        ("kikkake", "kikkake"),
        ("hooks", "hooks-kikkake"),
        ("kikkake-v1.2", "kikkake-v1-2"),
        ("1kikkake", "kikkake-1kikkake"),
        ("a" * 39 + "-b", "a" * 39),
    ],
)
def test_every_name_of_a_release_gives_one_that_a_service_may_have(home, release, name):
    names = {each["metadata"]["name"] for each in of_kind(templated(home, release=release), "Service")}
    assert names == {name, f"{name}-metrics"}


@pytest.mark.parametrize(
    ("values", "named", "made"),
    [
        ((), "kikkake", ["kikkake"]),
        (("priorityClassName=critical",), "critical", []),
        (("priorityClass.install=false",), None, []),
    ],
)
def test_the_priority_class_is_its_own_unless_another_is_named(home, values, named, made):
    objects = templated(home, "admissionWebhook.enabled=true", *values)
    pods = [
        each["spec"]["template"]["spec"] for each in objects if each["kind"] in {"StatefulSet", "Deployment"}
    ]
    assert [pod.get("priorityClassName") for pod in pods] == [named, named]
    assert [each["metadata"]["name"] for each in of_kind(objects, "PriorityClass")] == made


# A real installation


@pytest.fixture
def empty_cluster(home, tmp_path):
    require("kube")
    server = KubeServer.start(tmp_path / "kube")
    yield Cluster(server, tmp_path)
    server.stop()


def run(home, cluster, *arguments):
    said = helm(home, "--kubeconfig", cluster.server.kubeconfig, *arguments)
    assert said.code == 0, said.err
    return said.out


CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@pytest.mark.kube
def test_it_installs_with_no_values_upgrades_and_leaves_the_crds_when_it_goes(home, empty_cluster):
    where = ("kikkake", "--namespace", "kikkake")
    notes = run(home, empty_cluster, "install", where[0], CHART, *where[1:], "--create-namespace")
    assert "kubectl label namespace TEAM kikkake/enabled=true" in notes
    empty_cluster.wait_for_policies()
    with empty_cluster.reader() as reader:
        assert reader.get("/apis/apps/v1/namespaces/kikkake/statefulsets/kikkake")
        before = reader.get(f"{CRDS}/sensors.argoproj.io")["metadata"]["generation"]

        run(home, empty_cluster, "upgrade", where[0], CHART, *where[1:], "--set", "strict=true")
        assert reader.get(f"{CRDS}/sensors.argoproj.io")["metadata"]["generation"] > before
        assert reader.get("/apis/rbac.authorization.k8s.io/v1/clusterroles/kikkake-tokens") is None

        run(home, empty_cluster, "uninstall", *where)
        assert reader.get("/apis/apps/v1/namespaces/kikkake/statefulsets/kikkake") is None
        assert reader.get(f"{CRDS}/sensors.argoproj.io") is not None


@pytest.mark.kube
def test_crds_of_argo_events_are_left_alone_until_they_may_be_replaced(home, empty_cluster):
    open_object = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": "v1alpha1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": open_object}}},
    }
    names = {"kind": "Sensor", "listKind": "SensorList", "plural": "sensors", "singular": "sensor"}
    crd = {
        "metadata": {"name": "sensors.argoproj.io"},
        "spec": {"group": "argoproj.io", "scope": "Namespaced", "names": names, "versions": [version]},
    }
    where = ("kikkake", "--namespace", "kikkake")
    with empty_cluster.reader() as reader:
        theirs = reader.create(CRDS, crd)["metadata"]["uid"]

        run(home, empty_cluster, "install", where[0], CHART, *where[1:], "--create-namespace")
        found = reader.get(f"{CRDS}/sensors.argoproj.io")
        assert found["metadata"]["uid"] == theirs
        assert found["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"] == open_object
        assert reader.get(f"{CRDS}/eventsources.argoproj.io") is not None

        replace = ("--set", "crds.replace=true", "--take-ownership")
        run(home, empty_cluster, "upgrade", where[0], CHART, *where[1:], *replace)
        found = reader.get(f"{CRDS}/sensors.argoproj.io")
        assert found["metadata"]["uid"] == theirs
        spec = found["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
        assert "triggers" in spec["properties"]
