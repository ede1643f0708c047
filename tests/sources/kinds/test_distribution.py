"""The kind `distribution`: envelopes taken apart, blobs and mounts dropped, deletes told from untags."""

import json

import pytest

from tests.sources.support import (
    PAYLOADS,
    RECORDED,
    data_of,
    events_of,
    needs_recorded,
    own_payloads,
    route_of,
    send,
)

AUTH = "authorizationSecret: {name: s, key: k}"
BODY = (PAYLOADS / "distribution" / "push__manifest.json").read_bytes()


def route(more=AUTH):
    return route_of("distribution", f'{{webhook: {{endpoint: /r, port: "12000"}}, {more}}}')


def recorded(name):
    return (RECORDED / "distribution" / f"{name}.json").read_bytes()


def test_each_entry_becomes_an_event_with_its_own_id_and_its_own_bytes():
    (event,) = events_of(route(), BODY)
    assert (event.id, event.type) == ("7f0e1a52-0000-4000-8000-000000000001", "artifact.pushed")
    assert event.source == "https://registry.internal:5000/shop/api"
    assert event.time == "2026-11-24T09:00:00.123456Z"
    assert event.data.endswith(b'"instanceID": "i1"}\n      }}')
    artifact = data_of(event)["artifact"]
    assert (artifact["repository"], artifact["tags"], artifact["kind"]) == (
        "shop/api",
        ["1.4.2"],
        "helm-chart",
    )
    assert data_of(event)["body"] == json.loads(BODY)["events"][0]


def test_the_configured_host_wins_over_an_internal_one():
    (event,) = events_of(route(AUTH + ", registry: Registry.example.com"), BODY)
    assert event.source == "https://registry.example.com/shop/api"


def test_a_head_request_is_no_pull():
    assert len(events_of(route(AUTH + ", includePulls: true"), BODY)) == 1
    got = BODY.replace(b'"HEAD"', b'"GET"')
    assert [event.type for event in events_of(route(AUTH + ", includePulls: true"), got)] == [
        "artifact.pushed",
        "artifact.pulled",
    ]


def test_an_envelope_with_one_bad_entry_is_kept_whole():
    accepted = send(route(), BODY.replace(b'"action": "pull"', b'"action": 3'))
    assert accepted.rejected.detail == "body.events[1].action is not a string"
    assert [publication.event.type for publication in accepted.publications] == ["kikkake.rejected"]


@pytest.mark.parametrize(
    ("media_type", "url", "is_published"),
    [
        ("application/vnd.docker.container.image.rootfs.diff+x-gtar", "https://r/v2/a/manifests/1", False),
        ("application/vnd.oci.image.layer.v1.tar+gzip", "", False),
        ("application/octet-stream", "https://r/v2/a/blobs/sha256:1", False),
        ("application/octet-stream", "https://r/v2/a/manifests/1", True),
        ("application/octet-stream", "", False),
        ("application/vnd.example.manifest.v9+json", "https://r/v2/a/manifests/1", True),
    ],
)
def test_layers_are_told_by_their_type_and_octet_streams_by_their_url(media_type, url, is_published):
    target = {"mediaType": media_type, "url": url, "repository": "a", "tag": "1"}
    body = json.dumps({"events": [{"id": "1", "action": "push", "target": target}]}).encode()
    assert bool(events_of(route(), body)) is is_published


def test_two_facts_under_one_id_are_two_events():
    entries = [
        {"id": "1", "action": action, "target": {"repository": "a", "digest": "sha256:" + "a" * 64}}
        for action in ("push", "delete", "delete")
    ]
    found = events_of(route(), json.dumps({"events": entries}).encode())
    assert [event.id for event in found] == ["1", "1/1", "1/1"]
    assert [event.type for event in found[:2]] == ["artifact.uploaded", "artifact.deleted"]


def test_a_body_without_entries_is_kept():
    accepted = send(route(), b'{"target": {"repository": "a"}}')
    assert accepted.rejected.detail == "body.events is missing"
    assert events_of(route(), b'{"events": []}') == []


def test_too_many_entries_are_kept_and_not_published():
    accepted = send(route(), b'{"events": [' + b",".join([b"{}"] * 1001) + b"]}")
    assert "at most 1000" in accepted.rejected.detail


def test_the_example_has_its_content_type():
    ((_, _, headers),) = own_payloads("distribution")
    assert headers == {"Content-Type": "application/vnd.docker.distribution.events.v1+json"}


@needs_recorded
@pytest.mark.parametrize(
    ("name", "types"),
    [
        ("captured-2.8.2/push.docker-manifest.tag", ["artifact.pushed"]),
        ("captured-2.8.2/push.oci-manifest.by-digest", ["artifact.uploaded"]),
        ("captured-2.8.2/push.blobs", []),
        ("captured-2.8.2/mount.blob", []),
        ("captured-2.8.2/pull.blob", []),
        ("captured-2.8.2/head.manifest.tag", []),
        ("captured-2.8.2/pull.manifest.tag", []),
        ("captured-2.8.2/delete.manifest.1", ["artifact.deleted"]),
        ("captured-2.8.2/delete.manifest.2", ["artifact.untagged"]),
        ("captured-2.8.2/push.cosign-signature", ["artifact.attached"]),
        ("push.2015.two-repositories", None),
        ("push.digest-only.spinnaker", ["artifact.uploaded"]),
    ],
)
def test_recorded_notifications(name, types):
    found = [event.type for event in events_of(route(), recorded(name))]
    assert types is None or found == types


@needs_recorded
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("push.helm-chart.refs", "helm-chart"),
        ("push.helm-chart", "unknown"),
        ("push.docker-manifest.tag", "image"),
        ("push.oci-index.tag", "index"),
        ("push.cosign-signature", "signature"),
    ],
)
def test_the_kind_is_told_by_what_proves_it(name, kind):
    (event,) = events_of(route(), recorded(f"captured-2.8.2/{name}"))
    assert data_of(event)["artifact"]["kind"] == kind
