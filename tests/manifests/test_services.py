"""Services of EventSources: the real gateway, the installed rights, and a real API server."""

import json
import re
import socket
import ssl
import time

import pytest
import yaml

from events.errors import Finding
from kikkake.cluster.status import Outlook, status_of
from kikkake.rules import find
from tests.manifests.cluster import ROOT, path_of
from tests.manifests.serve import Serve, ask, condition, gone
from tests.servers.certificates import Certificates

pytestmark = pytest.mark.kube

ADDRESS = "10.1.2.3"
"""Of the gateway as its Services know it; deliveries come over loopback."""
HOOK = {"endpoint": "/push", "port": "12000", "method": "POST", "unauthenticated": True}
PORTS = [{"name": "http", "port": 80, "targetPort": 12000}]


def source(*, service=PORTS, **hook):
    return {"webhook": {"push": {**HOOK, **hook}}, "service": {"ports": service}}


@pytest.fixture
def serve(cluster, tmp_path):
    team = cluster.namespace(labels={"kikkake/enabled": "true"})
    serve = Serve(cluster, team, tmp_path)
    yield serve
    serve.stop()
    print(serve.said())


@pytest.fixture
def bound(serve):
    """A gateway that may make Services in its team's namespace."""
    serve.bind_team_role()
    return serve


def own_port(serve, name, **wanted):
    """The port of the gateway that the EndpointSlice leads to, once it leads there and is ready."""
    wanted = {"address": ADDRESS, "ready": True, **wanted}
    found = serve.cluster.wait_for(serve.slice_path(name), lambda found: leads_to(found, **wanted))
    return found["ports"][0]["port"]


def addresses(found):
    return [each["url"] for each in found.get("status", {}).get("addresses", ())]


def leads_to(found, *, address, ready):
    endpoint = found["endpoints"][0]
    return (endpoint["addresses"], endpoint["conditions"]["ready"], bool(found["ports"])) == (
        [address],
        ready,
        True,
    )


