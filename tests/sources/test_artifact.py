"""The common model of an artifact: rules that hold for every registry."""

import json

import pytest

from events.clock import parse_time
from sources.artifact import make_artifact, split_reference

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("given", "purl"),
    [
        (
            {"registry": "docker.io", "repository": "karolisr/keel", "reference": "0.1.7"},
            "pkg:oci/keel?repository_url=docker.io%2Fkarolisr%2Fkeel&tag=0.1.7",
        ),
        (
            {
                "registry": "Registry.example.test:5000",
                "repository": "Team/App",
                "reference": "v1",
                "digest": DIGEST,
            },
            f"pkg:oci/app@{DIGEST}?repository_url=registry.example.test%3A5000%2Fteam%2Fapp&tag=v1",
        ),
        (
            {"registry": "localhost", "repository": "harbor/alpine", "reference": DIGEST},
            f"pkg:oci/alpine@{DIGEST}?repository_url=localhost%2Fharbor%2Falpine",
        ),
        ({}, ""),
    ],
)
def test_purl(given, purl):
    assert make_artifact("push", **given).purl == purl


@pytest.mark.parametrize(
    ("given", "kind", "type_"),
    [
        (
            {"reference": "1", "media_type": "application/vnd.oci.image.manifest.v1+json"},
            "unknown",
            "artifact.pushed",
        ),
        (
            {"reference": "1", "config_media_type": "application/vnd.oci.image.config.v1+json"},
            "image",
            "artifact.pushed",
        ),
        ({"reference": "1", "config_media_type": "application/x-own"}, "other", "artifact.pushed"),
        ({"media_type": "application/vnd.oci.image.index.v1+json"}, "index", "artifact.uploaded"),
        ({"reference": "sha256-" + "b" * 64 + ".att"}, "attestation", "artifact.attached"),
        ({"reference": "sha256-" + "b" * 64 + ".sbom"}, "sbom", "artifact.attached"),
        ({"reference": "sha256-" + "B" * 64 + ".sig"}, "unknown", "artifact.pushed"),
        ({"reference": "sha256-bb.sig"}, "unknown", "artifact.pushed"),
    ],
)
def test_kinds_and_types_of_pushes(given, kind, type_):
    artifact = make_artifact("push", repository="a/b", **given)
    assert (artifact.kind, artifact.event_type) == (kind, type_)


def test_a_digest_beside_a_digest_in_the_tag_is_trusted():
    artifact = make_artifact("push", repository="a", reference="sha256:" + "b" * 64, digest=DIGEST)
    assert (artifact.tags, artifact.digest, artifact.reference) == ((), DIGEST, f"a@{DIGEST}")


def test_every_field_is_there_in_the_event():
    assert set(json.loads(make_artifact("scan").as_json())) == {
        *("action", "registry", "repository", "tags", "digest", "media_type", "kind", "actor", "time"),
        *("event_id", "subject_digest", "purl"),
    }


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("h.example/p/a:1", ("h.example", "1")),
        ("h.example:5000/p/a:1", ("h.example:5000", "1")),
        (f"h.example/p/a@{DIGEST}", ("h.example", DIGEST)),
        (f"h.example/p/a:{DIGEST}", ("h.example", DIGEST)),
        ("h.example/p/a", ("h.example", "")),
        ("", ("", "")),
    ],
)
def test_references_are_split_after_the_last_slash(url, parts):
    assert split_reference(url) == parts


@pytest.mark.parametrize(("reference", "digest"), [("sha256:abc", ""), ("sha256:" + "A" * 64, "")])
def test_a_malformed_digest_is_no_tag_either(reference, digest):
    artifact = make_artifact("push", repository="a", reference=reference)
    assert (artifact.tags, artifact.digest, artifact.event_type) == ((), digest, "artifact.uploaded")


def test_a_zero_time_is_no_time():
    assert make_artifact("push", time_us=parse_time("0001-01-01T00:00:00Z")).time_us is None
