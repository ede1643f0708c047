"""Templates that take long or fail: the others do not wait, and what they wrote stays as it is."""

from __future__ import annotations

import json
import os

import pytest

from tests.servers.http_sink import Reply
from tests.stories import deliveries, resources
from tests.stories.process import Kikkake, wait_until

KEY = '{{ genPrivateKey "rsa" | trunc 31 }} {{ .Input.body.after }}'
"""An RSA key of 4,096 bits: half a second of somebody's processor, sometimes several."""


@pytest.fixture
def sink(background):
    with background.sink() as sink:
        yield sink


@pytest.fixture
def gateway(kikkake: Kikkake, sink) -> Kikkake:
    kikkake.name_a_cluster()
    kikkake.write("github.yaml", resources.github())
    kikkake.write("quick.yaml", resources.sensor(resources.post(f"{sink.url}/quick"), name="quick"))
    return kikkake


def templated(url: str, template: str) -> str:
    source = {"dependencyName": "push", "dataTemplate": template}
    payload = [{"src": source, "dest": "made"}]
    return f"http: {json.dumps({'url': url, 'method': 'POST', 'payload': payload})}"


def test_a_template_that_makes_keys_holds_up_no_other_sensor(gateway, sink):
    """It is rendered in a thread of the act loop: what others do with the same event comes first."""
    gateway.write("keys.yaml", resources.sensor(templated(f"{sink.url}/keys", KEY), name="keys"))
    gateway.start()
    for number in range(4):
        assert gateway.deliver(deliveries.push(f"d{number}")).status == 200
    wait_until(lambda: len(sink.received) == 8)

    came: dict[str, dict[str, float]] = {"/quick": {}, "/keys": {}}
    for request in sink.received:
        [text] = json.loads(request.body).values()
        came[request.target][text.split()[-1]] = request.at_s
        assert request.target == "/quick" or text.startswith("-----BEGIN RSA PRIVATE KEY-----"), text
    assert came["/keys"].keys() == came["/quick"].keys() == {"d0", "d1", "d2", "d3"}
    for commit, made_s in came["/keys"].items():
        assert came["/quick"][commit] < made_s, commit


def test_a_key_is_made_once_and_every_attempt_sends_it(gateway, sink):
    """Also after a kill: what was rendered is stored before it is sent."""
    trigger = templated(f"{sink.url}/keys", '{{ genPrivateKey "ecdsa" }}')
    gateway.resources.joinpath("quick.yaml").unlink()
    gateway.write(
        "keys.yaml", resources.sensor(trigger, name="keys", retry="{steps: 100, duration: 50ms, factor: 1}")
    )
    sink.default = Reply(503)
    gateway.start()
    gateway.deliver(deliveries.push("d0"))
    wait_until(lambda: len(sink.received) >= 2)
    gateway.kill()
    before = len(sink.received)
    gateway.start()
    wait_until(lambda: len(sink.received) > before)

    assert len({request.body for request in sink.received}) == 1


def test_a_template_that_fails_is_a_dead_letter_and_its_parameter_is_named(gateway, sink):
    bad = templated(f"{sink.url}/bad", '{{ fail "no" }}')
    endless = templated(
        f"{sink.url}/endless", "{{ range until 1000 }}{{ range until 1000 }}{{ end }}{{ end }}"
    )
    for name, trigger in (("bad", bad), ("endless", endless)):
        gateway.write(f"{name}.yaml", resources.sensor(trigger, name=name))
    gateway.start()
    gateway.deliver(deliveries.push("d0"))
    gateway.wait_idle()

    letters = gateway.command("dead-letters", "-o", "json").lines
    assert {one["sensor"]: one["reason"] for one in letters} == {
        "default/bad": "RenderFailed",
        "default/endless": "RenderFailed",
    }
    assert all("payload[0].src" in one["detail"] for one in letters), letters
    wait_until(lambda: [request.target for request in sink.received] == ["/quick"])


@pytest.mark.parametrize("name", ["env", "expandenv", "getHostByName"])
def test_functions_that_look_outside_are_off_and_say_so(gateway, sink, name):
    call = "{{ " + name + ' "HOME" }}'
    gateway.write("looks.yaml", resources.sensor(templated(f"{sink.url}/looks", call), name="looks"))
    gateway.start()
    gateway.deliver(deliveries.push("d0"))
    gateway.wait_idle()

    [letter] = gateway.command("dead-letters", "-o", "json").lines
    assert letter["reason"] == "RenderFailed"
    assert name in letter["detail"]
    assert os.environ["HOME"] not in letter["detail"]
    wait_until(lambda: [request.target for request in sink.received] == ["/quick"])
