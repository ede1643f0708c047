"""`kikkake explain ID --as-test`, end to end: what a running gateway stored becomes a test that passes."""

import json
import textwrap

import pytest
import yaml

from tests.stories.conftest import kikkake
from tests.stories.process import Kikkake, wait_until
from tests.stories.resources import github

__all__ = ["kikkake"]

HOOKS = textwrap.dedent("""\
    apiVersion: argoproj.io/v1alpha1
    kind: EventSource
    metadata: {name: hooks}
    spec:
      webhook:
        push: {endpoint: /push, port: "12000", method: POST, unauthenticated: true}
        image: {endpoint: /image, port: "12000", method: POST, unauthenticated: true}
    """)
SENSOR = textwrap.dedent("""\
    apiVersion: argoproj.io/v1alpha1
    kind: Sensor
    metadata: {name: build}
    spec:
      dependencies:
      - name: push
        eventSourceName: hooks
        eventName: push
        filters: {data: [{path: body.ref, type: string, value: ["^main$"]}]}
      - {name: image, eventSourceName: hooks, eventName: image}
      triggers:
      - template:
          name: record
          conditions: push
          k8s:
            operation: create
            source: {resource: {apiVersion: v1, kind: ConfigMap, metadata: {generateName: build-}, data: {}}}
            parameters:
            - {src: {dependencyName: push, dataKey: body.commit}, dest: data.commit}
            - {src: {dependencyName: push, dataKey: body.token}, dest: data.token}
      - template:
          name: both
          conditions: push && image
          http:
            url: https://example.com/hook
            payload: [{src: {dependencyName: image, dataKey: body.tag}, dest: tag}]
            secureHeaders:
            - {name: Authorization, valueFrom: {secretKeyRef: {name: chat, key: token}}}
      - template:
          name: broken
          conditions: image
          k8s:
            operation: create
            source: {resource: {apiVersion: v1, kind: ConfigMap, metadata: {generateName: x-}, data: {n: [1]}}}
            parameters:
            - {src: {dependencyName: image, dataKey: body.tag}, dest: data.n.x}
    """)
SCRIPTED = textwrap.dedent("""\
    apiVersion: argoproj.io/v1alpha1
    kind: Sensor
    metadata: {name: scripted}
    spec:
      dependencies:
      - name: push
        eventSourceName: hooks
        eventName: push
        transform:
          jq: |
            .body.commit |= .[0:3]
            | .body.by = "jq"
        filters: {data: [{path: body.by, type: string, value: ["jq"]}]}
      triggers:
      - template:
          name: told
          http:
            url: https://example.com/told
            payload: [{src: {dependencyName: push, dataKey: body.commit}, dest: commit}]
    """)


@pytest.fixture
def gateway(kikkake: Kikkake) -> Kikkake:
    kikkake.write("hooks.yaml", HOOKS)
    kikkake.write("build.yaml", SENSOR)
    kikkake.arguments += ["--no-watch"]
    return kikkake


def send(gateway: Kikkake, path: str, body: bytes) -> str:
    """The number of the event in the list."""
    headers = {"Content-Type": "application/json", "Authorization": "Bearer never-stored"}
    answer = gateway.request(gateway.port, "POST", path, headers, body)
    assert answer.status == 200, answer
    gateway.wait_idle()
    return str(gateway.api("events?limit=1")["events"][0]["sequence"])


def as_test(gateway: Kikkake, number: str, *arguments: str) -> tuple[dict, str]:
    """The test of one event, which passes; and everything that was said."""
    # A Sensor with a program judges at its own pace.
    wait_until(lambda: bool(gateway.api(f"events/{number}/material")["sensors"]))
    made = gateway.command("explain", number, "--as-test", *arguments)
    assert made.code == 0, made
    gateway.folder.joinpath("made_test.yaml").write_text(made.out, encoding="utf-8")
    passed = gateway.command("test", "made_test.yaml", "-o", "json")
    assert [line["differences"] for line in passed.lines] == [[]], made.out
    assert passed.code == 0
    return yaml.load(made.out, Loader=yaml.BaseLoader), made.out + made.err


def test_an_event_that_fired_becomes_a_test_with_what_was_created_and_without_its_secrets(gateway):
    gateway.start()
    body = b'{"ref": "main",  "commit": "c1", "amount": 1.50, "token": "s3cr3t-of-the-sender"}'
    number = send(gateway, "/push", body)

    test, said = as_test(gateway, number)

    [case] = test["cases"]
    assert case["expect"]["verdicts"] == {"push": "passed"}
    [fired] = case["expect"]["fired"]
    assert fired["trigger"] == "record"
    assert fired["object"]["data"] == {"commit": "c1", "token": "***"}
    assert case["expect"]["waiting"]["both"]["needs"] == ["image"]
    assert "s3cr3t" not in said
    assert "never-stored" not in said
    assert "masked, as they look like secrets: data.body.token" in said
    assert test["sensor"]["metadata"] == {"name": "build", "namespace": "default"}


