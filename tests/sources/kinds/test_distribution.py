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
