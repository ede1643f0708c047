"""The life of the process: started, stopped, killed, frozen, replaced, logged in anew. One writer at any time."""

import signal
import socket

import pytest

from tests.cluster.serving import lease_holder
from tests.cluster.team import config_map, creates, hook, is_ready, marks, sensor
from tests.manifests.cluster import GATEWAY
from tests.servers.proxy import Answer, Delay
from tests.stories.process import wait_until

pytestmark = pytest.mark.kube


@pytest.fixture
def notes(team):
    """A team whose Sensor makes a ConfigMap of each delivery."""
    team.account("default", "create,get configmaps")
    team.apply(hook(), sensor(creates(config_map())))
    return team


@pytest.fixture
def proxy(cluster, background):
    """Between a gateway and the API server."""
    with background.proxy(cluster.server) as found:
        yield found


def creates_objects(method, target):
    return method == "POST" and "/configmaps" in target


def deliver(gateway, team, mark, name="hooks"):
    return gateway.post(f"/{team.name}/{name}/push", {"mark": mark}, delivery_id=mark).status


def test_sigterm_lets_the_running_attempt_finish_and_gives_the_lease_away(cluster, gateways, notes, proxy):
    gateway = gateways(url=proxy.url)
    gateway.start()
    notes.until_ready("Sensor", "notes")
    proxy.hits = creates_objects
    proxy.plan.append(Delay(2.0))
    assert deliver(gateway, notes, "m1") == 200
    wait_until(lambda: proxy.counts.delayed == 1)

    assert gateway.stop() == 0

    assert marks(notes.made()) == ["m1"]
    assert lease_holder(cluster) == ""
    gateway.start()
    figures = gateway.wait_idle()
    assert figures["deadLetters"] == 0
    assert marks(notes.made()) == ["m1"]


def test_sigterm_answers_the_delivery_that_is_in_hand(gateways, notes):
    """Its headers came before the signal and its body after it: stored and answered, well within 20 s."""
    gateway = gateways()
    gateway.start()
    notes.until_ready("Sensor", "notes")
    body = b'{"mark": "m1"}'
    head = f"POST /{notes.name}/hooks/push HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=20) as sender:
        sender.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:5])
        wait_until(gateway.is_ready)
        gateway.signal(signal.SIGTERM)
        wait_until(lambda: not gateway.is_ready())
        sender.sendall(body[5:])
        answer = sender.recv(4096)

    assert answer.startswith(b"HTTP/1.1 200")
    assert gateway.wait_ended() == 0
    gateway.start()
    assert marks(notes.until_made()) == ["m1"]


def test_a_second_gateway_waits_for_the_lease_and_takes_over_at_once(cluster, gateways, notes):
    """With a store of its own: nothing but the Lease is between the two."""
    first, second = gateways(), gateways()
    first.start()
    notes.until_ready("Sensor", "notes")
    second.launch()
    wait_until(lambda: "lease.waiting" in second.said())
    assert not second.is_ready()
    assert deliver(first, notes, "m1") == 200
    notes.until_made()

    assert first.stop() == 0

    wait_until(second.is_ready)
    assert lease_holder(cluster).startswith("kikkake-0_")
    wait_until(lambda: deliver(second, notes, "m2") == 200)
    wait_until(lambda: marks(notes.made()) == ["m1", "m2"])


def test_a_gateway_that_slept_longer_than_its_lease_writes_nothing_when_it_wakes(gateways, team, proxy):
    """It sleeps with attempts that are due long before it wakes; a successor has the Lease by then."""
    team.account("default", "create,get configmaps")
    team.apply(hook(), sensor(creates(config_map()), retry={"steps": 9, "duration": "2s"}))
    first, second = gateways(url=proxy.url), gateways()
    first.start()
    team.until_ready("Sensor", "notes")
    due = [f"due-{number}" for number in range(8)]
    proxy.hits = creates_objects
    proxy.plan.extend([Answer(503)] * len(due))
    for mark in due:
        assert deliver(first, team, mark) == 200
    wait_until(lambda: proxy.counts.answered == len(due))
    first.signal(signal.SIGSTOP)
    proxy.plan.clear()
    second.start()
    assert deliver(second, team, "m1") == 200
    team.until_made()
    written = []

    def note(method, target):
        if method != "GET":
            written.append((method, target))
        return False

    proxy.hits = note

    first.signal(signal.SIGCONT)

    assert first.wait_ended() != 0
    assert written == []
    assert "another gateway acts now" in first.said()
    assert marks(team.made()) == ["m1"]
    # What it has taken in is not lost: the next process on its store carries it out.
    assert second.stop() == 0
    first.start()
    wait_until(lambda: marks(team.made()) == [*due, "m1"])


def test_a_token_that_is_refused_is_read_again_where_it_came_from(cluster, gateways, notes):
    """Rotation: the account is made anew, so that every token of it is refused; then a new one is there."""
    gateway = gateways()
    gateway.start()
    notes.until_ready("Sensor", "notes")
    account = ("-n", "kikkake", "serviceaccount", "kikkake")
    assert cluster.kubectl("delete", *account).code == 0
    assert cluster.kubectl("create", *account).code == 0
    wait_until(lambda: "401" in gateway.said(), timeout_s=30)
    assert deliver(gateway, notes, "m1") == 200

    gateway.log_in(cluster.token(*GATEWAY))

    notes.apply(hook("late"), sensor(creates(config_map()), name="late", source="late"))
    notes.until("Sensor", "late", is_ready, timeout_s=60)
    wait_until(lambda: deliver(gateway, notes, "m2", name="late") == 200)
    wait_until(lambda: marks(notes.made()) == ["m1", "m2"])


def test_a_token_of_a_team_that_is_refused_is_asked_for_again(gateways, notes):
    gateway = gateways()
    gateway.start()
    notes.until_ready("Sensor", "notes")
    assert deliver(gateway, notes, "m1") == 200
    notes.until_made()

    notes.kubectl("delete", "serviceaccount", "default")
    notes.kubectl("create", "serviceaccount", "default")

    for number in range(2, 5):
        assert deliver(gateway, notes, f"m{number}") == 200
    assert marks(notes.until_made(4)) == ["m1", "m2", "m3", "m4"]


def test_an_order_by_hand_is_carried_out_once_also_over_a_kill(gateways, notes):
    gateway = gateways()
    gateway.start()
    notes.until_ready("Sensor", "notes")
    for mark in ("m0", "m1", "m2"):
        order = f'{{"event": "push", "data": {{"body": {{"mark": "{mark}"}}}}}}'
        notes.kubectl("annotate", "--overwrite", "eventsource", "hooks", f"kikkake/fire={order}")
        gateway.kill()
        gateway.start()
        # Killed once more, whatever it has done by now.
        gateway.kill()
        gateway.start()
        wait_until(lambda mark=mark: mark in marks(notes.made()))

    gateway.wait_idle()
    assert marks(notes.made()) == ["m0", "m1", "m2"]
