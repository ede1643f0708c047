"""The kind `harbor`: both formats, digests in tags, ids over retries, sources that tell two Harbors apart."""

import json

import pytest

from tests.sources.support import PAYLOADS, RECORDED, data_of, events_of, needs_recorded, route_of, send

AUTH = "authorizationSecret: {name: s, key: k}"
CLOUDEVENTS = {"Content-Type": "application/cloudevents+json"}
DIGEST = "sha256:" + "1" * 64


def route(more=AUTH):
    return route_of("harbor", f'{{webhook: {{endpoint: /h, port: "12000"}}, {more}}}')


def own(name):
    return (PAYLOADS / "harbor" / f"{name}.json").read_bytes()


def test_both_formats_give_the_same_artifact():
    (default,) = events_of(route(), own("push__tag"))
    (cloud,) = events_of(route(), own("push__cloudevents"), CLOUDEVENTS)
    same = {name: value for name, value in data_of(default)["artifact"].items() if name != "event_id"}
    assert same == {name: value for name, value in data_of(cloud)["artifact"].items() if name != "event_id"}
    assert same["repository"] == "shop/backend/api"
    assert same["registry"] == "harbor.example.com"
    assert same["tags"] == ["1.4.2"]
    assert same["digest"] == DIGEST
    assert same["actor"] == "robot$shop+ci"
    assert (
        same["purl"]
        == f"pkg:oci/api@{DIGEST}?repository_url=harbor.example.com%2Fshop%2Fbackend%2Fapi&tag=1.4.2"
    )
    assert default.type == cloud.type == "artifact.pushed"
    assert default.source == "https://harbor.example.com/shop/backend/api"


def test_cloudevents_keep_their_id_and_get_the_host_into_their_source():
    (event,) = events_of(route(), own("push__cloudevents"), CLOUDEVENTS)
    assert event.id == "c3d0f6a0-0000-4000-8000-000000000001"
    assert event.source == "https://harbor.example.com/projects/2/webhook/policies/15"
    assert event.extensions == {
        "requestid": "c3d0f6a0-0000-4000-8000-0000000000ff",
        "operator": "robot$shop+ci",
    }


def test_default_bodies_get_an_id_of_what_stays_the_same():
    (event,) = events_of(route(), own("push__tag"))
    assert events_of(route(), own("push__tag"))[0].id == event.id
    assert events_of(route(), own("push__tag").replace(b"1795510800", b"1795510801"))[0].id != event.id


def test_the_list_of_repositories_holds_also_where_only_the_url_names_one():
    body = json.loads(own("push__tag"))
    del body["event_data"]["repository"]
    raw = json.dumps(body).encode()
    only = AUTH + ', repositories: ["%s"]'
    assert len(events_of(route(only % "shop/**"), raw)) == 1
    assert events_of(route(only % "other/*"), raw) == []


def test_a_url_without_a_host_gives_no_registry():
    raw = own("push__tag").replace(b"harbor.example.com/", b"")
    (event,) = events_of(route(), raw)
    assert data_of(event)["artifact"]["registry"] is None
    assert data_of(event)["artifact"]["repository"] == "shop/backend/api"


@pytest.mark.parametrize("separator", ["@", ":"])
def test_a_digest_in_the_tag_is_moved_where_it_belongs(separator):
    """Harbor 2.0 wrote a colon before the digest in the URL."""
    body = own("push__tag").replace(b'"tag": "1.4.2"', f'"tag": "{DIGEST}"'.encode())
    body = body.replace(b"api:1.4.2", f"api{separator}{DIGEST}".encode())
    (event,) = events_of(route(), body)
    artifact = data_of(event)["artifact"]
    assert (artifact["tags"], artifact["digest"], event.type) == ([], DIGEST, "artifact.uploaded")
    assert event.subject == f"shop/backend/api@{DIGEST}"


def test_a_signature_is_attached_and_no_new_version():
    tag = f"sha256-{'2' * 64}.sig"
    (event,) = events_of(route(), own("push__tag").replace(b"1.4.2", tag.encode()))
    artifact = data_of(event)["artifact"]
    assert (event.type, artifact["kind"], artifact["subject_digest"]) == (
        "artifact.attached",
        "signature",
        "sha256:" + "2" * 64,
    )


def test_pulls_are_dropped_unless_wanted():
    pull = own("push__tag").replace(b"PUSH_ARTIFACT", b"PULL_ARTIFACT")
    assert events_of(route(), pull) == []
    assert events_of(route(AUTH + ", includePulls: true"), pull)[0].type == "artifact.pulled"


def test_what_cannot_be_used_is_kept_and_not_refused():
    for body in (b"[]", b"{}", b"{", own("push__tag").replace(b'"occur_at": 1795510800', b'"occur_at": "x"')):
        accepted = send(route(), body)
        assert accepted.rejected is not None
        assert accepted.publications[0].event.data == body


@needs_recorded
@pytest.mark.parametrize(
    ("name", "type_"),
    [
        ("default/PUSH_ARTIFACT", "artifact.uploaded"),
        ("default/DELETE_ARTIFACT", "artifact.deleted"),
        ("default/SCANNING_COMPLETED", "artifact.scanned"),
        ("default/QUOTA_EXCEED", "registry.quota"),
        ("default/REPLICATION", "registry.replication"),
        ("default/TAG_RETENTION", "registry.retention"),
        ("default/PUSH_ARTIFACT.nested-name.image-updater", "artifact.pushed"),
        ("cloudevents/artifact.pushed", "artifact.uploaded"),
        ("cloudevents/scan.failed", "artifact.scanned"),
        ("cloudevents/replication.status.changed", "registry.replication"),
        ("v1/pushImage.keel", "artifact.pushed"),
    ],
)
def test_recorded_deliveries(name, type_):
    body = (RECORDED / "harbor" / f"{name}.json").read_bytes()
    headers = CLOUDEVENTS if name.startswith("cloudevents") else {}
    (event,) = events_of(route(), body, headers)
    assert event.type == type_
    if headers:
        assert event.id == json.loads(body)["id"]
        assert event.source.startswith("https://localhost/projects/")


@needs_recorded
def test_where_tag_and_url_disagree_the_tag_leads():
    body = (RECORDED / "harbor" / "default" / "PUSH_ARTIFACT.tag-mismatch.keel.json").read_bytes()
    resource = json.loads(body)["event_data"]["resources"][0]
    (event,) = events_of(route(), body)
    assert data_of(event)["artifact"]["tags"] == [resource["tag"]]
