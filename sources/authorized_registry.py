"""What registries that send a fixed `Authorization` header have in common: where they deliver, and their proof."""

from __future__ import annotations

from typing import cast

from events.errors import Finding
from events.model import SpecModel
from events.resource import Path, ResourceDocument
from sources.kind_checks import secret_count_findings
from sources.registry_config import AuthorizedRegistryConfig
from sources.selector import refs
from sources.source import Endpoint, Proof, PushSource
from sources.verify import FixedHeader, all_of
from sources.webhook_context import WebhookContext, listening_findings


class AuthorizedRegistry(PushSource):
    """A kind adds its names, its config and what it makes of a body."""

    punishes_4xx = True
    config: AuthorizedRegistryConfig

    @classmethod
    def check(cls, document: ResourceDocument, config: SpecModel, path: Path) -> list[Finding]:
        config = cast(AuthorizedRegistryConfig, config)
        findings = listening_findings(document, config.webhook, path)
        former = config.old_authorization_secrets
        return findings + secret_count_findings(document, former, (*path, "oldAuthorizationSecrets"))

    def endpoint(self) -> Endpoint:
        return cast(WebhookContext, self.config.webhook).at(self.namespace)

    def proof(self) -> Proof:
        config = self.config
        fixed = None
        if config.authorization_secret is not None:
            secrets = refs(self.namespace, config.authorization_secret, *config.old_authorization_secrets)
            fixed = FixedHeader("authorization", secrets)
        return all_of(cast(WebhookContext, config.webhook).bearer(self.namespace), fixed)
