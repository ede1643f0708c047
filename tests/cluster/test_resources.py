"""The life of a resource in the cluster: suspended, fired by hand, deleted, made again, served by somebody else."""

import json
import time

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
from tests.manifests.cluster import resource
from tests.sources.support import PAYLOADS
from tests.stories.process import wait_until

pytestmark = pytest.mark.kube


@pytest.fixture
def notes(serving, team):
    """A team whose Sensor makes a ConfigMap of each delivery."""
    team.account("default", "create,get configmaps")
    team.apply(hook(), sensor(creates(config_map())))
    team.until_ready("EventSource", "hooks")
    team.until_ready("Sensor", "notes")
    return team


def deliver(serving, team, mark, name="hooks"):
    """The status that the sender gets."""
    return serving.post(f"/{team.name}/{name}/push", {"mark": mark}).status


def annotate(team, kind, name, value):
    team.kubectl("annotate", "--overwrite", kind.lower(), name, f"kikkake/fire={value}")


def manual(value):
    """Whether a status says what came of an order."""
    return lambda found: found.get("status", {}).get("manual", {}).get("value") == value


def deployment(kind, of):
    """What Argo Events' controller makes for a resource (spec-sensors 1.6, spec-sources 5.1)."""
    label = {"EventSource": "eventsource", "Sensor": "sensor"}[kind]
    labels = {"controller": f"{label}-controller", f"{label}-name": of}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"{of}-{label}-x7d2k", "labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "main", "image": "argo-events"}]},
            },
        },
    }


def waiting_for(source):
    """A Sensor of the same name that needs nothing but an event of it."""
    return sensor({}, name=source, source=source, triggers=[{"template": {"name": "log", "log": {}}}])


# What is odd and works


def test_what_is_odd_about_a_source_is_a_warning_and_it_is_served(serving, team):
    secrets = {"new": "the new secret, long enough", "old": "the old secret, long enough"}
    team.account("default", "get,watch,list secrets")
    literals = [f"--from-literal={name}={value}" for name, value in secrets.items()]
    team.kubectl("create", "secret", "generic", "hub", *literals)
    event = {
        "webhook": {"endpoint": "/push", "port": "12000"},
        "authorizationSecret": {"name": "hub", "key": "new"},
        "oldAuthorizationSecrets": [{"name": "hub", "key": "old"}],
    }
    token = {"webhook": {"endpoint": "/hub", "port": "12001"}, "tokenSecret": {"name": "hub", "key": "new"}}
    quiet = {"kikkake/lint-ignore": "NoDedup"}
    team.apply(
        resource("EventSource", {"harbor": {"push": event}}, "hooks"),
        resource("EventSource", {"dockerhub": {"push": token}}, "hub"),
        resource("EventSource", {"dockerhub": {"push": token}}, "quiet", annotations=quiet),
    )
    team.until_ready("EventSource", "hooks")
    headers = {"Authorization": secrets["old"], "Content-Type": "application/json"}
    body = (PAYLOADS / "harbor" / "push__tag.json").read_bytes()
    path = f"/{team.name}/hooks/push"
    wait_until(lambda: serving.request(serving.port, "POST", path, headers, body).status in {200, 202})

    team.edit(
        "EventSource", "hooks", {"spec": {"harbor": {"push": {"webhook": {"maxPayloadSize": 5_000_000}}}}}
    )
    said = condition(team.until_ready("EventSource", "hooks"), "SpecWarnings")["message"]
    assert "`maxPayloadSize` is 5000000 bytes" in said
    assert "[PayloadLimitMismatch]" in said
    assert "key `old` still proves deliveries" in said
    assert "[OldSecretInUse]" in said
    assert not any(value in said for value in secrets.values())
    hub = condition(team.until_ready("EventSource", "hub"), "SpecWarnings")
    assert hub["reason"] == "NoDedup"
    assert "duplicates are found by repository, tag, `pushed_at` and pusher" in hub["message"]
    assert condition(team.until_ready("EventSource", "quiet"), "SpecWarnings") == {}


def test_a_secret_with_a_line_break_closes_the_endpoint_and_is_named(serving, team):
    team.account("default", "get,watch,list secrets")
    team.kubectl("create", "secret", "generic", "lock", "--from-literal=token=the token of a file\r\n")
    team.apply(locked_hook("lock"))

    said = condition(team.until("EventSource", "hooks", is_refused), "SourcesProvided")

    assert said["reason"] == "SecretHasNewline"
    assert f"secret {team.name}/lock key `token` has a line break in it" in said["message"]
    assert "of a file" not in said["message"]
    assert serving.post(f"/{team.name}/hooks/push", {}).status == 503


# Suspending


def test_a_suspended_sensor_catches_up_when_it_goes_on(serving, notes):
    notes.edit("Sensor", "notes", {"spec": {"suspend": True}})
    suspended = notes.until_ready("Sensor", "notes")
    assert condition(suspended, "Ready")["reason"] == "Suspended"
    assert deliver(serving, notes, "m1") == 200
    assert notes.made() == []

    notes.edit("Sensor", "notes", {"spec": {"suspend": False}})

    assert marks(notes.until_made()) == ["m1"]
    assert condition(notes.until_ready("Sensor", "notes"), "Ready")["reason"] == "Served"


