"""url: what a GET answers (spec-sensors 8).

Redirects are followed as by HTTP triggers: 5 hops, never to a weaker scheme. Only 200 counts. Where the operator or a
strict Sensor restricts addresses, the one that is connected to is judged, also after a redirect (spec: security).
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import ClassVar

from yarl import URL

from sensors.artifact_http import may_pass, send
from sensors.artifact_source import (
    ArtifactSource,
    ArtifactUnavailable,
    ArtifactUnusable,
    LocationFault,
    Reach,
)
from sensors.artifact_spec import UrlLocation
from sensors.http_client import Answer, Request


class Url(ArtifactSource[UrlLocation]):
    """The body of the answer."""

    kind: ClassVar[str] = "url"

    @classmethod
    def faults(cls, member: UrlLocation) -> Iterator[LocationFault]:
        if _url(member.path) is None:
            yield LocationFault(("path",), "is no URL", "write http://... or https://...")

    async def read(self, member: UrlLocation, reach: Reach) -> bytes:
        url = _url(member.path)
        if url is None:
            raise ArtifactUnusable("path is no URL; write http://... or https://...")
        answer = await _get(url, reach, verifies=member.verify_cert or reach.is_strict)
        if may_pass(answer.status):
            raise ArtifactUnavailable(f"{url.host}: status code {answer.status}")
        if answer.status != 200:
            raise ArtifactUnusable(f"{url.host}: status code {answer.status}")
        if not answer.is_whole and len(answer.body) <= reach.max_bytes:
            raise ArtifactUnavailable(f"{url.host}: the answer broke off")
        return answer.body


async def _get(url: URL, reach: Reach, *, verifies: bool) -> Answer:
    request = Request(
        method="GET",
        url=url,
        headers=(("User-Agent", "kikkake"), ("Accept", "*/*"), ("Accept-Encoding", "identity")),
        tls=None if verifies else _accepting_any(),
        max_answer_bytes=reach.max_bytes + 1,
    )
    return await send(request, reach)


def _url(text: str) -> URL | None:
    try:
        url = URL(text)
    except ValueError:
        return None
    return url.with_fragment(None) if url.scheme in {"http", "https"} and url.host else None


def _accepting_any() -> ssl.SSLContext:
    """Upstream's meaning of `verifyCert: false`, which is its default; lint says so."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
