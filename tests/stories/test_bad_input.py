"""Bad requests and bad resources against the real process: a clear answer, no traceback, the others undisturbed.

The table of all rows of the specification and their tests is in README.md beside this file.
"""

from __future__ import annotations

import json
import socket

import pytest

from tests.servers.http_sink import Reply
from tests.stories import deliveries, resources
from tests.stories.process import Kikkake, wait_until


@pytest.fixture
def gateway(kikkake: Kikkake) -> Kikkake:
    kikkake.write("sources.yaml", resources.github(), resources.harbor())
    kikkake.write("build.yaml", resources.sensor(resources.config_map()))
    return kikkake


def test_after_every_kind_of_bad_request_the_next_good_one_is_served(gateway):
    gateway.start()
    push = deliveries.push("d1")
    port = gateway.port
    headers = push.headers

    answers = {
        "unknown path": gateway.request(port, "POST", "/nowhere", headers, push.body),
        "wrong method": gateway.request(port, "PUT", "/github", headers, push.body),
        "no signature": gateway.request(
            port, "POST", "/github", without(headers, "X-Hub-Signature-256"), push.body
        ),
        "wrong signature": gateway.deliver(deliveries.push("d1", secret="guess")),
        "tampered": gateway.request(port, "POST", "/github", headers, push.body + b" "),
        "too large": gateway.request(port, "POST", "/github", {**headers, "Content-Length": "30000000"}, b""),
        "encoding": gateway.request(
            port, "POST", "/github", {**headers, "Content-Encoding": "br"}, push.body
        ),
        "wrong token": gateway.deliver(deliveries.image("v1", secret="Bearer guess")),
        "not JSON": gateway.deliver(signed(b"{")),
        "an array": gateway.deliver(signed(b"[" * 100 + b"]" * 100)),
        "NaN": gateway.deliver(signed(b'{"a": NaN}')),
        "not UTF-8": gateway.deliver(signed(b'{"a": "\xff"}')),
    }

    assert {what: answer.status for what, answer in answers.items()} == {
        "unknown path": 404,
        "wrong method": 405,
        "no signature": 401,
        "wrong signature": 401,
        "tampered": 401,
        "too large": 413,
        "encoding": 415,
        "wrong token": 401,
        "not JSON": 400,
        "an array": 400,
        "NaN": 400,
        "not UTF-8": 400,
    }
    for what, answer in answers.items():
        assert answer.headers["content-type"] == "application/problem+json", what
        assert answer.body["requestId"], what
        assert answer.body["status"] == answer.status, what
    assert set(answers["wrong signature"].body) <= {"title", "status", "requestId", "type"}, "no oracle"
    assert gateway.deliver(push).status == 200
    metrics = gateway.get(gateway.metrics_port, "/metrics").body["text"]
    assert 'ingest_rejected_total{cause="signature"' in metrics, metrics[:3000]


_POST = b"POST /github HTTP/1.1\r\nHost: a\r\n"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        pytest.param(b"GET\r\n\r\n", 400, id="no request at all"),
        pytest.param(
            _POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, id="two lengths"
        ),
        pytest.param(_POST + b"Content-Length: -1\r\n\r\n", 400, id="a negative length"),
        pytest.param(_POST.replace(b"\r", b"") + b"\n", 400, id="bare line feeds"),
        pytest.param(_POST + b"X: " + b"x" * 200_000 + b"\r\n\r\n", 431, id="an endless header"),
    ],
)
def test_malformed_http_is_answered_once_and_the_connection_closed(gateway, request_bytes, status):
    gateway.start()
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=20) as connection:
        connection.sendall(request_bytes)
        answer = read_all(connection)

    assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:200]
    assert answer.count(b"HTTP/1.1 ") == 1
    assert gateway.deliver(deliveries.push("d1")).status == 200