def test_a_suspended_source_sends_its_senders_away_until_it_goes_on(serving, notes):
    notes.edit("EventSource", "hooks", {"spec": {"suspend": True}})
    suspended = notes.until_ready("EventSource", "hooks")
    assert condition(suspended, "Ready")["reason"] == "Suspended"
    assert deliver(serving, notes, "m1") == 503

    notes.edit("EventSource", "hooks", {"spec": {"suspend": None}})

    wait_until(lambda: deliver(serving, notes, "m2") == 200)
    assert marks(notes.until_made()) == ["m2"]


# Firing by hand


def test_an_annotation_delivers_once_for_each_value(serving, notes):
    order = json.dumps({"event": "push", "data": {"body": {"mark": "by-hand"}}})
    annotate(notes, "EventSource", "hooks", order)
    notes.until_made()
    # Read again for another reason, and by a namespace that comes back.
    notes.edit("EventSource", "hooks", {"metadata": {"labels": {"a": "b"}}})
    notes.disable()
    wait_until(lambda: deliver(serving, notes, "m1") != 200)
    notes.enable()
    wait_until(lambda: deliver(serving, notes, "m2") == 200)
    wait_until(lambda: "m2" in marks(notes.made()))
    assert marks(notes.made()) == ["by-hand", "m2"]

    annotate(notes, "EventSource", "hooks", order.replace("by-hand", "again"))

    wait_until(lambda: marks(notes.made()) == ["again", "by-hand", "m2"])


def test_an_annotation_fires_a_sensor_again_with_its_newest_event(serving, notes):
    deliver(serving, notes, "m1")
    deliver(serving, notes, "m2")
    notes.until_made(2)

    annotate(notes, "Sensor", "notes", "first")
    told = notes.until("Sensor", "notes", manual("first"))
    assert told["status"]["manual"]["result"].startswith("fired make")
    wait_until(lambda: marks(notes.made()) == ["m1", "m2", "m2"])

    annotate(notes, "Sensor", "notes", "second")
    notes.until("Sensor", "notes", manual("second"))

    wait_until(lambda: marks(notes.made()) == ["m1", "m2", "m2", "m2"])


@pytest.mark.parametrize(
    ("value", "said"),
    [
        pytest.param("nothing-of-it", "no event `nothing-of-it`", id="an event that it does not have"),
        pytest.param('{"evnt": "push"}', "unknown member `evnt`", id="a typing error"),
        pytest.param("{", "is not JSON", id="no JSON"),
    ],
)
def test_an_order_that_cannot_be_carried_out_says_why(serving, notes, value, said):
    annotate(notes, "EventSource", "hooks", value)

    told = notes.until("EventSource", "hooks", lambda found: "manual" in found.get("status", {}))

    assert said in told["status"]["manual"]["result"]
    assert notes.made() == []


# Event buses


def test_an_event_bus_gets_the_conditions_that_a_migration_looks_for(serving, team):
    team.apply(
        resource("EventBus", {"nats": {"native": {"replicas": 3}}}, "default"),
        resource("EventBus", {}, "empty"),
    )

    assert condition(team.until("EventBus", "default", is_ready), "Configured")["status"] == "True"
    refused = condition(team.until("EventBus", "empty", is_refused), "Configured")
    assert refused["reason"] == "InvalidSpec"
    assert "needs to be specified" in refused["message"]


# Refusing


def test_an_edit_that_is_refused_leaves_the_last_good_text_in_force_and_says_so(serving, notes):
    since = condition(notes.get("EventSource", "hooks"), "Deployed")["lastTransitionTime"]

    notes.edit("EventSource", "hooks", {"spec": {"webhook": {"push": {"port": 12000}}}})

    found = notes.until("EventSource", "hooks", is_refused)
    said = condition(found, "SourcesProvided")
    assert (said["status"], said["reason"]) == ("False", "InvalidEventSource")
    assert 'spec.webhook.push.port: expected string such as "12000", got number 12000' in said["message"]
    deployed = condition(found, "Deployed")
    assert (deployed["status"], deployed["reason"]) == ("True", "LastGoodText")
    assert deployed["lastTransitionTime"] == since
    assert '"findings": ["spec.webhook.push.port: ' in serving.said(), "there is no file to name"
    assert deliver(serving, notes, "m1") == 200
    assert marks(notes.until_made()) == ["m1"]


# Dependencies


