"""Docker Hub: repository push webhooks; one delivery gives one event `artifact.pushed`.

Data: `{"artifact": {...}, "body": <what Docker Hub sent>}` (sources/artifact.py). Docker Hub signs nothing and
sends no id: `tokenSecret` makes the last segment of the path a secret, and the id is a hash of repository, tag,
`pushed_at` and pusher, so that the six equal calls of one multi-arch push are one event. There is no digest:
treat the event as a hint. `callback_url` is never called (spec: registries 3.1).
Vendor page: docs.docker.com, "Docker Hub webhooks".
"""

from __future__ import annotations

from typing import Any, cast

from pydantic import Field

from events.errors import Finding
from events.model import SpecModel
from events.resource import Path, ResourceDocument
from sources.artifact import artifact_event, make_artifact
from sources.delivery import Delivery, unusable
from sources.kind_checks import secret_count_findings
from sources.payload import Payload, content_id
from sources.registry_config import RegistryConfig
from sources.selector import SecretSelector, refs
from sources.source import Endpoint, Parsed, Proof, PushSource
from sources.strict_json import read_strict_json
from sources.verify import PathToken, all_of
from sources.webhook_context import WebhookContext, listening_findings


class Dockerhub(PushSource):
    """One Docker Hub webhook."""

    kind = "dockerhub"
    event_type = "artifact.pushed"
    recognised_by = "repository, tag, `pushed_at` and pusher"

    class Config(RegistryConfig):
        """A registry without a proof of its own."""

        token_secret: SecretSelector | None = None
        """A random text of at least 22 characters; the URL to give to Docker Hub is the endpoint, `/`, the token."""
        old_token_secrets: list[SecretSelector] = Field(default_factory=list)
        """Former tokens, at most two, that are still accepted."""
        keep_rejected: bool = False
        """Keep authentic deliveries that were refused, for `kikkake events`."""

    config: Config

    @classmethod
    def check(cls, document: ResourceDocument, config: SpecModel, path: Path) -> list[Finding]:
        config = cast(Dockerhub.Config, config)
        findings = listening_findings(document, config.webhook, path)
        return findings + secret_count_findings(
            document, config.old_token_secrets, (*path, "oldTokenSecrets")
        )

    def endpoint(self) -> Endpoint:
        context = cast(WebhookContext, self.config.webhook)
        path = context.endpoint
        if self.config.token_secret is not None:
            path = f"{path.rstrip('/')}/{{{PathToken.segment}}}"
        return context.at(self.namespace, path=path)

    def proof(self) -> Proof:
        config = self.config
        token = None
        if config.token_secret is not None:
            token = PathToken(refs(self.namespace, config.token_secret, *config.old_token_secrets))
        return all_of(cast(WebhookContext, config.webhook).bearer(self.namespace), token)

    def events(self, delivery: Delivery) -> list[Parsed]:
        body = Payload(read_strict_json(delivery.body)).object()
        pushed = body.member("push_data")
        repository = _repository(body.member("repository"))
        if not self.config.wants(repository):
            return []
        tag, pusher = pushed.member("tag").text(), pushed.member("pusher").text()
        pushed_at = pushed.member("pushed_at")
        artifact = make_artifact(
            "push",
            registry="docker.io",
            repository=repository,
            reference=tag,
            media_type=pushed.member("media_type").text(),
            actor=pusher,
            time_us=pushed_at.seconds(),
            event_id=content_id(self.kind, repository, tag, _number_text(pushed_at), pusher),
        )
        return [Parsed(event=artifact_event(delivery, artifact, delivery.body))]


def _repository(repository: Payload) -> str:
    full_name = repository.member("repo_name").text()
    if full_name:
        # Official images are pulled without their namespace, and so the sender names them.
        return (full_name if "/" in full_name else f"library/{full_name}").lower()
    namespace, name = repository.member("namespace").text(), repository.member("name").text()
    if not namespace or not name:
        raise unusable("body.repository.repo_name is missing")
    return f"{namespace}/{name}".lower()


def _number_text(number: Payload) -> str:
    """Seconds as an integer text: older deliveries write the same time as a float."""
    time_us: Any = number.seconds()
    return "" if time_us is None else str(time_us // 1_000_000)
