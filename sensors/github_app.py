"""Tokens of a GitHub App's installation: signed for ten minutes, good for one hour, kept for most of it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import OrderedDict

from yarl import URL

from events.clock import US_PER_S, Clock, parse_time
from sensors.artifact_http import may_pass, send
from sensors.artifact_source import ArtifactUnavailable, ArtifactUnusable, Reach
from sensors.artifact_spec import GithubApp
from sensors.http_client import Request

API_URL = "https://api.github.com"
_CLOCK_SKEW_S = 60
_SIGNED_FOR_S = 540
"""GitHub takes at most ten minutes."""
_SPARE_US = 300 * US_PER_S
_MAX_KEPT = 64


class GithubTokens:
    """The tokens of one process."""

    def __init__(self, api_url: str = API_URL) -> None:
        self._api_url = api_url
        self._kept: OrderedDict[tuple[int, int, bytes], tuple[int, str]] = OrderedDict()

    async def token(self, app: GithubApp, reach: Reach) -> str:
        """A token that is good for some minutes at least. Raises ArtifactUnusable, ArtifactUnavailable."""
        private_key = await reach.secret(app.private_key, "githubApp.privateKey")
        # By the key too: whoever has only the numbers of somebody's app gets no token of it.
        at = (app.app_id, app.installation_id, hashlib.sha256(private_key).digest())
        until_us, token = self._kept.get(at, (0, ""))
        if until_us > reach.clock.now_us() + _SPARE_US:
            return token
        until_us, token = await self._ask(app, private_key, reach)
        self._kept[at] = (until_us, token)
        while len(self._kept) > _MAX_KEPT:
            self._kept.popitem(last=False)
        return token

    async def _ask(self, app: GithubApp, private_key: bytes, reach: Reach) -> tuple[int, str]:
        request = Request(
            method="POST",
            url=URL(f"{self._api_url}/app/installations/{app.installation_id}/access_tokens"),
            headers=(("User-Agent", "kikkake"), ("Accept", "application/vnd.github+json")),
            secret_headers=(("Authorization", f"Bearer {_signed(app, private_key, reach.clock)}"),),
        )
        answer = await send(request, reach, prefix="githubApp: ")
        if may_pass(answer.status):
            raise ArtifactUnavailable(f"githubApp: GitHub answered {answer.status}")
        if answer.status != 201:
            raise ArtifactUnusable(f"githubApp: GitHub answered {answer.status}: see its ids and key")
        try:
            found = json.loads(answer.body)
            return parse_time(str(found["expires_at"])) or 0, str(found["token"])
        except (ValueError, KeyError, TypeError) as error:
            raise ArtifactUnavailable("githubApp: GitHub's answer holds no token") from error


def _signed(app: GithubApp, private_key: bytes, clock: Clock) -> str:
    """A JSON web token (RS256)."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - 40 ms for those who use it
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        key = load_pem_private_key(private_key, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ArtifactUnusable("githubApp.privateKey: is no PEM private key") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ArtifactUnusable("githubApp.privateKey: is no RSA key")
    now_s = clock.now_us() // US_PER_S
    claims = {"iat": now_s - _CLOCK_SKEW_S, "exp": now_s + _SIGNED_FOR_S, "iss": str(app.app_id)}
    signed = b".".join(
        _base64(json.dumps(part).encode()) for part in ({"alg": "RS256", "typ": "JWT"}, claims)
    )
    return b".".join([signed, _base64(key.sign(signed, padding.PKCS1v15(), SHA256()))]).decode()


def _base64(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