_HEAD = "apiVersion: argoproj.io/v1alpha1\nkind: {}\nmetadata: {{name: n}}\nspec: {}\n"
_SENSOR = resources.sensor(resources.config_map(), name="n")
_JOIN = resources.join(resources.config_map(), name="n")
_BOMB = "".join(f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20))
BAD_RESOURCES = {
    "null spec": _HEAD.format("Sensor", "null"),
    "string spec": _HEAD.format("EventSource", "hello"),
    "no metadata": "apiVersion: argoproj.io/v1alpha1\nkind: Sensor\nspec: {}\n",
    "no kind of a source": _HEAD.format("EventSource", "{}"),
    "a kind that nobody has": _HEAD.format("EventSource", "{gitbuh: {a: {}}}"),
    "wrong type": resources.github(name="typed", endpoint="/t").replace('port: "12000"', "port: 12000"),
    "no triggers": _HEAD.format("Sensor", "{dependencies: [{name: a, eventSourceName: b, eventName: c}]}"),
    "bad condition": _JOIN.replace("push && image", "push && (image"),
    "bad expression": resources.sensor(resources.config_map(), name="n", branch="(["),
    "two names": _JOIN.replace("name: image", "name: push"),
    "unknown field": _SENSOR.replace("eventName:", "eventNam:"),
    "alias bomb": "a: &a [x, x]\n" + _BOMB,
    "deep": "a: " + "[" * 5000 + "\n",
    "no YAML": "{" * 10 + "\0",
    "a list": "- 1\n- 2\n",
    "duplicate keys": _SENSOR.replace("spec:", "spec: {}\nspec:", 1),
}


def test_bad_resources_stop_only_themselves_and_never_a_start(gateway):
    """All of them at once, beside good ones (spec: bad-input section 3, last line)."""
    for number, text in enumerate(BAD_RESOURCES.values()):
        gateway.write(f"bad-{number}.yaml", text.replace("name: n", f"name: n{number}"))
    triggers = "".join(f"  - template: {{name: t{n}, log: {{}}}}\n" for n in range(10_000))
    head = resources.sensor(resources.config_map(), name="huge").partition("  triggers:\n")[0]
    gateway.write("huge.yaml", head + "  triggers:\n" + triggers)
    (gateway.resources / "latin.yaml").write_bytes(b"name: \xe9\n")

    gateway.start()
    assert gateway.deliver(deliveries.push("d1")).status == 200
    gateway.wait_idle()

    [story] = gateway.command("explain", "d1", "-o", "json").lines
    assert {one["sensor"]: one["outcome"] for one in story["sensors"]}["default/build"] == "fired"
    linted = gateway.command("lint", "resources")
    assert linted.code == 1
    for number in range(len(BAD_RESOURCES)):
        assert f"bad-{number}.yaml" in linted.out, list(BAD_RESOURCES)[number]
    assert "latin.yaml" in linted.out


@pytest.mark.parametrize("what", BAD_RESOURCES)
def test_lint_says_where_what_and_never_crashes(kikkake, what):
    kikkake.write("bad.yaml", BAD_RESOURCES[what])
    told = kikkake.command("lint", "resources", "-o", "json")
    assert told.err == ""
    errors = told.lines
    assert errors, what
    assert all(one["what"] and one["file"].endswith("bad.yaml") for one in errors)
    assert told.code == (1 if any(one["severity"] == "error" for one in errors) else 0)


def test_ids_from_outside_cannot_break_the_commands(gateway):
    """What a sender chose is printed as text, never obeyed by a terminal."""
    gateway.start()
    evil = "\x1b[2J..%2f<script>"
    answer = gateway.deliver(deliveries.push("x" + "é" * 3, commit=evil))
    assert answer.status == 200
    gateway.wait_idle()
    listed = gateway.command("events")
    assert listed.code == 0
    assert "\x1b[2J" not in listed.out
    assert "\x1b[2J" not in gateway.command("explain", "1").out


def test_an_event_that_cannot_be_rendered_is_a_dead_letter_with_the_keys_that_are_there(gateway):
    """bad-input 5, first row: names only, and the event is kept for a replay after the fix."""
    gateway.write("build.yaml", resources.sensor(resources.config_map(commit="push:body.afterr")))
    gateway.start()
    gateway.deliver(deliveries.push("d1", commit="a-value-that-is-not-told"))
    gateway.wait_idle()
    [letter] = gateway.command("dead-letters", "-o", "json").lines

    assert letter["reason"] == "RenderFailed"
    assert "body.afterr" in letter["detail"]
    assert "after" in letter["detail"].replace("afterr", "")
    assert "a-value-that-is-not-told" not in json.dumps(letter)
    gateway.write("build.yaml", resources.sensor(resources.config_map()))
    wait_until(lambda: "resource.changed" in gateway.said())
    assert gateway.command(*letter["replay"].split()[1:]).code == 0
    gateway.wait_idle()
    assert gateway.command("dead-letters").out == "Nothing was given up.\n"
    assert "fired" in gateway.command("explain", "d1").out


def signed(body: bytes) -> deliveries.Delivery:
    """A push with this body and the right signature."""
    push = deliveries.push("d9")
    headers = {**push.headers, "X-Hub-Signature-256": deliveries.signature(body)}
    return push._replace(body=body, headers=headers)


def without(headers, name):
    return {key: value for key, value in headers.items() if key != name}


