"""The process ends, on purpose or not, and starts again on the same store: nothing is lost, nothing comes twice."""

from __future__ import annotations

import signal
import socket
import time

import pytest

from tests.servers.http_sink import Hang, Reply
from tests.stories import deliveries, resources
from tests.stories.process import Kikkake, wait_until


def write_a_push_that_posts(gateway: Kikkake, url: str) -> None:
    """An HTTP trigger fires in a dry run only where a cluster is named: it needs none itself."""
    gateway.write("github.yaml", resources.github())
    gateway.write(
        "call.yaml", resources.sensor(resources.post(url), retry="{steps: 60, duration: 100ms, factor: 1}")
    )


def commits(sink) -> list[str]:
    return [received.body.decode() for received in sink.received]


@pytest.mark.kube
def test_sigterm_finishes_what_is_in_hand(kikkake, background, kube_server):
    """A delivery whose head has arrived is answered, a running attempt is let end, and nothing stays in doubt."""
    kikkake.arguments += ["--kubeconfig", str(kube_server.kubeconfig)]
    with background.sink() as sink:
        sink.default = Reply(delay_s=1.5)
        write_a_push_that_posts(kikkake, sink.url)
        kikkake.start()
        kikkake.deliver(deliveries.push("d1"))
        wait_until(lambda: len(sink.received) == 1)
        half = half_sent(kikkake, deliveries.push("d2"))

        kikkake.signal(signal.SIGTERM)
        wait_until(lambda: is_refused(kikkake.port))
        answer = finish(*half)

        assert kikkake.wait_ended() == 0
        assert answer.startswith(b"HTTP/1.1 200 "), answer
        assert len(sink.received) == 1
    told = kikkake.command("explain", "d1", "--data", "data")
    assert "done at attempt 1" in told.out, told.out + told.err

    with background.sink() as sink:
        write_a_push_that_posts(kikkake, sink.url)
        kikkake.start()
        kikkake.wait_idle()
        assert commits(sink) == ['{"commit":"d2"}'], "it was answered 200 and judged by the next process"


@pytest.mark.kube
def test_after_a_kill_what_was_acknowledged_is_done_once(kikkake, background, kube_server):
    """The outside is away while the process is killed; every delivery is sent again afterwards, as senders do."""
    kikkake.arguments += ["--kubeconfig", str(kube_server.kubeconfig)]
    with background.sink() as sink:
        background.run(sink.close())
        write_a_push_that_posts(kikkake, sink.url)
        sent = [deliveries.push(f"d{number}") for number in range(20)]
        for number, delivery in enumerate(sent):
            if number % 7 == 0:
                kikkake.kill()
                kikkake.start()
            assert kikkake.deliver(delivery).status == 200
        kikkake.kill()
        kikkake.start()
        background.run(sink.open())
        again = [kikkake.deliver(delivery).body["duplicate"] for delivery in sent]

        kikkake.wait_idle()
        assert all(again)
        assert sorted(commits(sink)) == sorted(f'{{"commit":"d{number}"}}' for number in range(20))


def test_a_file_that_is_broken_at_the_start_leaves_the_last_good_text_in_force(kikkake):
    kikkake.write("github.yaml", resources.github())
    kikkake.write("build.yaml", resources.sensor(resources.config_map()))
    kikkake.start()
    assert kikkake.stop() == 0
    kikkake.write("build.yaml", "spec: [unclosed\n")
    kikkake.write("github.yaml", resources.github().replace('port: "12000"', "port: {}"))

    kikkake.start()
    kikkake.deliver(deliveries.push("d1"))
    kikkake.wait_idle()

    assert kikkake.resource("Sensor", "build")["state"] == "outdated"
    assert kikkake.resource("EventSource", "github")["state"] == "outdated"
    assert "done" in kikkake.command("explain", "d1").out
    assert "build.yaml" in kikkake.said(), "the start says which file is broken"


def test_a_file_that_was_removed_while_nothing_ran_is_gone(kikkake):
    """Nobody was saving it just then, so that it is not waited for."""
    kikkake.write("github.yaml", resources.github())
    sensor = kikkake.write("build.yaml", resources.sensor(resources.config_map()))
    kikkake.start()
    assert kikkake.stop() == 0
    sensor.unlink()

    kikkake.start()

    assert kikkake.resource("Sensor", "build") == {}


@pytest.mark.kube
def test_a_second_wish_to_stop_waits_for_nothing(kikkake, background, kube_server):
    """But a signal that arrives twice at once, as `timeout` and shells send it, is one wish."""
    kikkake.arguments += ["--kubeconfig", str(kube_server.kubeconfig)]
    with background.sink() as sink:
        sink.default = Hang()
        write_a_push_that_posts(kikkake, sink.url)
        kikkake.start()
        kikkake.deliver(deliveries.push("d1"))
        wait_until(lambda: len(sink.received) == 1)

        kikkake.signal(signal.SIGTERM)
        kikkake.signal(signal.SIGTERM)
        wait_until(lambda: is_refused(kikkake.port))
        began = time.monotonic()
        wait_until(lambda: time.monotonic() - began > 1.2)
        assert kikkake.is_running
        assert kikkake.end_with(signal.SIGTERM) == -signal.SIGKILL

        sink.default = Reply()
        kikkake.start()
        kikkake.wait_idle()
        assert commits(sink) == ['{"commit":"d1"}'] * 2, (
            "nobody knows whether it was done, and it is repeatable"
        )
        keys = {received.header("idempotency-key") for received in sink.received}
        assert len(keys) == 1, "the receiver can tell"


def test_ctrl_c_ends_it_with_success_too(kikkake):
    kikkake.write("github.yaml", resources.github())
    kikkake.start()

    assert kikkake.end_with(signal.SIGINT) == 0


def half_sent(gateway: Kikkake, delivery: deliveries.Delivery) -> tuple[socket.socket, bytes]:
    """A connection on which the head and a part of the body were sent, and the rest."""
    head = f"POST {delivery.path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(delivery.body)}\r\n"
    head += "Expect: 100-continue\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in delivery.headers.items())
    connection = socket.create_connection(("127.0.0.1", gateway.port), timeout=20)
    connection.sendall(head.encode() + b"\r\n")
    assert connection.recv(1000).startswith(b"HTTP/1.1 100 "), "the head was read"
    connection.sendall(delivery.body[:40])
    return connection, delivery.body[40:]


def finish(connection: socket.socket, rest: bytes) -> bytes:
    """Send the rest; the first bytes of the answer."""
    with connection:
        connection.sendall(rest)
        return connection.recv(65536)


def is_refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:
        # It was in the queue of a listener that closed.
        return False
    return False