def test_a_service_and_its_slice_lead_to_a_listener_with_the_declared_path(bound):
    spec = source()
    spec["service"]["metadata"] = {"labels": {"team": "shop"}, "annotations": {"note": "ours"}}
    made = bound.create("hooks", spec, labels={"app": "shop"})
    bound.start(ADDRESS)

    port = own_port(bound, "hooks")
    assert ask(port, "/push") == 200
    assert ask(port, f"/{bound.team}/hooks/push") == 404
    assert ask(bound.port, f"/{bound.team}/hooks/push") == 200

    uid = made["metadata"]["uid"]
    with bound.cluster.reader() as admin:
        service, slice_ = admin.get(bound.service_path("hooks")), admin.get(bound.slice_path("hooks"))
    assert service["metadata"]["labels"] == {
        "app": "shop",
        "team": "shop",
        "controller": "eventsource-controller",
        "eventsource-name": "hooks",
        "owner-name": "hooks",
        "kikkake/gateway": "kikkake",
    }
    assert service["metadata"]["annotations"]["note"] == "ours"
    assert service["metadata"]["annotations"]["kikkake/eventsource-uid"] == uid
    for found in (service, slice_):
        assert found["metadata"]["ownerReferences"] == [
            {"apiVersion": "argoproj.io/v1alpha1", "kind": "EventSource", "name": "hooks", "uid": uid}
        ]
    assert service["spec"]["type"] == "ClusterIP"
    assert service["spec"]["ports"] == [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": 12000}]
    assert "selector" not in service["spec"]
    assert slice_["addressType"] == "IPv4"
    assert slice_["metadata"]["labels"]["kubernetes.io/service-name"] == "hooks-eventsource-svc"
    assert slice_["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"] == "kikkake"
    assert slice_["ports"] == [{"name": "http", "port": port, "protocol": "TCP"}]
    conditions = {"ready": True, "serving": True, "terminating": False}
    assert slice_["endpoints"] == [{"addresses": [ADDRESS], "conditions": conditions}]
    found = bound.cluster.wait_for(
        path_of("EventSource", bound.team, "hooks"),
        lambda found: len(found.get("status", {}).get("addresses", ())) == 2,
    )
    assert {"event": "push", "url": f"http://hooks-eventsource-svc.{bound.team}.svc:80/push"} in found[
        "status"
    ]["addresses"]
    assert condition(found, "Ready")["status"] == "True"


def test_the_example_of_the_page_is_reached_as_the_page_says(bound):
    page = (ROOT / "docs" / "reference" / "services.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    given = yaml.safe_load(example)
    bound.create(given["metadata"]["name"], given["spec"])
    bound.start(ADDRESS)
    [address] = re.findall(r"curl -d '\{\}' (http://\S+)", page)

    port = own_port(bound, "hooks")

    host, _, path = address.replace("TEAM", bound.team).removeprefix("http://").partition("/")
    found = bound.cluster.wait_for(
        path_of("EventSource", bound.team, "hooks"), lambda found: len(addresses(found)) == 2
    )
    assert found["status"]["addresses"][1]["url"] == f"http://{host}:80/{path}"
    assert ask(port, f"/{path}") == 200


def test_every_reason_of_the_page_is_explained_and_makes_deployed_false():
    page = (ROOT / "docs" / "reference" / "services.md").read_text(encoding="utf-8")
    table = page.partition("| reason |")[2]
    reasons = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)

    assert len(reasons) == 5
    for reason in reasons:
        assert find(reason) is not None
        seen = Outlook(generation=1, findings=[Finding(at="spec", what="x", code=reason)], is_served=True)
        status = status_of("EventSource", seen, {}, "2026-11-24T10:00:00Z")
        assert condition({"status": status}, "Deployed")["reason"] == reason


def test_after_a_crash_the_slice_follows_to_the_new_address_within_a_second_with_the_same_port(bound):
    bound.create("hooks", source())
    bound.create("others", source())
    bound.start(ADDRESS)
    before = {name: own_port(bound, name) for name in ("hooks", "others")}
    with bound.cluster.reader() as admin:
        cluster_ip = admin.get(bound.service_path("hooks"))["spec"]["clusterIP"]

    bound.kill()
    bound.start("10.1.2.4")
    began = time.monotonic()
    after = {name: own_port(bound, name, address="10.1.2.4") for name in ("hooks", "others")}

    assert time.monotonic() - began < 1
    assert after == before
    assert ask(after["others"], "/push") == 200
    with bound.cluster.reader() as admin:
        assert admin.get(bound.service_path("hooks"))["spec"]["clusterIP"] == cluster_ip


def test_a_remembered_port_that_somebody_else_has_is_replaced(bound):
    bound.create("hooks", source())
    bound.start(ADDRESS)
    before = own_port(bound, "hooks")
    bound.kill()
    with socket.create_server(("127.0.0.1", before)):
        bound.start("10.1.2.4")
        after = own_port(bound, "hooks", address="10.1.2.4")

    assert after != before
    assert ask(after, "/push") == 200


def test_a_service_that_somebody_else_made_is_reported_and_stays_as_it_is(bound):
    path = f"/api/v1/namespaces/{bound.team}/services"
    with bound.cluster.reader() as admin:
        theirs = admin.create(
            path,
            {"metadata": {"name": "hooks-eventsource-svc"}, "spec": {"ports": [{"port": 80}]}},
        )
    bound.create("hooks", source())
    bound.start(ADDRESS)

    told = bound.wait_for_condition("hooks", "Deployed", "ServiceTaken")

    assert f"Service {bound.team}/hooks-eventsource-svc was made by" in told["message"]
    assert f"kubectl -n {bound.team} delete service hooks-eventsource-svc" in told["message"]
    with bound.cluster.reader() as admin:
        assert admin.get(bound.service_path("hooks")) == theirs
        assert admin.get(bound.slice_path("hooks")) is None
    assert ask(bound.port, f"/{bound.team}/hooks/push") == 200
    with bound.cluster.reader() as admin:
        admin.delete(bound.service_path("hooks"))
    assert ask(own_port(bound, "hooks"), "/push") == 200


def test_argo_events_own_service_is_named_as_such(bound):
    made = bound.create("hooks", source())
    owner = {"apiVersion": "argoproj.io/v1alpha1", "kind": "EventSource", "name": "hooks", "controller": True}
    with bound.cluster.reader() as admin:
        admin.create(
            f"/api/v1/namespaces/{bound.team}/services",
            {
                "metadata": {
                    "name": "hooks-eventsource-svc",
                    "labels": {"controller": "eventsource-controller"},
                    "ownerReferences": [{**owner, "uid": made["metadata"]["uid"]}],
                },
                "spec": {"ports": [{"port": 80}], "selector": {"eventsource-name": "hooks"}},
            },
        )
    bound.start(ADDRESS)

    told = bound.wait_for_condition("hooks", "Deployed", "ServiceTaken")

    assert "made by Argo Events" in told["message"]
    assert "delete it when its Deployment is gone" in told["message"]


def test_without_rights_the_condition_has_the_command_and_with_them_it_heals(serve):
    serve.create("hooks", source())
    serve.start(ADDRESS)

    told = serve.wait_for_condition("hooks", "Deployed", "ServiceForbidden")

    command = (
        f"kubectl -n {serve.team} create rolebinding kikkake-team --clusterrole=kikkake-team "
        "--serviceaccount=kikkake:kikkake"
    )
    assert command in told["message"]
    done = serve.cluster.kubectl(*command.split()[1:])
    assert done.code == 0, done.err
    assert ask(own_port(serve, "hooks"), "/push") == 200
    serve.wait_for_condition("hooks", "Deployed", "Served")


def test_what_the_api_server_refuses_is_said_in_its_words_and_holds_up_nobody_else(bound):
    bound.create("bad", source(service=[{"name": "No_Name", "port": 80, "targetPort": 12000}]))
    bound.create("hooks", source())
    bound.start(ADDRESS)

    assert ask(own_port(bound, "hooks"), "/push") == 200
    told = bound.wait_for_condition("bad", "Deployed", "ServiceRefused")

    assert "spec.ports[0].name" in told["message"]


def test_a_gateway_without_an_address_says_so(bound):
    bound.create("hooks", source())
    bound.start("")

    told = bound.wait_for_condition("hooks", "Deployed", "NoAddress")

    assert "--advertise-address" in told["message"]
    with bound.cluster.reader() as admin:
        assert admin.get(bound.service_path("hooks")) is None


def test_when_no_port_is_left_only_the_younger_source_goes_without(bound):
    bound.create("first", source())
    bound.start(ADDRESS, own=1)
    port = own_port(bound, "first")
    bound.create("second", source())

    told = bound.wait_for_condition("second", "Deployed", "NoPort")

    assert "--own-ports" in told["message"]
    assert ask(port, "/push") == 200
    assert ask(bound.port, f"/{bound.team}/second/push") == 200


def test_what_is_changed_or_deleted_by_others_is_made_good(bound):
    bound.create("hooks", source())
    bound.start(ADDRESS)
    own_port(bound, "hooks")
    with bound.cluster.reader() as admin:
        admin.patch(bound.service_path("hooks"), {"spec": {"selector": {"app": "thief"}}})
        admin.patch(bound.service_path("hooks"), {"metadata": {"annotations": {"seen": "yes"}}})
        admin.delete(bound.slice_path("hooks"))
    # An edit is looked at at once; without one it takes half a minute.
    ports = [{"name": "http", "port": 8080, "targetPort": 12000}]
    bound.change("hooks", {"spec": {"service": {"ports": ports}}})

    service = bound.cluster.wait_for(
        bound.service_path("hooks"), lambda found: found["spec"]["ports"][0]["port"] == 8080
    )

    assert "selector" not in service["spec"]
    assert service["metadata"]["annotations"]["seen"] == "yes"
    assert ask(own_port(bound, "hooks"), "/push") == 200


def test_a_source_that_wants_no_service_any_more_loses_it_also_when_nobody_was_there(bound):
    for name in ("hooks", "others"):
        bound.create(name, source())
    bound.start(ADDRESS)
    own_port(bound, "hooks")
    own_port(bound, "others")

    bound.change("hooks", {"spec": {"service": None}})
    assert gone(bound.cluster, bound.service_path("hooks"))
    assert gone(bound.cluster, bound.slice_path("hooks"))

    bound.kill()
    with bound.cluster.reader() as admin:
        admin.delete(path_of("EventSource", bound.team, "others"))
    bound.start(ADDRESS)
    assert gone(bound.cluster, bound.service_path("others"))
    assert gone(bound.cluster, bound.slice_path("others"))


def test_a_source_that_is_made_again_gets_a_service_of_its_own(bound):
    bound.create("hooks", source())
    bound.start(ADDRESS)
    own_port(bound, "hooks")
    with bound.cluster.reader() as admin:
        admin.delete(path_of("EventSource", bound.team, "hooks"))
    uid = bound.create("hooks", source())["metadata"]["uid"]

    made = bound.cluster.wait_for(
        bound.service_path("hooks"),
        lambda found: found["metadata"]["annotations"]["kikkake/eventsource-uid"] == uid,
    )

    assert [each["uid"] for each in made["metadata"]["ownerReferences"]] == [uid]


def test_a_clean_stop_takes_the_gateway_out_of_the_slice(bound):
    bound.create("hooks", source())
    bound.start(ADDRESS)
    own_port(bound, "hooks")

    bound.stop()

    with bound.cluster.reader() as admin:
        [endpoint] = admin.get(bound.slice_path("hooks"))["endpoints"]
    assert endpoint["conditions"] == {"ready": False, "serving": False, "terminating": True}


# TLS


def put_secret(serve, pair):
    body = {
        "metadata": {"name": "cert"},
        "stringData": {"tls.crt": pair.server.read_text(), "tls.key": pair.server_key.read_text()},
    }
    path = f"/api/v1/namespaces/{serve.team}/secrets"
    with serve.cluster.reader() as admin:
        if admin.get(f"{path}/cert") is None:
            admin.create(path, body)
        else:
            admin.patch(f"{path}/cert", body)


def allow_secret(serve):
    serve.cluster.token(serve.team, "default")
    for command in (
        ("role", "cert", "--verb=get,watch", "--resource=secrets", "--resource-name=cert"),
        ("rolebinding", "cert", "--role=cert", f"--serviceaccount={serve.team}:default"),
    ):
        done = serve.cluster.kubectl("-n", serve.team, "create", *command)
        assert done.code == 0, done.err


def trusting(pair):
    return ssl.create_default_context(cafile=str(pair.ca))


TLS = {
    "serverCertSecret": {"name": "cert", "key": "tls.crt"},
    "serverKeySecret": {"name": "cert", "key": "tls.key"},
}


def test_a_new_certificate_is_served_within_two_seconds_and_open_connections_stay(bound, tmp_path):
    old, new = Certificates.make(tmp_path / "old"), Certificates.make(tmp_path / "new")
    put_secret(bound, old)
    allow_secret(bound)
    bound.create("hooks", source(**TLS))
    bound.start(ADDRESS)
    port = own_port(bound, "hooks")
    assert ask(port, "/push", tls=trusting(old)) == 200
    assert ask(port, "/push") == 0
    raw = socket.create_connection(("127.0.0.1", port))
    with trusting(old).wrap_socket(raw, server_hostname="127.0.0.1") as kept:
        put_secret(bound, new)
        began = time.monotonic()
        while ask(port, "/push", tls=trusting(new)) != 200:
            assert time.monotonic() - began < 2
            time.sleep(0.02)

        kept.sendall(
            b"POST /push HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
        )
        assert kept.recv(100).startswith(b"HTTP/1.1 200")
    found = bound.cluster.wait_for(
        path_of("EventSource", bound.team, "hooks"),
        lambda found: len(found.get("status", {}).get("addresses", ())) == 2,
    )
    assert found["status"]["addresses"][1]["url"].startswith("https://hooks-eventsource-svc.")


def test_a_certificate_without_a_service_is_served_all_the_same_and_the_status_says_where(bound, tmp_path):
    pair = Certificates.make(tmp_path / "pair")
    put_secret(bound, pair)
    allow_secret(bound)
    spec = source(**TLS)
    del spec["service"]
    bound.create("hooks", spec)
    bound.start(ADDRESS)

    found = bound.cluster.wait_for(
        path_of("EventSource", bound.team, "hooks"),
        lambda found: "CertificateWithoutService" in condition(found, "SpecWarnings").get("message", ""),
    )

    url = found["status"]["addresses"][1]["url"]
    assert url == f"https://{ADDRESS}:{bound.first_own}/push"
    assert ask(bound.first_own, "/push", tls=trusting(pair)) == 200
    assert json.dumps(found["status"]).count("PRIVATE KEY") == 0
