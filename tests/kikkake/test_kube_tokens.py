"""Tokens of accounts: asked for once, renewed in time, and used to their end while the API server is away."""

import asyncio
import json

import pytest

from events.ports import KubeError, KubeNotSent
from kikkake.kube_tokens import AccountTokens


class Api:
    """It gives a new token each time, for as long as is asked, or fails as it is told."""

    def __init__(self):
        self.now = 1000.0
        self.asked = []
        self.failure = None
        self.tokens = AccountTokens(self.post, monotonic=lambda: self.now)

    async def post(self, path, body):
        self.asked.append(path)
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        return {"status": {"token": f"t{len(self.asked)}"}, "spec": json.loads(body)["spec"]}


@pytest.fixture
def api():
    return Api()


async def test_many_who_act_as_one_account_ask_once_until_most_of_its_ten_minutes_is_over(api):
    assert set(await asyncio.gather(*(api.tokens.token("ci/a") for _ in range(20)))) == {"t1"}
    api.now += 479
    assert await api.tokens.token("ci/a") == "t1"
    api.now += 2
    assert await api.tokens.token("ci/a") == "t2"
    assert api.asked == ["/api/v1/namespaces/ci/serviceaccounts/a/token"] * 2


@pytest.mark.parametrize("failure", [KubeNotSent("refused"), KubeError(503, "", ""), KubeError(429, "", "")])
async def test_while_no_new_one_is_to_be_had_the_old_one_serves_to_its_end(api, failure):
    await api.tokens.token("ci/a")
    api.failure = failure
    api.now += 599
    assert await api.tokens.token("ci/a") == "t1"
    api.now += 2
    with pytest.raises((KubeError, KubeNotSent)):
        await api.tokens.token("ci/a")


async def test_a_refusal_to_give_a_new_one_ends_the_old_one_too(api):
    await api.tokens.token("ci/a")
    api.failure = KubeError(403, "Forbidden", "serviceaccounts is forbidden")
    api.now += 481
    with pytest.raises(KubeError):
        await api.tokens.token("ci/a")


async def test_of_many_who_are_refused_with_one_token_only_the_first_asks_for_a_new_one(api):
    refused = f"Bearer {await api.tokens.token('ci/a')}"
    for _ in range(5):
        api.tokens.forget("ci/a", refused)
        assert await api.tokens.token("ci/a") == "t2"


async def test_a_namespace_that_is_let_go_has_no_tokens_left(api):
    await api.tokens.token("ci/a")
    await api.tokens.token("ci-other/a")
    api.tokens.forget_namespace("ci")
    assert await api.tokens.token("ci-other/a") == "t2"
    assert await api.tokens.token("ci/a") == "t3"
