"""Files are edited while the process runs (design, sections 4 and 6)."""

from __future__ import annotations

import pytest

from tests.stories import deliveries, resources
from tests.stories.process import Kikkake, wait_until


@pytest.fixture
def gateway(kikkake: Kikkake) -> Kikkake:
    kikkake.write("github.yaml", resources.github())
    kikkake.write("build.yaml", resources.sensor(resources.config_map()))
    kikkake.start()
    return kikkake


def outcome(gateway: Kikkake, delivery_id: str) -> str:
    """What the one Sensor made of a delivery."""
    gateway.wait_idle()
    [story] = gateway.command("explain", delivery_id, "-o", "json").lines
    return " ".join(sensor["outcome"] for sensor in story["sensors"])


def test_an_edited_filter_is_in_force_without_a_restart(gateway):
    gateway.deliver(deliveries.push("before", branch="dev"))
    assert outcome(gateway, "before") == "filtered"

    gateway.write("build.yaml", resources.sensor(resources.config_map(), branch="^refs/heads/dev$"))
    wait_until(lambda: "resource.changed" in gateway.said())
    gateway.deliver(deliveries.push("after", branch="dev"))

    assert outcome(gateway, "after") == "fired"
    assert outcome(gateway, "before") == "filtered", "an edit never fires"


def test_an_edit_keeps_the_held_events_of_dependencies_that_did_not_change(kikkake):
    trigger = resources.config_map(commit="push:body.after", tag="image:artifact.tags.0")
    kikkake.write("sources.yaml", resources.github(), resources.harbor())
    kikkake.write("both.yaml", resources.join(trigger))
    kikkake.start()
    kikkake.deliver(deliveries.image("v1"))
    kikkake.deliver(deliveries.push("d1"))
    kikkake.deliver(deliveries.image("v2"))
    kikkake.wait_idle()

    kikkake.write("both.yaml", resources.join(trigger, branch="^refs/heads/dev$"))
    wait_until(lambda: "resource.changed" in kikkake.said())
    kikkake.deliver(deliveries.push("d2", branch="dev"))

    kikkake.wait_idle()
    assert "commit: d2" in kikkake.said()
    assert "tag: v2" in kikkake.said(), "the image was held over the edit of the other dependency"


def test_a_broken_edit_keeps_the_last_good_text_says_so_and_the_fix_is_taken(gateway):
    good = resources.sensor(resources.config_map())
    gateway.write("build.yaml", good.replace("dependencies:", "dependencies: 7\n  x:"))

    wait_until(lambda: gateway.resource("Sensor", "build")["state"] == "outdated")
    gateway.deliver(deliveries.push("d1"))
    assert outcome(gateway, "d1") == "fired"
    [finding, *_] = gateway.resource("Sensor", "build")["findings"]
    assert finding["line"]
    assert finding["file"].endswith("build.yaml")
    assert "resource.refused" in gateway.said()
    told = gateway.command("events")
    assert "Sensor default/build is outdated" in told.err, told.err
    assert gateway.command("events", "-o", "json").lines, "the note is no part of the output"

    gateway.write("build.yaml", good.replace("main", "dev"))
    wait_until(lambda: gateway.resource("Sensor", "build")["state"] == "active")
    assert not [one for one in gateway.resource("Sensor", "build")["findings"] if one["severity"] == "error"]
    assert gateway.command("events").err == ""


def test_a_file_of_which_nothing_can_be_read_keeps_all_of_its_resources(gateway):
    gateway.write("build.yaml", "apiVersion: [\n")

    wait_until(lambda: gateway.resource("Sensor", "build")["state"] == "outdated")
    gateway.deliver(deliveries.push("d1"))

    assert outcome(gateway, "d1") == "fired"


def test_a_broken_resource_among_good_ones_stops_only_itself(gateway):
    bad = resources.sensor(resources.config_map(), name="bad").replace("eventName: push", "eventNam: push")
    gateway.write("bad.yaml", bad)
    wait_until(lambda: bool(gateway.resource("Sensor", "bad")))

    gateway.deliver(deliveries.push("d1"))

    assert outcome(gateway, "d1") == "fired"
    assert gateway.resource("Sensor", "bad")["state"] == "refused"


def test_a_vanished_file_counts_as_deleted_after_a_while_and_a_rename_does_not(gateway):
    """The five seconds themselves are measured in tests/kikkake/test_catalog.py, on a clock of its own."""
    file = gateway.resources / "build.yaml"
    text = file.read_text()
    gateway.write("build.yaml", text.replace("steps: 1", "steps: 2"))
    wait_until(lambda: "resource.changed" in gateway.said())
    assert "resource.deleted" not in gateway.said(), "a save by rename"

    file.unlink()
    gateway.deliver(deliveries.push("d1"))
    assert outcome(gateway, "d1") == "fired", "it is only away"
    wait_until(lambda: gateway.resource("Sensor", "build") == {})

    gateway.deliver(deliveries.push("d2"))
    assert outcome(gateway, "d2") == ""
    assert "resource.deleted" in gateway.said()


def test_a_source_that_is_removed_answers_gone_and_a_new_one_is_served_at_once(gateway):
    gateway.write("github.yaml", resources.github(name="forge", endpoint="/forge"))

    wait_until(lambda: bool(gateway.resource("EventSource", "forge")))
    moved = deliveries.push("d1")._replace(path="/forge")
    wait_until(lambda: gateway.deliver(moved).status == 200)
    wait_until(lambda: gateway.deliver(deliveries.push("d2")).status == 410)
