"""CloudEvents over HTTP: structured, binary and batched, taken as they are.

The event is the CloudEvent that came: `id`, `source`, `type`, `subject`, `time` and extensions are kept and its
data stays the bytes that were sent (upstream wraps it into one of its own). The EventSource decides only where
it belongs. A batch is stored whole or not at all. OPTIONS is answered for origins on `allowedOrigins`
(spec: signatures 2.2); the callback that a sender may ask for is never called.
Source: github.com/cloudevents/spec, HTTP protocol binding 1.0.2 and "HTTP 1.1 Web Hooks" 1.0.2.
"""

from __future__ import annotations

from typing import Any, cast

from pydantic import Field

from events.codec import BATCH, STRUCTURED, CodecError, decode_batch, decode_binary, decode_structured
from events.errors import Finding, Scope
from events.event import Event
from events.model import SpecModel
from events.resource import Path, ResourceDocument
from sources.delivery import Answered, Delivery, Headers, Rejected
from sources.source import Endpoint, Parsed, Proof, PushSource
from sources.strict_json import read_strict_json
from sources.verify import all_of
from sources.webhook_context import WebhookContext, listening_findings


class Cloudevents(PushSource):
    """One endpoint for CloudEvents."""

    kind = "cloudevents"
    event_type = "cloudevents"
    id_headers = ("ce-id", "ce-source", "ce-type", "ce-specversion")

    class Config(SpecModel):
        """Where to listen, who may ask to send, and how much."""

        webhook: WebhookContext | None = None
        """Where to listen; `authSecret` there is the bearer token."""
        allowed_origins: list[str] = Field(default_factory=list)
        """Values of `WebHook-Request-Origin` that are allowed to deliver; others get 403 on OPTIONS."""
        rate: int | None = None
        """Deliveries a minute; more are answered 429. Told to senders as `WebHook-Allowed-Rate`."""
        keep_rejected: bool = False
        """Keep authentic deliveries that were refused, for `kikkake events`."""

    config: Config

    def __init__(self, config: Any, *, namespace: str, event_source: str, event_name: str) -> None:
        super().__init__(config, namespace=namespace, event_source=event_source, event_name=event_name)
        self.rate_per_minute = config.rate

    @classmethod
    def check(cls, document: ResourceDocument, config: SpecModel, path: Path) -> list[Finding]:
        config = cast(Cloudevents.Config, config)
        findings = listening_findings(document, config.webhook, path)
        if config.rate is not None and config.rate <= 0:
            findings.append(
                document.finding(
                    (*path, "rate"),
                    f"{config.rate} lets no delivery through",
                    "write deliveries a minute, or leave it out for no limit",
                    code="InvalidEventSource",
                    scope=Scope.PART,
                )
            )
        return findings

    def endpoint(self) -> Endpoint:
        return cast(WebhookContext, self.config.webhook).at(self.namespace)

    def proof(self) -> Proof:
        return all_of(cast(WebhookContext, self.config.webhook).bearer(self.namespace))

    def preflight(self, headers: Headers) -> Answered | None:
        origin = headers.get("webhook-request-origin")
        if not origin:
            return None
        if origin[0] not in self.config.allowed_origins:
            raise Rejected(403, "origin", "Origin not allowed")
        answer = {"Allow": "POST", "WebHook-Allowed-Origin": origin[0]}
        if self.config.rate is not None:
            answer["WebHook-Allowed-Rate"] = str(self.config.rate)
        elif "webhook-request-rate" in headers:
            answer["WebHook-Allowed-Rate"] = "*"
        return Answered(headers=answer)

    def events(self, delivery: Delivery) -> list[Parsed]:
        try:
            return [Parsed(event=event) for event in _decoded(delivery)]
        except CodecError as error:
            raise Rejected(400, "bad-cloudevent", "Not a valid CloudEvent", str(error)) from error

    def sender_headers(self, delivery_id: str) -> dict[str, str]:
        return {"Content-Type": STRUCTURED}


def _decoded(delivery: Delivery) -> list[Event]:
    media_type = delivery.media_type
    if media_type == STRUCTURED:
        read_strict_json(delivery.body)
        return [decode_structured(delivery.body)]
    if media_type == BATCH:
        read_strict_json(delivery.body)
        return decode_batch(delivery.body)
    if media_type.startswith("application/cloudevents"):
        raise Rejected(415, "content-type", "Content type not supported", f"expected {STRUCTURED} or {BATCH}")
    if not any(name.startswith("ce-") for name in delivery.headers):
        raise Rejected(
            415,
            "content-type",
            "Content type not supported",
            f"expected {STRUCTURED}, {BATCH} or ce- headers",
        )
    if media_type == "application/json" or media_type.endswith("+json"):
        read_strict_json(delivery.body)
    return [decode_binary(delivery.headers, delivery.body)]
