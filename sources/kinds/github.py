"""GitHub: repository, organisation and App webhooks, also those of GHCR packages (spec-sources 4.27).

One delivery gives one event: `{"headers": {...}, "body": {...}, "metadata"?}`. The body is what GitHub sent,
byte for byte, with the members `X-GitHub-Event` and `X-GitHub-Delivery` put in front (upstream encodes it anew
and rounds large integers). Form bodies are read from their field `payload`; the signature covers the form.
The event id is `X-GitHub-Delivery`, which GitHub keeps on a redelivery and does not sign: hence the check by
MAC. A ping is answered and not published. Hooks are not made by Kikkake: make them by hand or by Terraform.
Vendor page: docs.github.com, "Webhook events and payloads".
"""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import parse_qs

import orjson

from events.errors import Finding
from events.model import SpecModel
from events.resource import Path, ResourceDocument
from sources.delivery import Answered, Delivery, Rejected, unusable
from sources.github_config import GithubConfig, github_findings
from sources.header_json import headers_json
from sources.selector import refs
from sources.source import Endpoint, Parsed, Proof, PushSource
from sources.strict_json import check_json, read_json
from sources.verify import HmacSha256, all_of
from sources.webhook_context import WebhookContext

_FORM = "application/x-www-form-urlencoded"
_EXEMPT = {"repository_dispatch": "client_payload", "workflow_dispatch": "inputs"}
"""Sent on a caller's word, often with the same body: no replay check by MAC (spec: signatures, rule 6).

Event -> the member that only its body has. The event's name stands in a header that nobody signs: without the
member, who captured any delivery could send it again as a dispatch.
"""


class Github(PushSource):
    """One GitHub hook."""

    kind = "github"
    event_type = "github"
    stored_status = 200
    id_headers = ("x-github-delivery",)
    delivery_id_header = "X-GitHub-Delivery"
    needs_acknowledgement = False

    Config = GithubConfig
    config: GithubConfig

    def __init__(self, config: Any, *, namespace: str, event_source: str, event_name: str) -> None:
        super().__init__(config, namespace=namespace, event_source=event_source, event_name=event_name)
        self._metadata = orjson.dumps(config.metadata) if config.metadata else b""
        self._listed = config.listed() if config.restrict else None
        self.replay_by_mac = config.replay_by == "body"

    @classmethod
    def check(cls, document: ResourceDocument, config: SpecModel, path: Path) -> list[Finding]:
        return github_findings(document, cast(GithubConfig, config), path)

    def endpoint(self) -> Endpoint:
        return cast(WebhookContext, self.config.webhook).at(self.namespace)

    def proof(self) -> Proof:
        config = self.config
        signature = None
        if config.webhook_secret is not None:
            secrets = refs(self.namespace, config.webhook_secret, *config.old_webhook_secrets)
            signature = HmacSha256("x-hub-signature-256", "sha256=", secrets)
        bearer = config.webhook.bearer(self.namespace) if config.webhook is not None else None
        return all_of(bearer, signature)

    def events(self, delivery: Delivery) -> tuple[Parsed] | Answered:
        payload = _payload(delivery)
        check_json(payload)
        inner = payload.strip(b" \t\r\n")
        if inner[:1] != b"{":
            raise unusable("body is not an object")
        name = delivery.header("x-github-event") or ""
        if name == "ping":
            return Answered(body={"ok": "ping"})
        if self._listed is not None:
            _check_listed(read_json(payload), self._listed)
        delivery_id = delivery.header("x-github-delivery") or ""
        inner = inner[1:].lstrip(b" \t\r\n")
        # In front, so that they win over members of the same name: paths find the first.
        members = b'{"X-GitHub-Event":%b,"X-GitHub-Delivery":%b' % (_json_text(name), _json_text(delivery_id))
        data = b'{"headers":%b,"body":%b%b%b' % (
            headers_json(delivery.headers),
            members,
            b"" if inner == b"}" else b",",
            inner,
        )
        if self._metadata:
            data += b',"metadata":' + self._metadata
        event = delivery.event(id=delivery_id, type=self.event_type, data=data + b"}")
        return (Parsed(event=event, replay_exempt=_is_exempt(name, payload)),)

    def sender_headers(self, delivery_id: str) -> dict[str, str]:
        return {
            "Content-Type": "application/json",
            "X-GitHub-Event": "push",
            "X-GitHub-Delivery": delivery_id,
            "User-Agent": "GitHub-Hookshot/kikkake",
        }


def _payload(delivery: Delivery) -> bytes:
    media_type = delivery.media_type
    if media_type == "application/json":
        return delivery.body
    if media_type != _FORM:
        raise Rejected(
            415, "content-type", "Content type not supported", f"expected application/json or {_FORM}"
        )
    try:
        fields = parse_qs(delivery.body.decode(), keep_blank_values=True, max_num_fields=100)
    except (UnicodeDecodeError, ValueError) as error:
        raise Rejected(400, "bad-form", "Body is not a valid form") from error
    if "payload" not in fields:
        raise Rejected(400, "bad-form", "Body is not a valid form", "field `payload` is missing")
    return fields["payload"][0].encode()


def _is_exempt(name: str, payload: bytes) -> bool:
    member = _EXEMPT.get(name)
    return member is not None and member in read_json(payload)


def _json_text(text: str) -> bytes:
    return orjson.dumps(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


def _check_listed(body: dict[str, Any], listed: frozenset[str]) -> None:
    repository = body.get("repository")
    organization = body.get("organization")
    full_name = repository.get("full_name") if isinstance(repository, dict) else None
    login = organization.get("login") if isinstance(organization, dict) else None
    if not any(isinstance(name, str) and name.lower() in listed for name in (full_name, login)):
        raise Rejected(
            403, "not-listed", "Not allowed for this endpoint", "repository and organization are not listed"
        )