def test_an_event_that_was_filtered_becomes_a_test_that_says_why(gateway):
    gateway.start()
    number = send(gateway, "/push", b'{"ref": "dev"}')

    test, _said = as_test(gateway, number, "--sensor", "build")

    expect = test["cases"][0]["expect"]
    assert expect["verdicts"] == {"push": "filtered"}
    assert "dev" in expect["because"]["push"]
    assert expect["fired"] == []


def test_the_data_stands_in_it_byte_for_byte(gateway):
    gateway.start()
    exact = send(gateway, "/push", b'{"ref":"main","commit":"c1"}')
    test, _said = as_test(gateway, exact)
    assert test["cases"][0]["events"][0]["data"]["body"] == {"ref": "main", "commit": "c1"}
    # Numbers that JSON reads and writes otherwise stay as they were sent.
    raw = send(gateway, "/push", b'{"ref":"main","commit":"c2","n":1.50,"big":12345678901234567890123}')
    test, _said = as_test(gateway, raw)
    assert '"n":1.50,"big":12345678901234567890123' in test["cases"][0]["events"][0]["dataText"]


def test_a_join_brings_the_events_that_took_part_in_their_order(gateway):
    gateway.start()
    first = send(gateway, "/push", b'{"ref": "main", "commit": "c1"}')
    second = send(gateway, "/image", b'{"tag": "v1"}')
    for number in (first, second):
        test, said = as_test(gateway, number)
        steps = [step["on"] for step in test["cases"][0]["events"] if "on" in step]
        assert steps == ["hooks/push", "hooks/image"]
        fired = {each["trigger"]: each for each in test["cases"][0]["expect"]["fired"]}
        assert set(fired) == {"record", "both", "broken"}
        assert fired["both"]["request"]["body"] == {"tag": "v1"}
        assert fired["broken"]["outcome"] == "dead-letter"
        assert test["secrets"] == {"chat": {"token": "***"}}
        assert "it is otherwise" not in said


def test_an_event_that_failed_or_waits_becomes_a_test_too(gateway):
    gateway.start()
    missing = send(gateway, "/push", b'{"branch": "main"}')
    test, _said = as_test(gateway, missing)
    assert test["cases"][0]["expect"]["verdicts"] == {"push": "failed"}
    waiting = send(gateway, "/image", b'{"tag": "v1"}')
    test, _said = as_test(gateway, waiting)
    assert test["cases"][0]["expect"]["waiting"]["both"]["needs"] == ["push"]
    assert [each["outcome"] for each in test["cases"][0]["expect"]["fired"]] == ["dead-letter"]


def test_a_transform_runs_again_and_its_program_is_readable(gateway):
    gateway.write("build.yaml", SCRIPTED)
    gateway.start()
    number = send(gateway, "/push", b'{"commit": "abcdef"}')
    test, said = as_test(gateway, number)
    assert test["cases"][0]["expect"]["fired"][0]["request"]["body"] == {"commit": "abc"}
    assert "jq: |" in said


def test_the_sensor_may_stay_in_its_file(gateway):
    gateway.start()
    number = send(gateway, "/push", b'{"ref": "main"}')
    test, _said = as_test(gateway, number, "--sensor-file", "resources/build.yaml")
    assert test["sensor"] == "resources/build.yaml"
    gateway.write("build.yaml", SENSOR.replace("^main$", "^other$"))
    made = gateway.command("explain", number, "--as-test", "--sensor-file", "resources/build.yaml")
    assert "another text than the one that judged the event" in made.err


def test_a_store_whose_process_has_stopped_gives_the_same_test(gateway):
    gateway.start()
    number = send(gateway, "/push", b'{"ref": "main"}')
    running = gateway.command("explain", number, "--as-test").out
    gateway.stop()
    stopped = gateway.command("explain", number, "--as-test", "--data", "data")
    assert stopped.out == running
    assert stopped.code == 0


def test_several_sensors_are_several_documents(gateway):
    gateway.write("more.yaml", SENSOR.replace("name: build}", "name: more}"))
    gateway.start()
    number = send(gateway, "/push", b'{"ref": "main"}')
    made = gateway.command("explain", number, "--as-test")
    gateway.folder.joinpath("made_test.yaml").write_text(made.out, encoding="utf-8")
    passed = gateway.command("test", "made_test.yaml", "-o", "json").lines
    assert [(line["test"], line["ok"]) for line in passed] == [("build", True), ("more", True)]


def test_an_event_that_no_sensor_judged_makes_no_test(gateway):
    gateway.write("build.yaml", github(endpoint="/other"))
    gateway.start()
    number = send(gateway, "/push", json.dumps({"ref": "main"}).encode())
    made = gateway.command("explain", number, "--as-test")
    assert made.code == 1
    assert "no Sensor judged it" in made.err
