"""Webhook: any HTTP sender, as upstream's kind of the same name (spec-sources 4.1).

One delivery gives one event: `{"header": {Name: [values]}, "body": ..., "metadata": {...}}`. The body of a POST
is kept byte for byte when it is JSON (equal keys and large integers survive); a form becomes an object of
lists; GET gives the query the same way. Unlike upstream, a body of another declared type that is no JSON is
taken too: `body` is then its base64 text and `bodyEncoding` says `base64` (spec: bad-input 2).

The event id is the value of `idHeader`, else of `Idempotency-Key` or `Webhook-Id`; without any each delivery is
new. Two deliveries with the same body are two events: `replayBy: body` makes the second a suspected replay.
"""

from __future__ import annotations

import base64
from typing import Any, Literal, cast
from urllib.parse import parse_qs

import orjson
from pydantic import Field

from events.errors import Finding, Scope
from events.model import SpecModel
from events.resource import Path, ResourceDocument
from sources.delivery import Delivery, Rejected
from sources.event_filter import ExpressionFilter
from sources.header_json import headers_json
from sources.source import Endpoint, Parsed, Proof, PushSource
from sources.strict_json import check_json
from sources.verify import all_of
from sources.webhook_context import WebhookContext, context_findings

_MAX_FIELDS = 10_000
_ID_HEADERS = ("idempotency-key", "webhook-id")


class Webhook(PushSource):
    """One endpoint for any sender."""

    kind = "webhook"
    event_type = "webhook"
    stored_status = 200
    needs_acknowledgement = False

    class Config(WebhookContext):
        """The webhook context stands directly in the event."""

        filter: ExpressionFilter | None = None
        """Drop events for which the expression is not true."""
        id_header: str = ""
        """Header that names the delivery; the same value again is a duplicate."""
        replay_by: Literal["id", "body"] = "id"
        """`body`: the same body under another id is stored as a suspected replay and not judged."""
        keep_rejected: bool = Field(default=False)
        """Keep authentic deliveries that were refused, for `kikkake events`."""

    config: Config

    def __init__(self, config: Any, *, namespace: str, event_source: str, event_name: str) -> None:
        super().__init__(config, namespace=namespace, event_source=event_source, event_name=event_name)
        self.methods = (config.method,)
        self._id_names = (config.id_header.lower(),) if config.id_header else _ID_HEADERS
        self.id_headers = self._id_names
        self.delivery_id_header = config.id_header or "Idempotency-Key"
        self.replay_by_mac = config.replay_by == "body"
        self._metadata = orjson.dumps(config.metadata) if config.metadata else b""

    @classmethod
    def check(cls, document: ResourceDocument, config: SpecModel, path: Path) -> list[Finding]:
        config = cast(Webhook.Config, config)
        findings = context_findings(document, config, path)
        if config.method not in {"GET", "POST"}:
            findings.append(
                document.finding(
                    (*path, "method"),
                    f"{_named(config.method)} refuses every request: only GET and POST are implemented, as upstream",
                    "write method: POST",
                    code="InvalidEventSource",
                    scope=Scope.PART,
                )
            )
        return findings

    def endpoint(self) -> Endpoint:
        return self.config.at(self.namespace)

    def proof(self) -> Proof:
        return all_of(self.config.bearer(self.namespace))

    def events(self, delivery: Delivery) -> tuple[Parsed]:
        body, is_base64 = _body_json(delivery)
        data = b'{"header":' + headers_json(delivery.headers) + b',"body":' + body
        if is_base64:
            data += b',"bodyEncoding":"base64"'
        if self._metadata:
            data += b',"metadata":' + self._metadata
        event = delivery.event(id=self._delivery_id(delivery), type=self.event_type, data=data + b"}")
        return (Parsed(event=event),)

    def _delivery_id(self, delivery: Delivery) -> str:
        return next((value for name in self._id_names if (value := delivery.header(name))), "")


def _named(method: str) -> str:
    return f"`{method[:64]}`" if method else "a method that is missing"


def _body_json(delivery: Delivery) -> tuple[bytes, bool]:
    if delivery.method == "GET":
        return orjson.dumps(_lists(delivery.query)), False
    content_type = delivery.header("content-type") or ""
    if content_type == "application/x-www-form-urlencoded":
        return orjson.dumps(_lists(delivery.body.decode("utf-8", "replace"))), False
    body = delivery.body.strip(b" \t\r\n")
    try:
        check_json(delivery.body)
    except Rejected:
        if not body or _claims_json(delivery.media_type):
            raise
        return orjson.dumps(base64.b64encode(delivery.body).decode()), True
    return body, False


def _claims_json(media_type: str) -> bool:
    return not media_type or media_type == "application/json" or media_type.endswith("+json")


def _lists(encoded: str) -> dict[str, list[str]]:
    try:
        return parse_qs(encoded, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise Rejected(
            400, "bad-form", "Body is not a valid form", f"more than {_MAX_FIELDS} fields"
        ) from error
