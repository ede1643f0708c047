"""What every push kind promises: real deliveries give events, broken ones give a clear answer, never a crash."""

import copy
import json
import random
import re

import msgspec
import pytest

from events.topic import Topic, event_key
from sources.delivery import Answered, RawRequest, Rejected
from sources.ingest import REJECTED_SUFFIX, Accepted, accept
from sources.signing import signed_request
from sources.source import SOURCES, PushSource
from tests.sources.support import (
    NOW_US,
    RECORDED,
    SECRET,
    example_route,
    needs_recorded,
    own_payloads,
    secrets_of,
    send,
)

KINDS = [name for name in SOURCES.names() if issubclass(SOURCES.get(name), PushSource)]
_FOLDERS = {
    "github": ("github", "ghcr"),
    "webhook": ("alertmanager", "flux"),
    "dockerhub": ("docker-hub",),
    "harbor": ("harbor",),
    "distribution": ("distribution",),
    "cloudevents": ("cloudevents",),
}
_STRANGE = [None, True, -1, 1e300, "", "\u0000", "x" * 5000, [], {}, [[]], [None], {"a": None}]


def recorded(kind):
    """Recorded deliveries of the kind's senders, with headers as the kind needs them."""
    for folder in _FOLDERS.get(kind, (kind,)):
        for file in sorted((RECORDED / folder).rglob("*.json")):
            if not file.name.endswith(("headers.json", "schema.json")):
                yield file.name, file.read_bytes(), _headers_for(kind, file)


def _headers_for(kind, file):
    if kind == "github":
        return {"X-GitHub-Event": file.name.partition(".")[0]}
    if kind == "cloudevents":
        return {
            "Content-Type": "application/cloudevents" + ("-batch" if "batch" in file.name else "") + "+json"
        }
    return {"Content-Type": "application/cloudevents+json"} if file.parent.name == "cloudevents" else {}


def deliveries(kind):
    found = list(own_payloads(kind))
    if RECORDED.is_dir():
        found += recorded(kind)
    return found


def judged(route, body, headers):
    """What a delivery ends in; anything but these four is a crash and fails the test."""
    try:
        return send(route, body, headers)
    except Rejected as rejected:
        refused = rejected
    assert 400 <= refused.status < 500
    return refused


@pytest.mark.parametrize("kind", KINDS)
def test_every_delivery_written_by_hand_is_taken(kind):
    route = example_route(kind)
    for name, body, headers in own_payloads(kind):
        found = send(route, body, headers)
        assert isinstance(found, Answered) or (found.publications and found.rejected is None), name


@needs_recorded
@pytest.mark.parametrize("kind", KINDS)
def test_recorded_deliveries_never_crash_a_kind_and_keep_their_topic(kind):
    route = example_route(kind)
    taken = 0
    for _, body, headers in recorded(kind):
        found = judged(route, body, headers)
        if isinstance(found, Accepted):
            taken += found.rejected is None
            for publication in found.publications:
                name = route.topic.event_name + (REJECTED_SUFFIX if found.rejected else "")
                assert publication.topic == Topic("default", "default", route.topic.event_source, name)
    assert taken


@pytest.mark.parametrize("kind", [name for name in KINDS if name != "webhook"])
def test_the_same_delivery_again_gives_the_same_ids(kind):
    """A webhook may have any sender: without an id header each of its deliveries is new."""
    route = example_route(kind)
    for _, body, headers in own_payloads(kind):
        first, second = send(route, body, headers), send(route, body, headers)
        if isinstance(first, Accepted):
            assert [p.event.id for p in first.publications] == [p.event.id for p in second.publications]
            assert all(p.event.id != "new-id" for p in first.publications)


