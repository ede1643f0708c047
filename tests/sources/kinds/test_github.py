"""The kind `github`: both content types, upstream's data shape, redeliveries, pings, restrictions."""

import hmac
import json
from urllib.parse import quote_plus

import pytest

from events.errors import ResourceRefused, Severity
from sources.delivery import Answered, Rejected
from tests.sources.support import (
    PAYLOADS,
    RECORDED,
    SECRET,
    data_of,
    event_source,
    events_of,
    needs_recorded,
    route_of,
    send,
    spec_of,
)

WEBHOOK = 'webhook: {endpoint: /e, port: "12000"}'
REPOSITORIES = "repositories: [{owner: acme, names: [shop]}]"
SIGNED = "webhookSecret: {name: s, key: k}"
PUSH = (PAYLOADS / "github" / "push__main.json").read_bytes()


def route(more=SIGNED):
    return route_of("github", f"{{{WEBHOOK}, {REPOSITORIES}, {more}}}")


def test_a_signed_push_becomes_one_event_with_the_body_as_it_was_sent():
    (event,) = events_of(route(), PUSH)
    assert (event.id, event.type, event.source, event.subject) == ("d1", "github", "in", "e")
    assert PUSH.strip()[1:].lstrip() in event.data
    data = data_of(event)
    assert data["body"]["X-GitHub-Event"] == "push"
    assert data["body"]["X-GitHub-Delivery"] == "d1"
    assert data["body"]["repository"]["id"] == 9007199254740993
    assert data["headers"]["X-Github-Event"] == ["push"]
    assert not [name for name in data["headers"] if "Signature" in name]


def test_a_form_gives_the_same_body_and_its_signature_covers_the_form():
    form = b"payload=" + quote_plus(PUSH).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    (event,) = events_of(route(), form, headers)
    assert data_of(event)["body"] == data_of(events_of(route(), PUSH)[0])["body"]
    json_mac = {"X-Hub-Signature-256": "sha256=" + hmac.digest(SECRET, PUSH, "sha256").hex()}
    with pytest.raises(Rejected, match="401"):
        send(route(), form, headers | json_mac)


def test_members_of_the_sender_never_hide_ours():
    (event,) = events_of(route(), b' { "X-GitHub-Event" : "fake" } ')
    assert event.data is not None
    assert event.data.count(b'"X-GitHub-Event"') == 2
    first = json.loads(event.data, object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    assert first["body"]["X-GitHub-Event"] == "push"
    (empty,) = events_of(route(), b"{}")
    assert set(data_of(empty)["body"]) == {"X-GitHub-Event", "X-GitHub-Delivery"}


def test_a_ping_is_answered_and_only_when_it_is_signed():
    answered = send(route(), b"{}", {"X-GitHub-Event": "ping"})
    assert isinstance(answered, Answered)
    with pytest.raises(Rejected, match="401"):
        send(route(), b"{}", {"X-GitHub-Event": "ping", "X-Hub-Signature-256": "sha256=" + "0" * 64})


def test_the_body_mac_finds_a_replay_under_another_id():
    first, again = (send(route(), PUSH, {"X-GitHub-Delivery": name}).publications[0] for name in ("a", "b"))
    assert first.event.id != again.event.id
    assert first.body_mac == again.body_mac == hmac.digest(SECRET, PUSH, "sha256")


def test_replay_by_id_asks_for_no_mac():
    """For senders whose bodies are legitimately identical (spec: signatures, rule 6)."""
    publication = send(route(f"{SIGNED}, replayBy: id"), PUSH).publications[0]
    assert publication.body_mac is None


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("repository_dispatch", b'{"action":"build","client_payload":null}'),
        ("workflow_dispatch", b'{"ref":"refs/heads/main","inputs":{}}'),
    ],
)
def test_dispatches_may_be_alike_but_the_unsigned_header_alone_makes_none(name, body):
    dispatch = send(route(), body, {"X-GitHub-Event": name}).publications[0]
    assert dispatch.body_mac is None
    captured = send(route(), PUSH, {"X-GitHub-Event": name}).publications[0]
    assert captured.body_mac == hmac.digest(SECRET, PUSH, "sha256")


@pytest.mark.parametrize(
    ("body", "headers", "status", "cause"),
    [
        (b"[]", {}, 400, "unusable-body"),
        (b"", {}, 400, "bad-json"),
        (b"{}", {"Content-Type": "text/plain"}, 415, "content-type"),
        (b"{}", {"Content-Type": ""}, 415, "content-type"),
        (b"a=b", {"Content-Type": "application/x-www-form-urlencoded"}, 400, "bad-form"),
        (b"payload=\xff", {"Content-Type": "application/x-www-form-urlencoded"}, 400, "bad-form"),
        (b"payload=%7B", {"Content-Type": "application/x-www-form-urlencoded"}, 400, "bad-json"),
    ],
)
def test_bodies_that_cannot_be_used(body, headers, status, cause):
    with pytest.raises(Rejected) as refused:
        send(route(), body, headers)
    assert (refused.value.status, refused.value.cause) == (status, cause)


def test_only_listed_repositories_may_deliver_where_the_resource_says_so():
    strict = route(SIGNED + ", restrict: true")
    assert events_of(strict, PUSH)
    for body in (b'{"repository": {"full_name": "evil/shop"}}', b"{}", b'{"repository": 1}'):
        with pytest.raises(Rejected) as refused:
            send(strict, body)
        assert (refused.value.status, refused.value.is_authentic) == (403, True)


def test_metadata_is_copied():
    assert data_of(events_of(route(SIGNED + ", metadata: {a: b}"), b"{}")[0])["metadata"] == {"a": "b"}


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (f"{{{WEBHOOK}}}", "either repositories or organizations is required"),
        (
            f"{{{WEBHOOK}, {REPOSITORIES}, organizations: [a]}}",
            "only one of repositories and organizations is allowed",
        ),
        (f"{{{REPOSITORIES}}}", "spec.github.e.webhook: is missing"),
        (f"{{{WEBHOOK}, {REPOSITORIES}, contentType: xml}}", "is not one of"),
        (f"{{{REPOSITORIES}, webhook: {{}}}}", "endpoint can't be empty"),
    ],
)
def test_upstreams_faults_keep_their_texts(event, text):
    with pytest.raises(ResourceRefused, match=text.replace("'", ".")):
        spec_of(event_source("github", event))


def test_hooks_are_not_made_and_that_is_said():
    spec = spec_of(
        event_source(
            "github", f"{{{WEBHOOK}, {REPOSITORIES}, {SIGNED}, active: true, apiToken: {{name: t, key: k}}}}"
        )
    )
    (finding,) = spec.findings
    assert (finding.code, finding.severity, len(spec.events)) == ("HookNotRegistered", Severity.WARNING, 1)
    assert "apiToken, active" in finding.what


@needs_recorded
@pytest.mark.parametrize("name", ["branch-deleted", "branch-updated", "new-branch-created"])
def test_captured_form_deliveries_are_read(name):
    headers = json.loads((RECORDED / "github" / "captured" / f"{name}.headers.json").read_text())["headers"]
    body = (RECORDED / "github" / "captured" / f"{name}.json").read_bytes()
    form = b"payload=" + quote_plus(body).encode()
    kept = {
        key: value for key, value in headers.items() if key not in {"content-length", "x-hub-signature-256"}
    }
    (event,) = events_of(route(), form, kept)
    assert event.id == headers["x-github-delivery"]
    assert data_of(event)["body"]["ref"].startswith("refs/heads/")
