"""More at once than it is used to: every 2xx is an event, every event is judged once, memory stays bounded."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.stories import deliveries, resources
from tests.stories.process import Kikkake, wait_until


def test_four_hundred_pushes_from_forty_senders_are_each_answered_stored_and_fired_once(kikkake: Kikkake):
    kikkake.write("github.yaml", resources.github())
    kikkake.write("build.yaml", resources.sensor(resources.config_map()))
    kikkake.start()
    sent = [deliveries.push(f"d{number}", branch="main" if number % 2 else "dev") for number in range(400)]

    with ThreadPoolExecutor(40) as senders:
        answers = list(senders.map(kikkake.deliver, sent * 2))

    assert {answer.status for answer in answers} == {200}
    assert sum("duplicate" in answer.body for answer in answers) == 400
    store = kikkake.wait_idle()
    assert store["events"] == 400
    said = kikkake.said()
    assert said.count("would create") == 200
    assert all(f"commit: d{number}\n" in said for number in range(1, 400, 2))


@pytest.mark.kube
def test_a_receiver_that_is_slow_or_away_holds_up_no_delivery_and_no_other_sensor(
    kikkake, background, kube_server
):
    """Effects pile up in the store, not in memory, and drain when it is back."""
    kikkake.arguments += ["--kubeconfig", str(kube_server.kubeconfig)]
    retry = "{steps: 1000, duration: 200ms, factor: 1}"
    with background.sink() as away, background.sink() as there:
        background.run(away.close())
        kikkake.write("github.yaml", resources.github())
        kikkake.write(
            "call.yaml",
            resources.sensor(resources.post(away.url), name="away", retry=retry),
            resources.sensor(resources.post(there.url), name="there", retry=retry),
        )
        kikkake.start()
        with ThreadPoolExecutor(8) as senders:
            answers = list(senders.map(kikkake.deliver, (deliveries.push(f"d{n}") for n in range(120))))
        assert {answer.status for answer in answers} == {200}
        wait_until(lambda: len(there.received) == 120)
        assert kikkake.api("status")["store"]["openEffects"] >= 120

        background.run(away.open())
        kikkake.wait_idle()
        assert sorted(one.body for one in away.received) == sorted(one.body for one in there.received)


def test_edits_under_load_lose_and_double_nothing(kikkake):
    """Every event is judged by exactly one text of the Sensor, whatever was being swapped at that moment."""
    kikkake.write("github.yaml", resources.github())
    kikkake.write("build.yaml", resources.sensor(resources.config_map()))
    kikkake.start()
    stop = threading.Event()
    numbers = itertools.count()
    acknowledged: list[int] = []

    def send() -> None:
        while not stop.is_set():
            number = next(numbers)
            assert kikkake.deliver(deliveries.push(f"d{number}")).status == 200
            acknowledged.append(number)

    with ThreadPoolExecutor(4) as senders:
        running = [senders.submit(send) for _ in range(4)]
        for edit in range(1, 6):
            text = resources.sensor(resources.config_map(), retry=f"{{steps: {edit + 1}}}")
            kikkake.write("build.yaml", text)
            wait_until(lambda edit=edit: kikkake.said().count("resource.changed") == edit)
        stop.set()
        for one in running:
            one.result()

    kikkake.wait_idle()
    said = kikkake.said()
    assert len(acknowledged) > 50
    assert [said.count(f"commit: d{number}\n") for number in acknowledged] == [1] * len(acknowledged)


def test_memory_is_bounded_by_settings_and_not_by_what_arrives(kikkake):
    """100 MB of bodies go through; half of that must not stay."""
    kikkake.write("github.yaml", resources.github())
    kikkake.write("build.yaml", resources.sensor(resources.config_map(), branch="^nothing$"))
    kikkake.start()
    kikkake.deliver(deliveries.push("warm"))
    kikkake.wait_idle()
    before = resident_mib(kikkake.pid)

    with ThreadPoolExecutor(8) as senders:
        sent = (deliveries.push(f"d{n}", commit=f"{n}-" + "x" * 400_000) for n in range(250))
        assert {answer.status for answer in senders.map(kikkake.deliver, sent)} == {200}
    kikkake.wait_idle()

    assert resident_mib(kikkake.pid) - before < 50


def resident_mib(pid: int) -> float:
    [line] = [
        line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")
    ]
    return int(line.split()[1]) / 1024
