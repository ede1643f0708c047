"""The kind `dockerhub`: one event a tag, ids from what stays the same, a token in the path."""

import json

import pytest

from sources.delivery import Rejected
from tests.sources.support import RECORDED, SECRET, data_of, events_of, needs_recorded, route_of, send

TOKEN = "tokenSecret: {name: s, key: k}"


def route(more=TOKEN):
    return route_of("dockerhub", f'{{webhook: {{endpoint: /hub, port: "12000"}}, {more}}}')


def body(**pushed):
    push = {"pushed_at": 1795510800, "pusher": "mia", "tag": "1.0"} | pushed
    return json.dumps({"push_data": push, "repository": {"repo_name": "Acme/Shop"}}).encode()


def test_a_push_is_the_common_model_beside_the_raw_body():
    raw = body()
    (event,) = events_of(route(), raw)
    assert (event.type, event.source, event.subject) == (
        "artifact.pushed",
        "https://docker.io/acme/shop",
        "acme/shop:1.0",
    )
    assert (event.time, len(event.id)) == ("2026-11-24T09:00:00Z", 32)
    assert raw in event.data
    assert data_of(event)["artifact"] == {
        "action": "push",
        "registry": "docker.io",
        "repository": "acme/shop",
        "tags": ["1.0"],
        "digest": None,
        "media_type": None,
        "kind": "unknown",
        "actor": "mia",
        "time": "2026-11-24T09:00:00Z",
        "event_id": event.id,
        "subject_digest": None,
        "purl": "pkg:oci/shop?repository_url=docker.io%2Facme%2Fshop&tag=1.0",
    }


def test_the_equal_calls_of_one_push_have_one_id_and_another_push_has_another():
    (event,) = events_of(route(), body())
    assert events_of(route(), body(images=[]))[0].id == event.id
    assert events_of(route(), body(pushed_at=1795510800.0))[0].id == event.id
    assert events_of(route(), body(pushed_at=1795510801))[0].id != event.id
    assert events_of(route(), body(tag="1.1"))[0].id != event.id


def test_the_token_is_the_last_segment_of_the_path_and_stays_out_of_the_event():
    tokened = route()
    assert tokened.pattern.text == "/hub/{token}"
    assert SECRET not in events_of(tokened, body())[0].data


def test_other_repositories_are_answered_and_dropped():
    only = route(TOKEN + ', repositories: ["acme/*"]')
    assert len(events_of(only, body())) == 1
    assert events_of(route(TOKEN + ", repositories: [other/x]"), body()) == []


def test_an_official_image_has_the_namespace_under_which_it_is_stored():
    (event,) = events_of(route(), b'{"push_data": {"tag": "1"}, "repository": {"repo_name": "busybox"}}')
    assert data_of(event)["artifact"]["repository"] == "library/busybox"


@pytest.mark.parametrize(
    ("raw", "detail"),
    [
        (b"[]", "body is not an object"),
        (b'{"push_data": {}}', "body.repository.repo_name is missing"),
        (b'{"repository": {"repo_name": 1}}', "body.repository.repo_name is not a string"),
        (body(pushed_at="soon"), "body.push_data.pushed_at is not a time in seconds"),
        (body(pushed_at=1e300), "body.push_data.pushed_at is not a time in seconds"),
    ],
)
def test_a_wrong_leaf_is_named_by_its_path(raw, detail):
    with pytest.raises(Rejected) as refused:
        send(route(), raw)
    assert (refused.value.status, refused.value.detail) == (400, detail)


@needs_recorded
@pytest.mark.parametrize(
    ("name", "repository", "tags"),
    [
        ("push.docs-current", "svendowideit/testhook", ["latest"]),
        ("push.2015-own-repo-no-tag", None, []),
        ("push.docs-floats", None, None),
    ],
)
def test_recorded_pushes(name, repository, tags):
    (event,) = events_of(route(), (RECORDED / "docker-hub" / f"{name}.json").read_bytes())
    artifact = data_of(event)["artifact"]
    assert repository in {None, artifact["repository"]}
    assert tags is None or artifact["tags"] == tags
    assert event.type == ("artifact.pushed" if artifact["tags"] else "artifact.uploaded")
