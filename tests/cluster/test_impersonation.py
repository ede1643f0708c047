"""`--identity impersonate`: no tokens, and a right that each namespace gives by itself."""

import pytest

from tests.cluster.team import condition, config_map, creates, hook, is_refused, marks, sensor

pytestmark = pytest.mark.kube


def test_a_role_in_the_teams_namespace_lets_the_gateway_be_its_account_with_the_accounts_groups(
    gateways, team
):
    """The team's own right belongs to a group: whoever is the account has it, as with a token."""
    team.kubectl("create", "serviceaccount", "default")
    team.kubectl("create", "role", "maker", "--verb=create,get", "--resource=configmaps")
    group = f"--group=system:serviceaccounts:{team.name}"
    team.kubectl("create", "rolebinding", "maker", "--role=maker", group)
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"generateName": "made-"}}
    team.apply(hook(), sensor(creates(config_map())), sensor(creates(secret, parameters=[]), name="more"))
    gateway = gateways()
    gateway.arguments = ["--identity=impersonate"]
    gateway.start()
    told = condition(team.until("Sensor", "notes", is_refused), "TriggersProvided")["message"]
    assert f"may not act as ServiceAccount {team.name}/default" in told
    role = ("role", "kikkake-as-default", "--verb=impersonate", "--resource=serviceaccounts")
    assert " ".join(role) in told
    binding = ("rolebinding", "kikkake-as-default", "--role=kikkake-as-default")
    assert " ".join((*binding, "--serviceaccount=kikkake:kikkake")) in told

    team.kubectl("create", *role, "--resource-name=default")
    team.kubectl("create", *binding, "--serviceaccount=kikkake:kikkake")

    team.until("Sensor", "notes", lambda each: not is_refused(each), timeout_s=60)
    more = condition(team.until("Sensor", "more", is_refused), "TriggersProvided")
    assert f"service account {team.name}/default may not get,create secrets" in more["message"]
    assert gateway.post(f"/{team.name}/hooks/push", {"mark": "m1"}).status == 200
    assert marks(team.until_made()) == ["m1"]
