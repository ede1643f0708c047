"""The Service and the EndpointSlice as they are wanted, over what stands there."""

import copy

import pytest

from events.ports import KubeError
from kikkake.cluster import service_troubles
from kikkake.cluster.service_memory import Source
from kikkake.cluster.service_objects import (
    Place,
    Wanted,
    has_other_address,
    is_made_for,
    service_of,
    service_urls,
    slice_of,
)
from sources.declared_service import DeclaredService

HOOKS = Source("ci", "hooks")
HERE = Place(gateway="kikkake", address="10.1.2.3")
HTTP = {"name": "http", "port": 80, "targetPort": 12000}


def wanted(*ports, labels=(), numbers=None, **service):
    given = DeclaredService.model_validate({"ports": list(ports or (HTTP,)), **service})
    return Wanted(
        source=HOOKS,
        uid="uid-1",
        service=given,
        labels=dict(labels),
        numbers={12000: 20000} if numbers is None else numbers,
    )


def metadata(**members):
    return {"metadata": members}


# The Service


def test_a_service_that_is_as_wanted_is_not_changed():
    one = wanted(metadata={"labels": {"a": "b"}, "annotations": {"c": "d"}})
    made = service_of(one, "kikkake", None)
    made["spec"] |= {"clusterIP": "10.0.0.7", "sessionAffinity": "None"}
    made["metadata"] |= {"uid": "uid-9", "resourceVersion": "7"}
    before = copy.deepcopy(made)

    assert service_of(one, "kikkake", made) == made == before


def test_what_upstream_labels_is_labelled_and_the_later_wins():
    one = wanted(
        metadata={"labels": {"a": "service", "b": "service", "controller": "x"}}, labels={"b": "source"}
    )

    assert service_of(one, "blue", None)["metadata"]["labels"] == {
        "a": "service",
        "b": "source",
        "controller": "eventsource-controller",
        "eventsource-name": "hooks",
        "owner-name": "hooks",
        "kikkake/gateway": "blue",
    }


def test_nobody_can_say_by_an_annotation_that_it_is_somebody_elses():
    one = wanted(metadata={"annotations": {"kikkake/eventsource-uid": "another", "kikkake/applied": "{"}})
    made = service_of(one, "kikkake", None)

    assert is_made_for(made, "uid-1")
    assert service_of(one, "kikkake", made) == made


def test_what_is_not_wanted_any_more_goes_and_what_others_wrote_stays():
    found = service_of(
        wanted(metadata={"labels": {"old": "1"}, "annotations": {"old": "1"}}), "kikkake", None
    )
    for member in ("labels", "annotations"):
        found["metadata"][member]["theirs"] = "1"
    found["metadata"]["ownerReferences"].append({"kind": "Application", "name": "x", "uid": "uid-2"})

    changed = service_of(wanted(), "kikkake", found)["metadata"]

    for member in ("labels", "annotations"):
        assert "old" not in changed[member]
        assert changed[member]["theirs"] == "1"
    assert {each["uid"] for each in changed["ownerReferences"]} == {"uid-1", "uid-2"}


@pytest.mark.parametrize("text", ["{", "[]", '{"labels": 3}', '{"labels": [[]]}', "null"])
def test_a_mark_that_somebody_has_spoilt_removes_nothing(text):
    found = service_of(wanted(), "kikkake", None)
    found["metadata"]["annotations"] |= {"kikkake/applied": text, "theirs": "1"}

    assert service_of(wanted(), "kikkake", found)["metadata"]["annotations"]["theirs"] == "1"


def test_a_selector_is_taken_out_and_the_rest_of_the_spec_stays():
    found = service_of(wanted(), "kikkake", None)
    found["spec"] |= {"selector": {"app": "thief"}, "clusterIP": "10.0.0.7"}

    spec = service_of(wanted(), "kikkake", found)["spec"]

    assert "selector" not in spec
    assert spec["clusterIP"] == "10.0.0.7"


def test_the_owner_blocks_no_deletion_and_is_no_controller():
    [owner] = service_of(wanted(), "kikkake", None)["metadata"]["ownerReferences"]

    assert owner == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "EventSource",
        "name": "hooks",
        "uid": "uid-1",
    }


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({"port": 80}, {"port": 80, "protocol": "TCP", "targetPort": 80}),
        ({"port": 80, "targetPort": "12000"}, {"port": 80, "protocol": "TCP", "targetPort": 12000}),
        ({"port": 80, "targetPort": "web"}, {"port": 80, "protocol": "TCP", "targetPort": "web"}),
        (
            {"port": 80, "protocol": "UDP", "nodePort": 30000},
            {"port": 80, "protocol": "UDP", "targetPort": 80},
        ),
        (
            {"name": "a", "port": 80, "appProtocol": "http"},
            {"name": "a", "port": 80, "protocol": "TCP", "targetPort": 80, "appProtocol": "http"},
        ),
    ],
)
def test_ports_stand_as_they_are_given(given, made):
    assert service_of(wanted(given), "kikkake", None)["spec"]["ports"] == [made]


