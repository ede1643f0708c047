"""http: sends one HTTP request (spec-sensors 7.5; design, section 5; spec: effects 4).

It carries `Idempotency-Key`, so that a receiver can tell a repeat; the bytes are the same on every attempt, and
secrets stand in them as references. 2xx is a success unless a status policy says otherwise.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

from yarl import URL

from events.errors import Finding
from events.event import Event
from events.model import SpecModel
from events.ports import SecretRef, Secrets, SecretsAs
from events.resource import Path, ResourceDocument
from sensors.access import Needs, reading
from sensors.addresses import policy_for
from sensors.http_answers import WITHOUT_ANSWER, SecretUnusable, failure_of, judge_answer
from sensors.http_check import check_http
from sensors.http_client import Answer, HttpClient, Request
from sensors.http_request import (
    CONTROL,
    HttpConfig,
    Rendered,
    decode_request,
    names_other_secrets,
    preview_request,
    refs_of,
    render_request,
)
from sensors.tls import TLSContexts
from sensors.trigger import (
    AttemptContext,
    Done,
    Failed,
    Preview,
    RenderContext,
    Trigger,
    TriggerServices,
)


class Http(Trigger):
    """Sends `payload` to `url`."""

    Config = HttpConfig
    kind: ClassVar[str] = "http"
    repeatable: ClassVar[bool] = True
    fixed_members: ClassVar[tuple[str, ...]] = ("url", "host")

    def __init__(self, services: TriggerServices) -> None:
        super().__init__(services)
        self._peers: dict[tuple[str, str, str, bool, str | None], _Peer] = {}

    @classmethod
    def check(cls, document: ResourceDocument, config: SpecModel, path: Path, part: str) -> list[Finding]:
        """Upstream's texts, and what cannot work or is not safe."""
        return check_http(document, config, path, part) if isinstance(config, HttpConfig) else []

    @classmethod
    def needs(cls, spec: bytes, namespace: str, *, written: Sequence[str] = ()) -> Needs:
        """To read the Secrets of its headers, its login and its certificates."""
        config = HttpConfig.model_validate_json(spec)
        found = reading(refs_of(config, namespace))
        if names_other_secrets([*written, *(parameter.dest for parameter in config.parameters)]):
            found += Needs(
                unknown=("an event decides which Secrets its request reads: grant get, watch on them",)
            )
        return found

    @classmethod
    def render(cls, spec: bytes, events: Mapping[str, Event], context: RenderContext) -> bytes:
        """The request with references in place of secrets."""
        return render_request(spec, events, context)

    @classmethod
    def preview(cls, rendered: bytes) -> Preview:
        """The request, with `***` for every secret."""
        return Preview(request=preview_request(rendered))

    async def fire(self, rendered: bytes, attempt: AttemptContext) -> Done | Failed:
        """Send it once, redirects included."""
        request = decode_request(rendered)
        hidden: list[str] = []
        try:
            answer = await self._send(request, attempt, hidden)
        except WITHOUT_ANSWER as error:
            return failure_of(error)
        return judge_answer(answer, request.allow, hidden, self.services.clock.now_us())

    async def _send(self, request: Rendered, attempt: AttemptContext, hidden: list[str]) -> Answer:
        """`hidden` gets every text of the request that must not appear in a message."""
        peer = self._peer(attempt)
        prepared = Request(
            method=request.method,
            url=URL(request.url),
            headers=request.headers,
            secret_headers=await _secret_headers(request, peer.secrets, hidden),
            body=request.body,
            tls=await peer.tls.context(request.tls) if request.tls is not None else None,
        )
        return await peer.client.send(prepared, timeout_s=request.timeout_s)

    async def close(self) -> None:
        """Close the connections."""
        for peer in self._peers.values():
            await peer.client.close()

    def _peer(self, attempt: AttemptContext) -> _Peer:
        key = (attempt.namespace, attempt.sensor, attempt.trigger, attempt.is_strict, attempt.account)
        if key not in self._peers:
            services = self.services
            addresses = policy_for(services.addresses, is_strict=attempt.is_strict)
            client = HttpClient(services.exchange, addresses)
            secrets = SecretsAs(services.secrets, attempt.account)
            self._peers[key] = _Peer(client, secrets, TLSContexts(secrets))
        return self._peers[key]


class _Peer(NamedTuple):
    """What one trigger of one Sensor sends with: nothing of it is shared with another, credentials least of all."""

    client: HttpClient
    secrets: Secrets
    tls: TLSContexts


async def _secret_headers(
    request: Rendered, secrets: Secrets, hidden: list[str]
) -> tuple[tuple[str, str], ...]:
    headers: dict[str, str] = {}
    for value in request.secure:
        headers[value.name] = await _secret(value.ref, secrets)
        hidden.append(headers[value.name])
    if request.has_basic_auth:
        user = await _secret(request.user, secrets) if request.user else ""
        password = await _secret(request.password, secrets) if request.password else ""
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        headers = {name: text for name, text in headers.items() if name.lower() != "authorization"}
        headers["Authorization"] = f"Basic {pair}"
        hidden += [password, pair, user]
    return tuple(headers.items())


async def _secret(ref: SecretRef, secrets: Secrets) -> str:
    text = (await secrets.read(ref)).decode("utf-8", "replace")
    if CONTROL.search(text):
        raise SecretUnusable(f"{ref} holds control characters or line breaks: it cannot be a header")
    return text