@pytest.mark.usefixtures("serving")
def test_an_event_that_nobody_has_is_a_warning_that_goes_when_somebody_has_it(team):
    """The order of apply must not matter: the dependency is good, and the Sensor is ready."""
    team.apply(hook("push", endpoint="/a"), *(waiting_for(name) for name in ("pusj", "push", "late")))
    said = condition(team.until("Sensor", "pusj", is_ready), "SpecWarnings")
    assert (said["status"], said["reason"]) == ("True", "DependencyNotFound")
    assert f"EventSource {team.name}/pusj is not there; in {team.name} there are: push" in said["message"]
    assert "did you mean `push`?" in said["message"]
    assert condition(team.until_ready("Sensor", "push"), "SpecWarnings") == {}
    late = team.until_ready("Sensor", "late")
    assert condition(late, "SpecWarnings")["reason"] == "DependencyNotFound"
    assert condition(late, "DependenciesProvided")["status"] == "True"

    team.apply(hook("late", endpoint="/b"))

    team.until("Sensor", "late", lambda found: not condition(found, "SpecWarnings"), timeout_s=60)


@pytest.mark.usefixtures("serving")
def test_a_sensor_that_comes_before_its_source_is_told_nothing(team):
    team.apply(waiting_for("hooks"))
    team.apply(hook())

    assert condition(team.until_ready("Sensor", "hooks"), "SpecWarnings") == {}


# Deleting


def test_a_sensor_of_the_same_name_is_another_one(serving, notes):
    """It holds nothing of the one before, and what it makes has names of its own."""
    both = sensor(
        creates(config_map()),
        name="both",
        dependencies=[
            {"name": "push", "eventSourceName": "hooks", "eventName": "push"},
            {"name": "second", "eventSourceName": "second", "eventName": "push"},
        ],
    )
    notes.kubectl("delete", "sensor", "notes")
    notes.apply(hook("second"), both)
    first = notes.until_ready("Sensor", "both")
    notes.until_ready("EventSource", "second")
    assert deliver(serving, notes, "held") == 200
    serving.wait_idle()
    notes.kubectl("delete", "sensor", "both")
    notes.apply(both)
    again = notes.until_ready("Sensor", "both")
    assert again["metadata"]["uid"] != first["metadata"]["uid"]

    assert deliver(serving, notes, "x", name="second") == 200
    serving.wait_idle()
    assert notes.made() == []
    assert deliver(serving, notes, "m2") == 200

    assert marks(notes.until_made()) == ["m2"]


def test_a_source_that_is_deleted_is_gone_and_one_that_comes_again_is_served(serving, notes):
    notes.kubectl("delete", "eventsource", "hooks")
    wait_until(lambda: deliver(serving, notes, "m1") == 410)

    notes.apply(hook())

    wait_until(lambda: deliver(serving, notes, "m2") == 200)
    # "m1" may have been taken before the gateway knew of the deletion.
    wait_until(lambda: "m2" in marks(notes.made()))


def test_a_finalizer_of_somebody_else_holds_nothing_up(serving, notes):
    """Its owner has said that it is to go: it is not served while others still work on that."""
    kept = {"metadata": {"finalizers": ["example.com/keep"]}}
    notes.edit("EventSource", "hooks", kept)
    notes.kubectl("delete", "--wait=false", "eventsource", "hooks")

    wait_until(lambda: deliver(serving, notes, "m1") == 410)

    assert notes.get("EventSource", "hooks")["metadata"]["deletionTimestamp"]
    notes.edit("EventSource", "hooks", {"metadata": {"finalizers": None}})


# Argo Events beside it


def test_what_argo_events_still_serves_is_left_to_it_and_taken_over_when_it_lets_go(serving, team):
    team.account("default", "create,get configmaps")
    bind = ("create", "rolebinding", "kikkake-team", "--clusterrole=kikkake-team")
    team.kubectl(*bind, "--serviceaccount=kikkake:kikkake")
    theirs = [deployment("EventSource", "hooks"), deployment("Sensor", "notes")]
    team.apply(*theirs, hook(), sensor(creates(config_map())))
    for kind, name in (("EventSource", "hooks"), ("Sensor", "notes")):
        said = condition(team.until(kind, name, is_refused), "Ready")
        assert said["reason"] == "ServedByArgoEvents"
        assert "kubectl -n" in said["message"]
    assert deliver(serving, team, "m1") in {404, 410}

    let_go = time.monotonic()
    for each in theirs:
        team.kubectl("delete", "deployment", each["metadata"]["name"])

    wait_until(lambda: deliver(serving, team, "m2") == 200)
    assert time.monotonic() - let_go < 10
    # The source may be served a moment before the Sensor.
    wait_until(lambda: deliver(serving, team, "m2") == 200 and team.made())
    assert "m1" not in marks(team.made())


def test_without_a_view_of_deployments_a_finalizer_of_argo_events_is_believed(serving, team):
    """Nobody can say whether it still serves the resource: two gateways would do everything twice."""
    team.apply(hook(finalizers=["eventsource-controller"]))
    said = condition(team.until("EventSource", "hooks", is_refused), "Ready")
    assert said["reason"] == "ServedByArgoEvents"
    assert "finalizer" in said["message"]
    assert deliver(serving, team, "m1") in {404, 410}

    team.edit("EventSource", "hooks", {"metadata": {"finalizers": None}})

    wait_until(lambda: deliver(serving, team, "m2") == 200)
