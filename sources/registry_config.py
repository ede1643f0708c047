"""What every registry kind can be told."""

from __future__ import annotations

from fnmatch import fnmatchcase

from pydantic import Field

from events.model import SpecModel
from sources.selector import SecretSelector
from sources.webhook_context import WebhookContext


class RegistryConfig(SpecModel):
    """Fields that all registry kinds have."""

    webhook: WebhookContext | None = None
    """Where to listen."""
    repositories: list[str] = Field(default_factory=list)
    """Only these repositories, as globs on the path without the host; empty means all. Others are answered 202."""
    include_pulls: bool = False
    """Publish pulls too. They are many, and scanners cause most of them."""

    def wants(self, repository: str) -> bool:
        """Whether events of this repository are published."""
        return not self.repositories or any(fnmatchcase(repository, glob) for glob in self.repositories)


class AuthorizedRegistryConfig(RegistryConfig):
    """For registries that send a fixed `Authorization` header."""

    authorization_secret: SecretSelector | None = None
    """The whole value of the `Authorization` header, as it was typed into the registry."""
    old_authorization_secrets: list[SecretSelector] = Field(default_factory=list)
    """Former values, at most two, that are still accepted during a rotation."""
