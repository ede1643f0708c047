"""No secret leaves the real process: not by its output, its answers, its metrics, a command or the store (T-LEAK)."""

from __future__ import annotations

import base64
import urllib.parse

import pytest

from tests.stories import deliveries, resources

TOKEN = "canary-api-token-77b2e9d0"
PAYLOAD = "canary-payload-5d1c0a"


def every_form(secret: str) -> list[str]:
    """As it is, its beginning, in base64, in hex and URL-encoded."""
    raw = secret.encode()
    return [
        secret,
        secret[:14],
        base64.b64encode(raw).decode()[:14],
        raw.hex()[:20],
        urllib.parse.quote(secret, safe="")[:14],
    ]


@pytest.fixture
def said(kikkake, background):
    """Everything that is said about good, forged, redelivered and broken deliveries, at the most talkative level."""
    call = resources.sensor(resources.post("http://127.0.0.1:9/nobody"), name="call")
    header = "secureHeaders: [{name: Authorization, valueFrom: {secretKeyRef: {name: api, key: token}}}]"
    call = call.replace("method: POST", f"method: POST\n              {header}")
    kikkake.write_secret("api", "token", TOKEN)
    kikkake.write("sources.yaml", resources.github(), resources.harbor())
    kikkake.write("call.yaml", call, resources.sensor(resources.config_map()))
    kikkake.arguments += ["--log-level", "debug"]
    kikkake.start()
    forged = deliveries.push("d2", commit=PAYLOAD, secret="guess")
    told = {"Authorization": f"Bearer {TOKEN}", "Cookie": f"session={TOKEN}"}
    good = deliveries.push("d1", commit=PAYLOAD)
    sent = (
        good,
        good,
        forged,
        good._replace(headers={**good.headers, **told}, path="/nowhere"),
        deliveries.push("d3")._replace(body=PAYLOAD.encode()),
        deliveries.image("v1", secret=f"Bearer {PAYLOAD}"),
        deliveries.image("v1"),
    )
    found = [str(kikkake.deliver(delivery)) for delivery in sent]
    kikkake.wait_idle()
    for arguments in (
        ["events"],
        ["events", "-o", "json"],
        ["explain", "d1"],
        ["dead-letters", "-o", "json"],
    ):
        answer = kikkake.command(*arguments)
        assert answer.code == 0, answer
        found += [answer.out, answer.err]
    found += [
        str(kikkake.api(path)) for path in ("status", "resources", "events/d1", "events/d1/explanation")
    ]
    found.append(str(kikkake.get(kikkake.metrics_port, "/metrics")))
    assert kikkake.stop() == 0
    found.append(kikkake.said())
    found += [file.read_bytes().decode("latin-1") for file in kikkake.data.iterdir()]
    return "\n".join(found)


def test_no_secret_is_said_in_any_form(said):
    assert "d1" in said
    for secret in (deliveries.HOOK_SECRET, deliveries.REGISTRY_SECRET.partition(" ")[2], TOKEN):
        for form in every_form(secret):
            at = said.find(form)
            assert at < 0, said[max(0, at - 300) : at + 20]


def test_payloads_are_no_part_of_the_log_beside_a_dry_runs_manifest(kikkake):
    kikkake.write("github.yaml", resources.github())
    kikkake.write("build.yaml", resources.sensor(resources.config_map(), branch="^nothing$"))
    kikkake.arguments += ["--log-level", "debug"]
    kikkake.start()
    kikkake.deliver(deliveries.push("d1", commit=PAYLOAD))
    kikkake.deliver(deliveries.push("d2", commit=PAYLOAD, secret="guess"))
    kikkake.wait_idle()

    assert PAYLOAD not in kikkake.said()
    assert PAYLOAD not in str(kikkake.get(kikkake.metrics_port, "/metrics"))


def test_the_search_finds_what_is_there():
    """A test of absence must be able to fail."""
    assert any(form in f"x{base64.b64encode(TOKEN.encode()).decode()}" for form in every_form(TOKEN))
