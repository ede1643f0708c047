"""Sensors that wait for more than one event: what is held, and when it is over, survives a kill."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.servers.http_sink import HttpSink
from tests.stories import deliveries, resources
from tests.stories.process import Kikkake, wait_until

KEY = {"push": {"dataKey": "body.after"}, "image": {"dataKey": "artifact.tags.0"}}


@pytest.fixture
def sink(background):
    with background.sink() as sink:
        yield sink


@pytest.fixture
def gateway(kikkake: Kikkake) -> Kikkake:
    kikkake.name_a_cluster()
    kikkake.write("sources.yaml", resources.github(), resources.harbor())
    return kikkake


def trigger(sink: HttpSink, name: str, *dependencies: str, **members: Any) -> dict[str, Any]:
    """Posts the commits and tags that it got, as lists, to a path of its name."""
    where = {"push": "body.after", "image": "artifact.tags.0"}
    payload = [
        {"src": {"dependencyName": each, "dataKey": where[each], "all": True}, "dest": each} for each in where
    ]
    return {
        "template": {
            "name": name,
            **({"conditions": " && ".join(dependencies)} if dependencies else {}),
            **members,
            "http": {"url": f"{sink.url}/{name}", "method": "POST", "payload": payload},
        }
    }


def sensor(*triggers: dict[str, Any]) -> str:
    dependencies = [
        {"name": "push", "eventSourceName": "github", "eventName": "push"},
        {"name": "image", "eventSourceName": "harbor", "eventName": "image"},
    ]
    return json.dumps(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Sensor",
            "metadata": {"name": "waits", "namespace": "default"},
            "spec": {"dependencies": dependencies, "triggers": list(triggers)},
        }
    )


def fired(sink: HttpSink) -> list[tuple[str, dict[str, list[str]]]]:
    """Trigger, and the commits and tags by dependency, of each effect in a fixed order.

    A request that was in doubt when the process was killed is sent again, under the same key.
    """
    found = {}
    for request in list(sink.received):
        body = {name: json.loads(text) for name, text in json.loads(request.body).items()}
        found[request.header("idempotency-key")] = (request.target.lstrip("/"), body)
    return sorted(found.values(), key=str)


def restart(gateway: Kikkake) -> None:
    gateway.kill()
    gateway.start()


def test_a_pair_of_one_key_is_found_over_a_kill_and_what_never_comes_is_told_once(gateway, sink):
    correlate = {"key": KEY, "within": "1500ms", "onTimeout": {"trigger": "late"}}
    gateway.write(
        "waits.yaml",
        sensor(trigger(sink, "both", "push", "image", correlate=correlate), trigger(sink, "late")),
    )
    gateway.start()
    for commit in ("a", "b", "c"):
        gateway.deliver(deliveries.push(commit))
    gateway.deliver(deliveries.image("b"))
    wait_until(lambda: fired(sink) == [("both", {"push": ["b"], "image": ["b"]})])

    restart(gateway)
    gateway.deliver(deliveries.image("d"))
    gateway.kill()
    over = time.monotonic() + 1.6
    wait_until(lambda: time.monotonic() > over)
    gateway.start()

    wanted = [
        ("both", {"push": ["b"], "image": ["b"]}),
        ("late", {"image": ["d"]}),
        ("late", {"push": ["a"]}),
        ("late", {"push": ["c"]}),
    ]
    wait_until(lambda: len(fired(sink)) >= 4)
    restart(gateway)
    gateway.wait_idle()
    assert fired(sink) == sorted(wanted, key=str)
    told = gateway.command("explain", "a").out
    assert "both (http) timed-out" in told, told
    assert "late (http) done" in told


def test_a_batch_is_filled_over_kills(gateway, sink):
    gateway.write("waits.yaml", sensor(trigger(sink, "pile", "push", batch={"max": 3})))
    gateway.start()
    for number in range(7):
        gateway.deliver(deliveries.push(f"d{number}"))
        if number in (1, 4):
            gateway.wait_idle()
            restart(gateway)

    wait_until(lambda: len(fired(sink)) == 2)
    gateway.wait_idle()
    assert fired(sink) == [("pile", {"push": ["d0", "d1", "d2"]}), ("pile", {"push": ["d3", "d4", "d5"]})]


def test_a_debounce_that_ends_while_nothing_runs_fires_at_the_next_start_and_once(gateway, sink):
    gateway.write("waits.yaml", sensor(trigger(sink, "quiet", "push", debounce="1500ms", hold="all")))
    gateway.start()
    for number in range(3):
        gateway.deliver(deliveries.push(f"d{number}"))
    gateway.kill()
    over = time.monotonic() + 1.6
    wait_until(lambda: time.monotonic() > over)
    assert fired(sink) == []

    gateway.start()
    wait_until(lambda: fired(sink) != [])
    restart(gateway)
    gateway.wait_idle()
    assert fired(sink) == [("quiet", {"push": ["d0", "d1", "d2"]})]
