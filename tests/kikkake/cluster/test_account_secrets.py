"""Secrets read as the account of the resource, against a real API server with RBAC."""

import asyncio
import base64

import orjson
import pytest

from events.clock import ManualClock
from events.ports import SecretForbidden, SecretRef, SecretUnavailable
from kikkake.cluster.account_secrets import AccountSecrets
from kikkake.kube import connect_kubeconfig
from sensors.access import reading as needs_reading
from tests.servers.proxy import Answer, FaultProxy

pytestmark = pytest.mark.kube

_WAIT_S = 20
RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces"


def encoded(**values):
    return {name: base64.b64encode(text.encode()).decode() for name, text in values.items()}


class Team:
    """A namespace with an account, and what its owner does there."""

    def __init__(self, reader, namespace):
        self.reader = reader
        self.namespace = namespace
        self.path = f"/api/v1/namespaces/{namespace}"
        reader.create(f"{self.path}/serviceaccounts", {"metadata": {"name": "hooks"}})

    def ref(self, name="s", key="k", kind="Secret"):
        return SecretRef(self.namespace, name, key, kind, f"{self.namespace}/hooks")

    def put(self, name="s", **values):
        secret = f"{self.path}/secrets/{name}"
        if self.reader.get(secret) is None:
            self.reader.create(
                f"{self.path}/secrets", {"metadata": {"name": name}, "data": encoded(**values)}
            )
        else:
            self.reader.patch(secret, {"data": encoded(**values)})

    def allow(self, *verbs, resource="secrets", names=("s",)):
        rule = {
            "apiGroups": [""],
            "resources": [resource],
            "resourceNames": list(names),
            "verbs": list(verbs),
        }
        self.reader.create(
            f"{RBAC}/{self.namespace}/roles", {"metadata": {"name": resource}, "rules": [rule]}
        )
        binding = {
            "metadata": {"name": resource},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": resource},
            "subjects": [{"kind": "ServiceAccount", "name": "hooks", "namespace": self.namespace}],
        }
        self.reader.create(f"{RBAC}/{self.namespace}/rolebindings", binding)


@pytest.fixture
def team(kube_reader, kube_namespace):
    return Team(kube_reader, kube_namespace)


@pytest.fixture
def clock():
    return ManualClock(1_000_000_000)


@pytest.fixture
async def secrets(kube_client, clock):
    secrets = AccountSecrets(kube_client, clock)
    yield secrets
    await secrets.close()


async def until(read, wanted):
    """Ask until the value is there: a watch tells of it, in its own time."""
    async with asyncio.timeout(_WAIT_S):
        while await read() != wanted:  # noqa: ASYNC110 - RBAC and watches of an API server have no event for us
            await asyncio.sleep(0.02)


async def test_it_is_read_as_the_account_and_a_rotation_is_seen_without_waiting(team, secrets):
    team.put(k="old")
    team.allow("get", "watch")
    await until(lambda: reading(secrets, team.ref()), b"old")

    team.put(k="new")
    await until(lambda: secrets.read(team.ref()), b"new")


async def reading(secrets, ref):
    try:
        return await secrets.read(ref)
    except SecretUnavailable:
        return None


async def test_what_the_account_may_not_read_says_how_to_allow_it_and_heals_when_it_is_allowed(
    team, secrets, clock
):
    team.put(k="v")
    with pytest.raises(SecretForbidden) as refused:
        await secrets.read(team.ref())
    assert f"system:serviceaccount:{team.namespace}:hooks" in str(refused.value)
    assert "create role" in str(refused.value)

    team.allow("get", "watch")

    async def again():
        clock.advance(3)
        return await reading(secrets, team.ref())

    await until(again, b"v")


async def test_a_refusal_names_every_secret_that_the_account_needs_and_not_only_this_one(team, secrets):
    more = [SecretRef(team.namespace, name, "k") for name in ("another", "zero")]
    secrets.known_needs = lambda account: needs_reading(more if account.name == "hooks" else [])
    with pytest.raises(SecretForbidden) as refused:
        await secrets.read(team.ref())
    names = " ".join(f"--resource-name={name}" for name in sorted(["another", team.ref().name, "zero"]))
    assert f"--resource=secrets {names} " in str(refused.value)


