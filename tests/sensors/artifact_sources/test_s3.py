"""Against a server that computes each signature again."""

import sys

import pytest

from sensors.artifact_source import ArtifactUnavailable, ArtifactUnusable
from sensors.artifact_spec import S3Location
from tests.sensors.artifact_sources.support import fetched
from tests.servers.s3 import S3Server


@pytest.fixture
async def server():
    async with S3Server("ada", "s3cr3t-key") as running:
        running.objects["templates", "jobs/build ü.yaml"] = b"kind: Job\n"
        yield running


def location(place, server, secret_key="s3cr3t-key\n\n", **more):
    keys = place.keep("s3", access=" ada \n", secret=secret_key)
    given = {
        "endpoint": server.endpoint,
        "insecure": True,
        "bucket": {"name": "templates", "key": "jobs/build ü.yaml"},
        "accessKey": keys["access"],
        "secretKey": keys["secret"],
    }
    return S3Location.model_validate({**given, **more})


async def test_an_object_is_fetched_with_trimmed_keys(place, server):
    assert (
        await fetched("s3", location(place, server, region="eu-central-1"), place.reach()) == b"kind: Job\n"
    )
    assert server.paths == ["/templates/jobs/build%20%C3%BC.yaml"]


async def test_without_a_region_it_is_asked_for(place, server):
    assert await fetched("s3", location(place, server), place.reach()) == b"kind: Job\n"
    assert server.paths[0] == "/templates?location="


@pytest.mark.parametrize(
    ("more", "message"),
    [
        pytest.param({"secret_key": "other"}, "SignatureDoesNotMatch", id="wrong key"),
        pytest.param({"bucket": {"name": "templates", "key": "none"}}, "NoSuchKey", id="no object"),
        pytest.param({"bucket": {"name": "others", "key": "none"}}, "NoSuchBucket", id="no bucket"),
        pytest.param(
            {"bucket": {"name": "A", "key": "none"}}, "invalid bucket name", id="no name of a bucket"
        ),
    ],
)
async def test_what_is_refused_is_unusable(place, server, more, message):
    with pytest.raises(ArtifactUnusable, match=message) as refused:
        await fetched("s3", location(place, server, region="eu-central-1", **more), place.reach())
    assert "s3cr3t" not in str(refused.value)


async def test_what_is_too_large_is_an_error_and_not_cut(place, server):
    server.objects["templates", "large"] = b"x" * 200_000
    large = location(place, server, bucket={"name": "templates", "key": "large"})
    assert len(await fetched("s3", large, place.reach())) == 200_000
    with pytest.raises(ArtifactUnusable, match="larger than 199999 bytes"):
        await fetched("s3", large, place.reach(max_bytes=199_999))


async def test_a_server_that_is_silent_or_gone_may_come_back(place, server):
    server.delay_s = 30
    with pytest.raises(ArtifactUnavailable, match=r"no answer within 0.3 s|Timeout"):
        await fetched("s3", location(place, server), place.reach(timeout_s=0.3))
    gone = location(place, server, endpoint="127.0.0.1:1")
    with pytest.raises(ArtifactUnavailable, match=r"127.0.0.1:1"):
        await fetched("s3", gone, place.reach())


async def test_a_strict_sensor_reads_over_tls_from_outer_addresses(place, server):
    with pytest.raises(ArtifactUnusable, match="https only"):
        await fetched("s3", location(place, server), place.reach(is_strict=True))
    with pytest.raises(ArtifactUnusable, match="loopback"):
        await fetched("s3", location(place, server, insecure=False), place.reach(is_strict=True))
    assert not server.paths


async def test_a_secret_that_is_not_there_may_come(place, server):
    absent = location(place, server, accessKey={"name": "none", "key": "access"})
    with pytest.raises(ArtifactUnavailable, match="accessKey: secret ci/none key `access`"):
        await fetched("s3", absent, place.reach())


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"endpoint": ""}, "endpoint is missing"),
        ({"endpoint": "https://s3.example.com"}, "endpoint is no host"),
        ({"bucket": None}, "bucket.name is missing"),
        ({"bucket": {"name": "x"}}, "bucket.key is missing"),
        ({"accessKey": None}, "accessKey is missing"),
        ({"secretKey": None}, "secretKey is missing"),
    ],
)
async def test_what_is_needed_is_said(place, server, more, message):
    with pytest.raises(ArtifactUnusable, match=message):
        await fetched("s3", location(place, server, **more), place.reach())


async def test_without_the_extra_the_error_names_it(place, server, monkeypatch):
    monkeypatch.setitem(sys.modules, "minio", None)
    with pytest.raises(ArtifactUnusable, match=r"install kikkake\[s3\]"):
        await fetched("s3", location(place, server), place.reach())
