"""Scripts that go wrong, and workers that are killed: the other Sensors do not notice, and nothing comes twice."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import Any

import pytest

from tests.servers.http_sink import HttpSink
from tests.stories import deliveries, resources, workers
from tests.stories.process import Kikkake, wait_for, wait_until

WORKERS = 3
"""Two that work, and one that stands by (`SandboxSettings.workers`)."""

GOOD = {
    "plain": {},
    "with-jq": {"jq": ".body.after |= ascii_downcase"},
    "with-lua": {"script": "return event.body.deleted == false"},
    "with-both": {"lua": "event.seen = true return event", "script": "return event.seen"},
}
"""Sensors that do as they should; each posts the commit to a path of its own."""

HOSTILE = {
    "recursion": ({"jq": "def f: f; f"}, "too deeply"),
    "endless": ({"jq": "last(range(1e12))"}, "it took too long"),
    "find": (
        {
            "script": "xpcall(function() return string.find(string.rep('a', 1e6), '.-.-.-.-b') end,"
            " function() return 1 end) return true"
        },
        "it took too long",
    ),
    "hungry-jq": ({"jq": '{a: ("x" * 2000000000)}'}, "memory"),
    "hungry-lua": ({"script": "return string.rep('a', 2^30)"}, "memory"),
    "crash": (
        {
            "script": "local function r(n) return (('x'):gsub('x', function() return r(n + 1) end)) end return r(0)"
        },
        "ended its process",
    ),
}
"""Programs, and what `explain` has to say of them."""


@pytest.fixture
def sink(background):
    with background.sink() as sink:
        yield sink


@pytest.fixture
def gateway(kikkake: Kikkake, sink) -> Kikkake:
    """Not started yet; the good Sensors are there."""
    kikkake.name_a_cluster()
    kikkake.write("github.yaml", resources.github())
    kikkake.write("good.yaml", *(sensor(sink, name, program) for name, program in GOOD.items()))
    return kikkake


def sensor(sink: HttpSink, name: str, program: dict[str, str]) -> str:
    """One that tries again when a worker was missing."""
    retry = "{steps: 40, duration: 100ms, factor: 1}"
    return resources.scripted(resources.post(f"{sink.url}/{name}"), name=name, retry=retry, **program)


def fired(sink: HttpSink, *names: str) -> Counter[tuple[str, str]]:
    """How often each of these Sensors has posted which commit."""
    wanted = {f"/{name}": name for name in names}
    return Counter(
        (wanted[request.target], json.loads(request.body)["commit"])
        for request in list(sink.received)
        if request.target in wanted
    )


def once_each(names, count: int) -> Counter[tuple[str, str]]:
    return Counter((name, f"d{number}") for name in names for number in range(count))


def verdicts(gateway: Kikkake, event: str) -> dict[str, dict[str, Any]]:
    """What the dependency of each Sensor said of an event, as far as it is judged. Runs the programs once more."""
    told = gateway.api(f"events/{event}/explanation")["sensors"]
    return {
        each["sensor"].partition("/")[2]: each["dependencies"][0] for each in told if each["dependencies"]
    }


def hostile_verdicts(gateway: Kikkake, event: str) -> dict[str, dict[str, Any]] | None:
    """All of them; None while one is missing."""
    found = verdicts(gateway, event)
    return found if found.keys() >= HOSTILE.keys() else None


def test_hostile_scripts_hold_up_no_other_sensor_and_say_why_they_failed(gateway, sink, record_property):
    gateway.write("bad.yaml", *(sensor(sink, name, program) for name, (program, _why) in HOSTILE.items()))
    gateway.start()
    gateway.deliver(deliveries.push("warm"))
    wait_until(lambda: len(fired(sink, *GOOD)) == len(GOOD))

    answered: dict[str, float] = {}
    for number in range(6):
        assert gateway.deliver(deliveries.push(f"d{number}")).status == 200
        answered[f"d{number}"] = time.time()
    wait_until(lambda: len(fired(sink, *GOOD)) == len(GOOD) * 7)

    # These run into their deadline six times each, one at a time: more than a second.
    assert not {"endless", "find"} & verdicts(gateway, "d5").keys(), (
        "the good ones fired before that verdict came"
    )
    told = wait_for(lambda: hostile_verdicts(gateway, "d5"), timeout_s=60)
    for name, (_program, why) in HOSTILE.items():
        assert (told[name]["verdict"], why in told[name]["reason"]) == ("failed", True), (name, told[name])
    printed = gateway.command("explain", "d5").out
    assert all(f"default/{name}: failed" in printed for name in HOSTILE), printed
    wait_until(lambda: len(workers.workers_of(gateway.pid)) == WORKERS)
    gateway.deliver(deliveries.push("after"))
    wait_until(lambda: len(fired(sink, *GOOD)) == len(GOOD) * 8)

    assert set(fired(sink, *GOOD).values()) == {1}
    assert not fired(sink, *HOSTILE)
    assert gateway.command("dead-letters").out == "Nothing was given up.\n"
    for request in sink.received:
        if began := answered.get(json.loads(request.body)["commit"]):
            record_property(f"ms after the answer {request.target}", round(1000 * (request.at_s - began)))


def test_a_worker_that_is_killed_costs_no_event_and_is_back(gateway, sink):
    """SIGKILL to a worker after every second delivery, whatever it is doing; also to one that only starts."""
    gateway.start()
    for number in range(20):
        assert gateway.deliver(deliveries.push(f"d{number}")).status == 200
        if number % 2:
            workers.kill(wait_for(lambda: busy_or_any(gateway)))

    wait_until(lambda: len(fired(sink, *GOOD)) == len(GOOD) * 20)
    assert fired(sink, *GOOD) == once_each(GOOD, 20)
    wait_until(lambda: len(workers.workers_of(gateway.pid)) == WORKERS)
    assert gateway.command("dead-letters").out == "Nothing was given up.\n"


def test_workers_that_are_killed_while_they_have_nothing_to_do_cost_no_event(gateway, sink):
    """As the kernel does it where memory is short: all at once."""
    gateway.start()
    gateway.deliver(deliveries.push("d0"))
    wait_until(lambda: fired(sink, *GOOD) == once_each(GOOD, 1))
    wait_until(lambda: len(workers.workers_of(gateway.pid)) == WORKERS)

    killed = workers.workers_of(gateway.pid)
    for pid in killed:
        workers.kill(pid)
    wait_until(lambda: all(workers.is_gone(pid) for pid in killed))
    gateway.deliver(deliveries.push("d1"))

    wait_until(lambda: fired(sink, *GOOD) == once_each(GOOD, 2))
    wait_until(lambda: len(workers.workers_of(gateway.pid)) == WORKERS)


def busy_or_any(gateway: Kikkake) -> int | None:
    found = workers.workers_of(gateway.pid)
    return workers.busy_worker_of(gateway.pid) or (found[0] if found else None)


def test_a_worker_that_is_killed_in_the_middle_of_a_program_is_replaced_and_the_verdict_comes(gateway, sink):
    gateway.write("bad.yaml", sensor(sink, "endless", HOSTILE["endless"][0]))
    gateway.start()
    for number in range(3):
        gateway.deliver(deliveries.push(f"d{number}"))
        workers.kill(wait_for(lambda: workers.busy_worker_of(gateway.pid)))

    wait_until(lambda: fired(sink, *GOOD) == once_each(GOOD, 3))
    for number in range(3):
        said = wait_for(lambda number=number: verdicts(gateway, f"d{number}").get("endless"))
        assert said["verdict"] == "failed", said
    wait_until(lambda: len(workers.workers_of(gateway.pid)) == WORKERS)


def test_a_gateway_that_is_killed_leaves_no_process_behind(gateway, sink):
    """Also not those that are in the middle of a program, which do not see that nobody listens any more."""
    gateway.write("bad.yaml", *(sensor(sink, name, HOSTILE[name][0]) for name in ("endless", "find")))
    gateway.start()
    for number in range(5):
        gateway.deliver(deliveries.push(f"d{number}"))
    wait_for(lambda: workers.busy_worker_of(gateway.pid))
    left = workers.children_of(gateway.pid)
    assert len(left) > WORKERS, "the workers, and the one that reads programs"

    gateway.kill()

    wait_until(lambda: all(workers.is_gone(pid) for pid in left))


def test_a_gateway_that_is_stopped_ends_its_workers_first(gateway, sink):
    gateway.write("bad.yaml", sensor(sink, "endless", HOSTILE["endless"][0]))
    gateway.start()
    gateway.deliver(deliveries.push("d0"))
    wait_for(lambda: workers.busy_worker_of(gateway.pid))
    left = workers.children_of(gateway.pid)

    assert gateway.stop() == 0

    wait_until(lambda: all(workers.is_gone(pid) for pid in left))


@pytest.mark.kube
def test_a_lane_goes_on_where_it_stood_after_each_kill_and_does_nothing_twice(
    kikkake, kube_server, kube_reader, kube_namespace
):
    """A slow program has judged some events and others not."""
    slow = "if ([range(12000)] | length) > 0 then . else null end"
    kikkake.arguments += ["--kubeconfig", str(kube_server.kubeconfig)]
    kikkake.write("github.yaml", resources.github(namespace=kube_namespace))
    for name, program in (("slow", {"jq": slow}), ("quick", {})):
        trigger = resources.config_map().replace("made-", f"{name}-")
        kikkake.write(
            f"{name}.yaml", resources.scripted(trigger, name=name, namespace=kube_namespace, **program)
        )
    path = f"/api/v1/namespaces/{kube_namespace}/configmaps"

    def made(name: str) -> list[str]:
        return [
            one["data"]["commit"]
            for one in kube_reader.list(path, labels=f"events.argoproj.io/sensor={name}")
        ]

    kikkake.start()
    for number in range(60):
        assert kikkake.deliver(deliveries.push(f"d{number}")).status == 200
    stood: list[int] = []
    for _ in range(3):
        done = len(made("slow"))
        wait_until(lambda done=done: len(made("slow")) > done or done == 60)
        kikkake.kill()
        stood.append(len(made("slow")))
        kikkake.start()
    kikkake.deliver(deliveries.push("last"))
    wait_until(lambda: "last" in made("slow"), timeout_s=60)
    kikkake.wait_idle()

    assert stood[0] < 60, "the first kill came in the middle"
    wanted = sorted([*(f"d{number}" for number in range(60)), "last"])
    assert sorted(made("slow")) == sorted(made("quick")) == wanted