async def test_a_resource_that_names_no_account_reads_as_the_namespaces_default_and_never_as_the_gateway(
    team, secrets
):
    team.put(k="v")
    with pytest.raises(SecretUnavailable, match=f"ServiceAccount {team.namespace}/default does not exist"):
        await secrets.read(team.ref()._replace(account=None))


async def test_an_account_that_does_not_exist_is_named(team, secrets):
    with pytest.raises(SecretUnavailable, match=r"does not exist"):
        await secrets.read(team.ref()._replace(account=f"{team.namespace}/nobody"))


async def test_without_the_right_to_watch_a_rotation_arrives_after_half_a_minute(team, secrets, clock):
    team.put(k="old")
    team.allow("get")
    await until(lambda: reading_after(secrets, team.ref(), clock, 3), b"old")
    team.put(k="new")

    async def later():
        clock.advance(31)
        return await secrets.read(team.ref())

    await until(later, b"new")


async def reading_after(secrets, ref, clock, seconds):
    clock.advance(seconds)
    return await reading(secrets, ref)


async def test_one_that_is_deleted_serves_no_longer(team, secrets, clock):
    team.put(k="v")
    team.allow("get", "watch")
    await until(lambda: reading_after(secrets, team.ref(), clock, 3), b"v")
    team.reader.delete(f"{team.path}/secrets/s")
    await until(lambda: reading(secrets, team.ref()), None)
    with pytest.raises(SecretUnavailable, match="it does not exist"):
        await secrets.read(team.ref())


async def test_one_that_is_deleted_while_its_watch_is_too_old_serves_no_longer(
    team, kube_server, clock, tmp_path
):
    team.put(k="v")
    team.allow("get", "watch")
    gone = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
    async with FaultProxy(kube_server, hits=lambda _method, target: "watch=" in target) as proxy:
        proxy.ailment = lambda _method, target: (
            Answer(410, body=orjson.dumps(gone)) if "watch=" in target else None
        )
        client = await connect_kubeconfig(kube_server.write_kubeconfig(tmp_path / "config", url=proxy.url))
        secrets = AccountSecrets(client, clock, chance=lambda: 0.1)
        await until(lambda: reading_after(secrets, team.ref(), clock, 3), b"v")
        team.reader.delete(f"{team.path}/secrets/s")
        for _ in range(200):
            # Far less than the time after which it would be read anew without a watch.
            clock.advance(0.05)
            if await reading(secrets, team.ref()) is None:
                break
            await asyncio.sleep(0.01)  # an answer of the API server may be on its way
        assert await reading(secrets, team.ref()) is None
        await secrets.close()
        await client.close()


async def test_a_key_that_is_missing_names_those_that_are_there_and_no_value(team, secrets, clock):
    team.put(other="canary-value")
    team.allow("get", "watch")
    await until(lambda: reading_after(secrets, team.ref(key="other"), clock, 3), b"canary-value")
    with pytest.raises(SecretUnavailable) as refused:
        await secrets.read(team.ref())
    assert "keys: other" in str(refused.value)
    assert "canary" not in str(refused.value)


async def test_while_the_api_server_is_away_the_last_value_serves(team, kube_server, clock, tmp_path):
    team.put(k="v")
    team.allow("get")
    async with FaultProxy(kube_server) as proxy:
        client = await connect_kubeconfig(kube_server.write_kubeconfig(tmp_path / "config", url=proxy.url))
        secrets = AccountSecrets(client, clock)
        await until(lambda: reading_after(secrets, team.ref(), clock, 3), b"v")
        await proxy.refuse()
        for seconds in (60, 7200):
            clock.advance(seconds)
            assert await secrets.read(team.ref()) == b"v"
        await secrets.close()
        await client.close()


async def test_many_deliveries_at_once_ask_once(team, kube_server, clock, tmp_path):
    team.put(k="v")
    team.allow("get")
    async with FaultProxy(kube_server, hits=lambda _method, target: "/secrets/s" in target) as proxy:
        client = await connect_kubeconfig(kube_server.write_kubeconfig(tmp_path / "config", url=proxy.url))
        secrets = AccountSecrets(client, clock)
        await until(lambda: reading_after(secrets, team.ref(), clock, 3), b"v")
        clock.advance(31)
        asked = proxy.counts.forwarded
        assert set(await asyncio.gather(*(secrets.read(team.ref()) for _ in range(50)))) == {b"v"}
        assert proxy.counts.forwarded - asked <= 2, "one get, and perhaps the watch that it begins"
        await secrets.close()
        await client.close()
