import ipaddress
import ssl

import pytest

from sensors.addresses import AddressPolicy
from sensors.artifact_source import ArtifactUnavailable, ArtifactUnusable
from sensors.artifact_spec import UrlLocation
from tests.sensors.artifact_sources.support import fetched
from tests.servers.certificates import Certificates
from tests.servers.http_sink import Cut, Hang, HttpSink, Reply

LOOPBACK = AddressPolicy(allowed=(ipaddress.ip_network("127.0.0.0/8"),))


async def get(place, path, *, verify_cert=False, **more):
    return await fetched("url", UrlLocation(path=path, verify_cert=verify_cert), place.reach(**more))


async def test_the_answer_is_the_artifact(place):
    async with HttpSink(default=Reply(body=b"kind: Pod\n")) as sink:
        assert await get(place, f"{sink.url}/wf.yaml?x=1#part") == b"kind: Pod\n"
    [request] = sink.received
    assert (request.method, request.target) == ("GET", "/wf.yaml?x=1")
    assert request.header("accept-encoding") == "identity"


async def test_redirects_are_followed_to_the_fifth(place):
    async with HttpSink(default=Reply(302, {"Location": "/next"})) as sink:
        sink.answers.extend([Reply(301, {"Location": f"{sink.url}/b"}), Reply(body=b"found")])
        assert await get(place, sink.url) == b"found"
        with pytest.raises(ArtifactUnusable, match="more than 5 redirects"):
            await get(place, sink.url)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (201, ArtifactUnusable),
        (404, ArtifactUnusable),
        (403, ArtifactUnusable),
        (429, ArtifactUnavailable),
        (500, ArtifactUnavailable),
        (503, ArtifactUnavailable),
    ],
)
async def test_only_200_counts(place, status, error):
    async with HttpSink(default=Reply(status, body=b"no artifact")) as sink:
        with pytest.raises(error, match=f"127.0.0.1: status code {status}"):
            await get(place, f"{sink.url}/path?token=secret")


async def test_what_is_too_large_is_an_error_and_not_cut(place):
    async with HttpSink(default=Reply(body=b"x" * 100)) as sink:
        assert await get(place, sink.url, max_bytes=100) == b"x" * 100
        with pytest.raises(ArtifactUnusable, match="larger than 99 bytes"):
            await get(place, sink.url, max_bytes=99)
    async with HttpSink(default=Reply(body=b"x" * 5_000_000)) as sink:
        with pytest.raises(ArtifactUnusable, match="larger than 1253376 bytes"):
            await get(place, sink.url)


async def test_more_than_the_answers_of_a_trigger_is_read(place):
    body = b"a: " + b"x" * 600_000
    async with HttpSink(default=Reply(body=body)) as sink:
        assert await get(place, sink.url) == body


async def test_an_answer_that_breaks_off_is_no_artifact(place):
    """A YAML text that is cut may still be YAML."""
    async with HttpSink(default=Reply(headers={"Content-Length": "50"}, body=b"kind: Pod\n")) as sink:
        with pytest.raises(ArtifactUnavailable):
            await get(place, sink.url, timeout_s=0.5)


async def test_nobody_there_no_answer_and_a_cut_may_pass(place):
    async with HttpSink(default=Hang()) as sink:
        with pytest.raises(ArtifactUnavailable, match="no answer within"):
            await get(place, sink.url, timeout_s=0.3)
        sink.default = Cut()
        with pytest.raises(ArtifactUnavailable, match="connection broke"):
            await get(place, sink.url)
        gone = sink.url
    with pytest.raises(ArtifactUnavailable, match="cannot be reached"):
        await get(place, gone)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates.make(tmp_path_factory.mktemp("certificates"))


async def test_certificates_are_verified_where_the_sensor_asks_for_it(place, certificates):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificates.server, certificates.server_key)
    async with HttpSink(tls=tls, default=Reply(body=b"a: 1")) as sink:
        assert await get(place, sink.url) == b"a: 1"  # upstream's default
        with pytest.raises(ArtifactUnavailable, match="cannot be reached"):
            await get(place, sink.url, verify_cert=True)
        with pytest.raises(ArtifactUnavailable, match="cannot be reached"):
            await get(place, sink.url, is_strict=True, addresses=LOOPBACK)


async def test_a_strict_sensor_reaches_no_inner_address(place):
    async with HttpSink(default=Reply(body=b"a: 1")) as sink:
        for host in ("127.0.0.1", "localhost"):
            with pytest.raises(ArtifactUnusable, match="loopback"):
                await get(place, f"http://{host}:{sink.port}", is_strict=True)
        assert not sink.received
        assert await get(place, sink.url, is_strict=True, addresses=LOOPBACK) == b"a: 1"


async def test_a_redirect_leads_to_no_refused_address(place):
    async with HttpSink(default=Reply(302, {"Location": "http://127.0.0.2/meta-data"})) as sink:
        policy = AddressPolicy(allowed=(ipaddress.ip_network("127.0.0.1/32"),))
        with pytest.raises(ArtifactUnusable, match=r"127.0.0.2"):
            await get(place, sink.url, addresses=policy)


@pytest.mark.parametrize(
    "path", ["", "file:///etc/passwd", "ftp://x/y", "/etc/passwd", "http://", "http://[::"]
)
async def test_only_http_is_a_url(place, path):
    with pytest.raises(ArtifactUnusable, match="path is no URL"):
        await get(place, path)