@pytest.mark.parametrize("kind", KINDS)
def test_a_node_that_is_gone_or_of_another_type_never_crashes_a_kind(kind):
    """Every node of every payload is deleted and retyped in turn (sampled where a payload is large)."""
    route = example_route(kind)
    chosen = random.Random(20261124)
    for _, body, headers in deliveries(kind):
        original = json.loads(body)
        nodes = list(_nodes(original))
        for path in chosen.sample(nodes, min(len(nodes), 40)):
            for strange in (_GONE, *chosen.sample(_STRANGE, 3)):
                changed = _changed(original, path, strange)
                found = judged(route, json.dumps(changed).encode(), headers)
                if isinstance(found, Rejected) and route.source.punishes_4xx:
                    pytest.fail(f"{kind} answers {found.status} to a sender that punishes it")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[",
        b"nul",
        b"\xff\xfe",
        b'{"a":NaN}',
        b"[" * 65 + b"]" * 65,
        b'"x"',
        b"[]",
        b"{}",
        b"0",
        b'{"a":1}x',
    ],
)
def test_short_and_broken_bodies_get_an_answer(kind, body):
    route = example_route(kind)
    found = judged(route, body, {})
    if isinstance(found, Rejected):
        assert body.decode("latin-1") not in found.detail or len(body) < 3


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_accepted_without_its_proof(kind):
    route = example_route(kind)
    body = b'{"a": 1}'
    segments = route.pattern.match(route.pattern.fill({"token": "x" * 30}))
    request = RawRequest(method="POST", path="/x", headers={"content-type": ("application/json",)}, body=body)
    with pytest.raises(Rejected) as refused:
        accept(route, request, segments, secrets_of(route), now_us=NOW_US, new_id=lambda: "x")
    assert refused.value.status == 401


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "value", [None, b"", b" \n", b"changeme"], ids=["missing", "empty", "blank", "sample"]
)
def test_a_secret_that_proves_nothing_closes_the_endpoint(kind, value):
    route = example_route(kind)
    secrets = {} if value is None else dict.fromkeys(route.proof.refs, value)
    request = RawRequest(method="POST", path="/x", headers={}, body=b"{}")
    with pytest.raises(Rejected) as refused:
        accept(route, request, {"token": ""}, secrets, now_us=NOW_US, new_id=lambda: "x")
    assert refused.value.status == 503


@pytest.mark.parametrize("kind", KINDS)
def test_no_credential_reaches_an_event(kind):
    route = example_route(kind)
    canaries = {
        "Cookie": "canary-cookie",
        "X-Gitlab-Token": "canary-token",
        "Proxy-Authorization": "canary-proxy",
    }
    for _, body, headers in own_payloads(kind):
        found = send(route, body, headers | canaries)
        if isinstance(found, Accepted):
            for publication in found.publications:
                event = publication.event
                kept = (event.data or b"") + event.context_json
                assert b"canary" not in kept
                assert SECRET not in kept
                assert b"sha256=" not in kept


class _Gone:
    pass


_GONE = _Gone()


def _nodes(value, path=()):
    if path:
        yield path
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, child in children:
        yield from _nodes(child, (*path, key))


def _changed(original, path, value):
    changed = copy.deepcopy(original)
    parent = changed
    for key in path[:-1]:
        parent = parent[key]
    if value is _GONE:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return changed


@pytest.mark.parametrize("kind", KINDS)
def test_text_that_no_encoding_can_carry_never_crashes_a_kind(kind):
    """A header with a byte that is no UTF-8, and half of a surrogate pair in any string of the body."""
    route = example_route(kind)
    names = ("x-request-name", "idempotency-key", "webhook-id", "ce-id", "ce-source", "ce-type", "ce-ext")
    for _, body, headers in own_payloads(kind):
        sent = [*signed_request(route, body, headers, secrets_of(route), delivery_id="d1").headers, *names]
        spoilt = [(body, {**headers, name: "x\udce9"}) for name in sent]
        spoilt += [
            (body[: text.start(1)] + rb"\ud800" + body[text.end(1) :], headers)
            for text in re.finditer(rb'": "([^"]*)"', body)
        ]
        for changed, given in spoilt:
            found = judged(route, changed, given)
            for publication in getattr(found, "publications", []):
                assert event_key(publication.topic, publication.event.source, publication.event.id)
                assert msgspec.msgpack.encode(publication)