@pytest.mark.parametrize(
    ("declared", "live", "is_other"),
    [
        ("", "10.0.0.7", False),
        ("", "None", True),
        ("None", "None", False),
        ("None", "10.0.0.7", True),
        ("10.0.0.7", "10.0.0.7", False),
        ("10.0.0.8", "10.0.0.7", True),
        ("2001:DB8::0:1", "2001:db8::1", False),
    ],
)
def test_another_cluster_ip_needs_another_service(declared, live, is_other):
    assert has_other_address(wanted(clusterIP=declared), {"spec": {"clusterIP": live}}) is is_other


# The EndpointSlice


def test_a_slice_that_is_as_wanted_is_not_changed_even_without_ports():
    for numbers in ({12000: 20000}, {}):
        made = slice_of(wanted(numbers=numbers), HERE, None)
        # What the API server gives back for an empty list.
        made.setdefault("ports", None)
        assert slice_of(wanted(numbers=numbers), HERE, made) == made


def test_a_slice_has_the_names_of_the_services_ports_and_the_numbers_that_listen():
    ports = (HTTP, {"name": "more", "port": 81, "targetPort": 12000, "appProtocol": "http"})
    silent = (
        {"name": "none", "port": 82},
        {"name": "udp", "port": 83, "targetPort": 12000, "protocol": "UDP"},
    )

    made = slice_of(wanted(*ports, *silent), HERE, None)

    assert made["ports"] == [
        {"name": "http", "port": 20000, "protocol": "TCP"},
        {"name": "more", "port": 20000, "protocol": "TCP", "appProtocol": "http"},
    ]


@pytest.mark.parametrize(("address", "kind"), [("10.1.2.3", "IPv4"), ("fd00::1", "IPv6")])
def test_the_type_of_address_is_the_gateways(address, kind):
    made = slice_of(wanted(), Place(gateway="kikkake", address=address), None)

    assert (made["addressType"], made["endpoints"][0]["addresses"]) == (kind, [address])


def test_a_gateway_that_leaves_is_not_ready():
    made = slice_of(wanted(), Place(gateway="kikkake", address="10.1.2.3", is_leaving=True), None)

    assert made["endpoints"][0]["conditions"] == {"ready": False, "serving": False, "terminating": True}


# What people are told


def test_urls_go_through_the_ports_of_the_service_and_of_a_headless_one_straight_to_the_gateway():
    two = (HTTP, {"name": "alt", "port": 8080, "targetPort": 12000}, {"name": "x", "port": 9})

    assert service_urls(wanted(*two), 12000, "/push", is_tls=False) == [
        "http://hooks-eventsource-svc.ci.svc:80/push",
        "http://hooks-eventsource-svc.ci.svc:8080/push",
    ]
    headless = wanted(clusterIP="None")
    assert service_urls(headless, 12000, "/push", is_tls=True) == [
        "https://hooks-eventsource-svc.ci.svc:20000/push"
    ]


@pytest.mark.parametrize(
    ("found", "maker"),
    [
        (metadata(), "somebody else"),
        (metadata(managedFields=[{"manager": "kubectl-client-side-apply"}]), "kubectl-client-side-apply"),
        (metadata(managedFields=[{"manager": "x\n\x1b[31m"}]), "x??[31m".replace("[", "?")),
        (metadata(annotations={"kikkake/eventsource-uid": "uid-0"}), "an earlier EventSource"),
        (
            metadata(
                labels={"controller": "eventsource-controller"}, ownerReferences=[{"kind": "EventSource"}]
            ),
            "Argo Events",
        ),
    ],
)
def test_a_foreign_service_is_named_with_its_maker_and_how_to_delete_it(found, maker):
    found["metadata"]["name"] = "hooks-eventsource-svc"
    trouble = service_troubles.taken({"kind": "Service", **found}, HOOKS)

    assert trouble.code == "ServiceTaken"
    assert trouble.what.startswith("Service ci/hooks-eventsource-svc was made by")
    assert maker in trouble.what
    assert "kubectl -n ci delete service hooks-eventsource-svc" in trouble.fix


@pytest.mark.parametrize(
    ("status", "message", "code", "said"),
    [
        (
            403,
            'services "x" is forbidden: User "system:serviceaccount:ns:gw" cannot get resource "services"',
            "ServiceForbidden",
            "kubectl -n ci create rolebinding kikkake-team --clusterrole=kikkake-team --serviceaccount=ns:gw",
        ),
        (403, 'x is forbidden: User "jane" cannot get resource', "ServiceForbidden", "--user=jane"),
        (403, 'services "x" is forbidden: exceeded quota: few', "ServiceRefused", "exceeded quota: few"),
        (422, 'Service "x" is invalid: spec.ports[0].name', "ServiceRefused", "spec.ports[0].name"),
    ],
)
def test_a_refusal_says_what_to_do(status, message, code, said):
    trouble = service_troubles.refused(KubeError(status, "Reason", message), HOOKS)

    assert trouble.code == code
    assert said in f"{trouble.what} {trouble.fix}"
