"""Every file in examples/ works as it stands: it parses, is free of faults, and fires without a cluster."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from events.errors import Severity
from kikkake.files import is_test_file, load_resources
from kikkake.lint import check_resources
from kikkake.testing.reading import read_test_files
from sensors.compile import check_sensor
from sources.source import PushSource
from sources.spec import read_event_source
from tests.stories.process import ROOT, Kikkake

EXAMPLES = ROOT / "examples"
FILES = sorted(file for file in EXAMPLES.rglob("*.yaml") if not is_test_file(file, EXAMPLES))
SENSORS = [document for document in load_resources([str(EXAMPLES)]).documents if document.kind == "Sensor"]
AT_THEIR_TIME = {"filters", "objects", "transforms", "waiting"}
"""Folders whose Sensors need more than one delivery of each source: time, several events, a broker."""


def test_all_of_them_together_have_no_fault():
    """As `kikkake lint examples` says it."""
    loaded = load_resources([str(EXAMPLES)])
    assert len(loaded.documents) >= len(FILES)
    assert check_resources(loaded) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(EXAMPLES)))
def test_each_alone_has_no_error_and_says_what_it_shows(file: Path):
    loaded = load_resources([str(file)])
    assert [one for one in check_resources(loaded) if one.severity is Severity.ERROR] == []
    assert file.read_text().startswith("# "), "the first line is for the person who opens it"


@pytest.mark.parametrize("document", SENSORS, ids=lambda document: document.name)
def test_every_sensor_compiles_whole(document):
    compiled, findings = check_sensor(document)
    assert compiled is not None
    assert [finding for finding in findings if finding.severity is Severity.ERROR] == []


@pytest.fixture
def gateway(kikkake: Kikkake) -> Kikkake:
    """All examples in one process, with a secret for each place that names one."""
    for name in secrets_of_examples():
        kikkake.write_secret(*name, "an-example-secret-of-some-length")
    kikkake.resources.rmdir()
    kikkake.resources.symlink_to(EXAMPLES)
    # Declared ports are free ones here; `kikkake send` reads the declared ones and is told where to go.
    kikkake.arguments += ["--no-watch"]
    return kikkake


def test_all_examples_run_in_one_process_and_every_sensor_fires(gateway):
    """Each push source takes the deliveries that were written for it, sent as a person sends them."""
    ports = sorted({port for _, _, port, _ in push_events()} - {12000})
    gateway.arguments += [argument for port in ports for argument in ("--port", f"{port}=0")]
    gateway.start()
    for source, event, _, kind in push_events():
        file = payload(source, kind)
        url = gateway.resource("EventSource", source)["urls"][0].partition("/{")[0].rpartition("/")[0]
        target = [f"{source}/{event}", str(file), "--path", "resources", "--secrets", "secrets"]
        sent = gateway.command("send", *target, "--url", url)
        assert sent.code == 0, sent
    gateway.wait_idle()

    listed = gateway.command("events", "-o", "json").lines
    fired = {one["sensor"] for event in listed for one in event["happened"]["sensors"] if one["effects"]}
    at_once = {
        f"{document.namespace}/{document.name}"
        for document in SENSORS
        if Path(document.file).parent.name not in AT_THEIR_TIME
    }
    assert at_once <= fired
    assert len(at_once) >= 5
    for words in ("kind: Job", "kind: ConfigMap", "https://chat.example.com/hooks/releases"):
        assert words in gateway.said(), gateway.said()


def test_the_tests_beside_the_examples_pass(kikkake):
    told = kikkake.command("test", str(EXAMPLES))
    assert told.code == 0, told.out
    assert "0 failed" in told.out


def test_every_example_has_a_test_beside_it_in_which_every_trigger_fires():
    """Of a Sensor every trigger, a dlqTrigger aside; of an EventSource an event is stored."""
    tested: dict[Path, list[dict[str, Any]]] = {}
    for file in read_test_files([str(EXAMPLES)]):
        for test in file.tests:
            value = test.document.value
            name = str(value.get("sensor") or value.get("eventSource")).partition("#")[0]
            tested.setdefault((test.folder / name).resolve(), []).append(value)
    for file in FILES:
        for document in load_resources([str(file)]).documents:
            values = tested.get(file.resolve(), [])
            assert values, f"{file} has no test"
            wanted = {
                trigger["template"]["name"] for trigger in document.value["spec"].get("triggers", ())
            } or {True}
            assert wanted <= set(seen(values)), file


def seen(values: list[dict[str, Any]]) -> Iterator[object]:
    """Names of the triggers that are expected to fire; True where an event is expected to be stored."""
    for value in values:
        for case in value["cases"]:
            for step in [*case.get("events", ()), *case.get("deliveries", ()), case]:
                expect = step.get("expect") or (step.get("delivery") or {}).get("expect") or {}
                yield from (fired["trigger"] for fired in expect.get("fired") or ())
                yield bool(expect.get("events"))


def test_the_demo_shows_what_fired_what_was_filtered_and_what_was_recognised(kikkake):
    """`make demo` is this module; it cleans up after itself."""
    run = subprocess.run(
        [sys.executable, "-m", "examples.demo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    for words in (
        "recognised, not stored again: event demo-push-main",
        "default/build: fired",
        "default/build: filtered",
        "body.ref is `refs/heads/tax-rounding`, wanted `^refs/heads/main$`",
        "default/roll-out: fired",
        "default/roll-out: filtered",
        "kind: Job",
        "kind: ConfigMap",
    ):
        assert words in run.stdout, words
    assert run.stdout.count("would create") == 2
    assert "Traceback" not in run.stdout + run.stderr


def push_events():
    """EventSource, event, declared port and kind of every push event of the examples."""
    for document in load_resources([str(EXAMPLES)]).of_kind("EventSource"):
        for event in read_event_source(document).events:
            if isinstance(event.source, PushSource):
                yield document.name, event.name, event.source.endpoint().port, event.kind


def payload(source: str, kind: str) -> Path:
    """A delivery for it: beside the example, else the one that was written for its kind."""
    beside = EXAMPLES / source / "push.json"
    return beside if beside.exists() else max((ROOT / "tests" / "payloads" / kind).glob("*.json"))


def secrets_of_examples():
    """Name and key of every secret that an example's source names."""
    for document in load_resources([str(EXAMPLES)]).of_kind("EventSource"):
        for event in read_event_source(document).events:
            yield from ((ref.name, ref.key) for ref in event.source.secret_refs())
