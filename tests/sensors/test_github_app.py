"""Tokens of GitHub Apps, from a twin of GitHub that verifies the signature."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from events.clock import US_PER_S, ManualClock, format_time
from sensors.artifact_source import ArtifactUnavailable, ArtifactUnusable
from sensors.artifact_spec import GithubApp
from sensors.github_app import GithubTokens
from tests.sensors.artifact_sources.support import Place
from tests.servers.http_sink import HttpSink, Reply

NOW_US = 1_790_000_000 * US_PER_S


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(public_exponent=65_537, key_size=2048)


@pytest.fixture
def clock():
    return ManualClock(NOW_US)


@pytest.fixture
def place(tmp_path, clock):
    return Place(tmp_path, clock)


@pytest.fixture
def app(place, key):
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    selector = place.keep("app", key=pem)["key"]
    return GithubApp.model_validate({"privateKey": selector, "appID": 7, "installationID": 42})


def granted(token, until_us):
    return Reply(201, body=json.dumps({"token": token, "expires_at": format_time(until_us)}).encode())


def decoded(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


async def test_a_token_is_asked_for_with_a_signed_claim(place, app, key):
    async with HttpSink(default=granted("t1", NOW_US + 3600 * US_PER_S)) as sink:
        assert await GithubTokens(sink.url).token(app, place.reach()) == "t1"
    [request] = sink.received
    assert (request.method, request.target) == ("POST", "/app/installations/42/access_tokens")
    scheme, _, token = (request.header("authorization") or "").partition(" ")
    header, claims, signature = token.split(".")
    assert scheme == "Bearer"
    assert decoded(header) == {"alg": "RS256", "typ": "JWT"}
    now_s = NOW_US // US_PER_S
    assert decoded(claims) == {"iat": now_s - 60, "exp": now_s + 540, "iss": "7"}
    raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    key.public_key().verify(raw, f"{header}.{claims}".encode(), padding.PKCS1v15(), SHA256())


async def test_a_token_is_used_until_it_is_nearly_over(place, app, clock):
    async with HttpSink() as sink:
        sink.answers.extend(
            [granted("t1", NOW_US + 3600 * US_PER_S), granted("t2", NOW_US + 7200 * US_PER_S)]
        )
        tokens = GithubTokens(sink.url)
        assert [await tokens.token(app, place.reach()) for _ in range(3)] == ["t1"] * 3
        clock.advance(3299)
        assert await tokens.token(app, place.reach()) == "t1"
        clock.advance(2)
        assert await tokens.token(app, place.reach()) == "t2"
        assert len(sink.received) == 2


async def test_another_key_gets_no_kept_token(place, app):
    other = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    stranger = app.model_copy(update={"private_key": app.private_key.model_copy(update={"name": "stranger"})})
    place.keep("stranger", key=pem)
    async with HttpSink() as sink:
        sink.answers.extend([granted("t1", NOW_US + 3600 * US_PER_S), Reply(401)])
        tokens = GithubTokens(sink.url)
        assert await tokens.token(app, place.reach()) == "t1"
        with pytest.raises(ArtifactUnusable, match="GitHub answered 401"):
            await tokens.token(stranger, place.reach())


@pytest.mark.parametrize(
    ("reply", "error", "message"),
    [
        (Reply(404), ArtifactUnusable, "answered 404"),
        (Reply(503), ArtifactUnavailable, "answered 503"),
        (Reply(201, body=b"{}"), ArtifactUnavailable, "holds no token"),
        (Reply(201, body=b"["), ArtifactUnavailable, "holds no token"),
    ],
)
async def test_what_github_refuses_is_said(place, app, reply, error, message):
    async with HttpSink(default=reply) as sink:
        with pytest.raises(error, match=message):
            await GithubTokens(sink.url).token(app, place.reach())


async def test_a_key_that_is_none_is_said(place, app):
    place.keep("app", key="nonsense-secret")
    with pytest.raises(ArtifactUnusable, match="is no PEM private key") as refused:
        await GithubTokens("http://127.0.0.1:1").token(app, place.reach())
    assert "nonsense" not in str(refused.value)
