"""The Lease of the one gateway that acts, on a real API server; time is the test's."""

import asyncio
import secrets

import orjson
import pytest

from events.clock import ManualClock
from events.ports import KubeError
from kikkake.cluster.lease import Claim, Lease, LeaseLost
from kikkake.kube import connect_kubeconfig
from tests.servers.proxy import Answer, FaultProxy

pytestmark = pytest.mark.kube

START_US = 1_700_000_000_000_000
_WAIT_S = 20


class Time:
    """One clock of two machines: the wall, and the monotonic one that goes with it."""

    def __init__(self):
        self.wall = ManualClock(START_US)

    def monotonic(self):
        return (self.wall.now_us() - START_US) / 1e6

    async def pass_until(self, done):
        """Let sleepers sleep on until `done`; each step waits for what the network still owes."""
        async with asyncio.timeout(_WAIT_S):
            while not done():
                if (next_us := self.wall.next_wake_us()) is not None:
                    self.wall.move_to(next_us)
                await asyncio.sleep(0.005)  # an answer of the API server may be on its way

    def advance(self, seconds):
        self.wall.advance(seconds)


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def lease(kube_client, kube_namespace, time):
    """A claim on one Lease for each holder."""

    def make(holder, client=None):
        claim = Claim(kube_namespace, "kikkake", holder)
        return Lease(client or kube_client, time.wall, claim, monotonic=time.monotonic, chance=lambda: 0.5)

    return make


async def ended(task):
    async with asyncio.timeout(_WAIT_S):
        return await asyncio.gather(task, return_exceptions=True)


async def test_the_first_one_has_it_and_the_second_waits_until_it_runs_out(lease, time):
    first, second = lease("one"), lease("two")
    await first.acquire()
    waiting = asyncio.create_task(second.acquire(), name="second")
    await time.pass_until(lambda: time.monotonic() > 50)
    assert not waiting.done()

    await time.pass_until(waiting.done)
    assert 60 <= time.monotonic() <= 70
    assert (first.epoch, second.epoch) == (0, 1)


async def test_one_that_is_renewed_is_never_taken(lease, time):
    first, second = lease("one"), lease("two")
    await first.acquire()
    renewing = asyncio.create_task(first.run(), name="first")
    waiting = asyncio.create_task(second.acquire(), name="second")
    await time.pass_until(lambda: time.monotonic() > 300)
    assert not waiting.done()
    for task in (renewing, waiting):
        task.cancel()
        await ended(task)


async def test_one_that_starts_again_on_the_same_store_goes_on_at_once_and_another_store_does_not(
    lease, time
):
    await lease("pod_a").acquire()
    again = lease("pod_a")
    await again.acquire()
    assert (time.monotonic(), again.epoch) == (0, 0)


async def test_a_released_one_is_taken_at_once(lease, time):
    first, second = lease("one"), lease("two")
    await first.acquire()
    await first.release()
    await second.acquire()
    assert (time.monotonic(), second.epoch) == (0, 1)


async def test_no_attempt_begins_late_in_a_lease_that_was_not_renewed(lease, time):
    first = lease("one")
    await first.acquire()
    await first.turn()
    time.advance(30)
    turn = asyncio.create_task(first.turn(), name="turn")
    await asyncio.sleep(0)
    assert not turn.done()

    renewing = asyncio.create_task(first.run(), name="renew")
    await ended(turn)
    renewing.cancel()
    await ended(renewing)


async def test_one_that_slept_and_lost_it_attempts_nothing_and_ends(lease, time):
    sleeper, other = lease("one"), lease("two")
    await sleeper.acquire()
    waiting = asyncio.create_task(other.acquire(), name="other")
    await time.pass_until(waiting.done)

    turn = asyncio.create_task(sleeper.turn(), name="turn")
    renewing = asyncio.create_task(sleeper.run(), name="renew")
    [lost], [refused] = await ended(renewing), await ended(turn)
    assert isinstance(lost, LeaseLost)
    assert "held by two" in str(lost)
    assert isinstance(refused, LeaseLost)


async def test_while_the_api_server_is_away_the_start_goes_on_without_attempts(
    kube_server, lease, time, tmp_path
):
    async with FaultProxy(kube_server) as proxy:
        client = await connect_kubeconfig(kube_server.write_kubeconfig(tmp_path / "config", url=proxy.url))
        await proxy.refuse()
        mine = lease("one", client)
        starting = asyncio.create_task(mine.acquire(), name="start")
        await time.pass_until(starting.done)
        turn = asyncio.create_task(mine.turn(), name="turn")
        renewing = asyncio.create_task(mine.run(), name="renew")
        await time.pass_until(lambda: time.monotonic() > 30)
        assert not turn.done()

        await proxy.accept()
        await time.pass_until(turn.done)
        renewing.cancel()
        await ended(renewing)
        await client.close()


async def test_a_renewal_that_meets_a_change_of_somebody_else_looks_again_and_keeps_it(
    kube_server, lease, time, tmp_path
):
    async with FaultProxy(kube_server, hits=lambda method, _target: method == "PUT") as proxy:
        client = await connect_kubeconfig(kube_server.write_kubeconfig(tmp_path / "config", url=proxy.url))
        mine = lease("one", client)
        await mine.acquire()
        conflict = {"kind": "Status", "code": 409, "reason": "Conflict", "message": "it has been modified"}
        proxy.plan.append(Answer(409, body=orjson.dumps(conflict)))
        renewing = asyncio.create_task(mine.run(), name="renew")
        await time.pass_until(lambda: time.monotonic() > 100)

        assert not renewing.done()
        assert proxy.counts.answered == 1
        async with asyncio.timeout(_WAIT_S):
            await mine.turn()
        renewing.cancel()
        await ended(renewing)
        await client.close()


async def test_of_two_who_take_it_at_once_one_has_it(lease):
    rivals = [lease(secrets.token_hex(4)) for _ in range(8)]
    tries = await asyncio.gather(*(rival._try() for rival in rivals), return_exceptions=True)
    assert not [answer for answer in tries if isinstance(answer, KubeError)]
    assert tries.count("") == 1