def read_all(connection):
    answer = b""
    while piece := connection.recv(65536):
        answer += piece
    return answer


def test_an_event_larger_than_the_bus_takes_is_refused_with_both_numbers(gateway):
    large = resources.github().replace("method: POST", "method: POST, maxPayloadSize: 16777216")
    gateway.write("sources.yaml", large)
    gateway.start()

    answer = gateway.deliver(deliveries.push("d1", commit="x" * 6_000_000))

    assert (answer.status, answer.body["title"]) == (413, "Body too large")
    assert "bus limit" in answer.body["detail"]
    assert "PayloadLimitMismatch" in gateway.said(), "said at the start already"
    assert gateway.deliver(deliveries.push("d2")).status == 200


@pytest.mark.parametrize("value", ["", "\n", "zwei\nzeilen"])
def test_a_secret_that_can_prove_nothing_closes_the_endpoint(gateway, value):
    """Empty, or with a line break inside: 503, and the log says which secret and never its value."""
    gateway.write_secret("registry", "authorization", value)
    gateway.start()

    answer = gateway.deliver(deliveries.image("v1", secret="Bearer guess"))

    assert (answer.status, answer.body["title"]) == (503, "Endpoint not ready")
    assert "registry" in gateway.said()
    assert "zwei" not in gateway.said()
    assert gateway.deliver(deliveries.push("d1")).status == 200


def test_a_broken_edit_of_a_source_goes_on_taking_deliveries(gateway):
    gateway.start()
    gateway.write(
        "sources.yaml", resources.github().replace("endpoint: /github", "endpoint: 7"), resources.harbor()
    )
    wait_until(lambda: gateway.resource("EventSource", "github")["state"] == "outdated")

    assert gateway.deliver(deliveries.push("d1")).status == 200


def test_a_path_that_is_not_in_the_event_is_everyday_life(gateway):
    """Told as not matched; no dead letter, and no alarm."""
    sensor = resources.sensor(resources.config_map()).replace("body.ref", "body.pull_request.base.ref")
    gateway.write("build.yaml", sensor)
    gateway.start()
    gateway.deliver(deliveries.push("d1"))
    gateway.wait_idle()

    told = gateway.command("explain", "d1").out
    assert "not matched" in told
    assert "body.pull_request.base.ref" in told
    assert gateway.command("dead-letters").out == "Nothing was given up.\n"
    assert "ERROR" not in gateway.said()


@pytest.mark.kube
@pytest.mark.parametrize(
    ("status", "reason"),
    [(400, "Rejected"), (410, "Rejected"), (302, "RedirectRefused")],
)
def test_an_http_receiver_that_says_no_is_a_dead_letter_at_once(
    gateway, background, kube_server, status, reason
):
    gateway.arguments += ["--kubeconfig", str(kube_server.kubeconfig)]
    with background.sink() as sink:
        sink.default = Reply(status, {"Location": "ftp://elsewhere/"}, b"no\x1b[2J, not like this")
        gateway.write(
            "build.yaml", resources.sensor(resources.post(sink.url), retry="{steps: 9, duration: 10ms}")
        )
        gateway.start()
        gateway.deliver(deliveries.push("d1"))
        gateway.wait_idle()

        [letter] = gateway.command("dead-letters", "-o", "json").lines
        assert letter["reason"] == reason
        assert len(sink.received) == 1
        assert "\x1b" not in letter["detail"]


def test_an_object_that_would_vanish_while_in_doubt_is_a_warning(gateway):
    job = "{apiVersion: batch/v1, kind: Job, metadata: {generateName: made-}, spec: {ttlSecondsAfterFinished: 5}}"
    trigger = resources.static_name("x").replace(
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, data: {a: b}}", job
    )
    gateway.write("build.yaml", resources.sensor(trigger))

    told = gateway.command("lint", "resources")

    assert "TTLTooShort" in told.out, told.out
    assert told.code == 0


def test_a_sensor_alone_names_the_sources_that_it_misses_and_works_when_they_come(gateway):
    """The order of apply does not matter: a warning, never an error (DependencyNotFound)."""
    gateway.write("sources.yaml", resources.harbor())
    gateway.start()
    assert gateway.resource("Sensor", "build")["state"] == "active"
    assert "DependencyNotFound" in gateway.command("lint", "resources").out

    gateway.write("sources.yaml", resources.harbor(), resources.github())
    wait_until(lambda: gateway.resource("EventSource", "github") != {})
    gateway.deliver(deliveries.push("d1"))
    gateway.wait_idle()
    assert "fired" in gateway.command("explain", "d1").out
