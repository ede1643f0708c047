"""What is missing is said, stops only what needs it, and heals when it comes: nobody restarts anything."""

import pytest

from tests.cluster.team import (
    Team,
    condition,
    config_map,
    creates,
    hook,
    is_refused,
    locked_hook,
    marks,
    sensor,
)
from tests.stories.process import wait_until

pytestmark = pytest.mark.kube
KEY = {"Authorization": "Bearer the-token", "Content-Type": "application/json"}
WRONG = {"Authorization": "Bearer wrong"}


class Broken:
    """A team in which everything is missing that is named below, and what was said of it."""

    def __init__(self, cluster, serving):
        self.team, self.other = Team(cluster), Team(cluster)
        self.team.account("default", "create,get configmaps")
        self.team.kubectl("create", "secret", "generic", "lock", "--from-literal=token=the-token")
        self.team.apply(
            hook(),
            sensor(creates(config_map(namespace=self.other.name)), name="guest"),
            sensor(creates(config_map()), name="late", account="late"),
            locked_hook("lock", "locked"),
            locked_hook("nowhere", "secretless"),
            sensor(creates(config_map()), name="behind", source="locked"),
        )
        self.said = {
            (kind, name): condition(self.team.until(kind, name, is_refused), "Ready")
            for kind, name in (
                ("Sensor", "guest"),
                ("Sensor", "late"),
                ("EventSource", "locked"),
                ("EventSource", "secretless"),
            )
        }
        self.before = {name: self.knock(serving, name) for name in ("locked", "secretless")}

    def knock(self, serving, name, headers=KEY, mark="early"):
        path = f"/{self.team.name}/{name}/push"
        return serving.request(serving.port, "POST", path, headers, f'{{"mark": "{mark}"}}'.encode()).status

    def heal(self):
        self.other.grant("default", "create,get configmaps", role="guests", of=self.team.name)
        self.team.account("late", "create,get configmaps")
        self.team.grant("default", "get,watch secrets", role="secrets")
        self.team.kubectl("create", "secret", "generic", "nowhere", "--from-literal=token=the-token")


@pytest.fixture(scope="module")
def broken(cluster, serving):
    """Broken, then healed: a status is written again after 30 s at the soonest, so all tests wait for that once."""
    found = Broken(cluster, serving)
    found.heal()
    yield found
    found.team.disable()
    found.other.disable()


def test_rights_in_another_namespace_are_asked_for_and_used(serving, broken):
    """Case 7 the other way: what the account may, the Sensor can."""
    said = broken.said["Sensor", "guest"]
    assert said["reason"] == "InvalidTriggers"
    assert f"may not get,create configmaps in namespace {broken.other.name}" in said["message"]
    assert "[TargetNamespaceNotAllowed]" in said["message"]

    assert serving.post(f"/{broken.team.name}/hooks/push", {"mark": "m1"}).status == 200

    [made] = broken.other.until_made()
    assert made["metadata"]["namespace"] == broken.other.name


def test_an_account_may_come_late(serving, broken):
    assert "/late does not exist" in broken.said["Sensor", "late"]["message"]

    assert serving.post(f"/{broken.team.name}/hooks/push", {"mark": "m2"}).status == 200

    wait_until(lambda: "m2" in marks(broken.team.made()))


def test_a_secret_that_is_refused_closes_the_endpoint_until_it_is_granted(serving, broken):
    """503: the sender keeps the delivery."""
    said = broken.said["EventSource", "locked"]
    assert said["reason"] == "SecretForbidden"
    assert "resourceNames" in said["message"] or "--resource-name" in said["message"]
    assert "the-token" not in said["message"]
    assert broken.before["locked"] == 503

    wait_until(lambda: broken.knock(serving, "locked", mark="m3") == 200)

    assert broken.knock(serving, "locked", WRONG) == 401
    wait_until(lambda: "m3" in marks(broken.team.made()))


def test_a_secret_may_come_late(serving, broken):
    assert broken.said["EventSource", "secretless"]["reason"] == "SecretForbidden"
    assert broken.before["secretless"] == 503

    wait_until(lambda: broken.knock(serving, "secretless") == 200)


def test_every_status_is_true_again(broken):
    for kind, name in broken.said:
        broken.team.until(
            kind, name, lambda found: condition(found, "Ready")["status"] == "True", timeout_s=60
        )


def test_a_cause_is_one_kubernetes_event(broken):
    for _kind, name in broken.said:
        told = broken.team.events_about(name)
        assert len(told) == len({each["reason"] for each in told}) == 1
        assert told[0]["type"] == "Warning"
        assert told[0]["involvedObject"]["namespace"] == broken.team.name
