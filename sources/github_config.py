"""The fields of the kind `github`, its faults with upstream's texts, and what is read but not carried out."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from events.errors import Finding
from events.model import SpecModel
from events.resource import Path, ResourceDocument
from sources.event_filter import ExpressionFilter
from sources.kind_checks import hook_findings, secret_count_findings
from sources.selector import SecretSelector
from sources.webhook_context import WebhookContext, listening_findings


class OwnedRepositories(SpecModel):
    """Repositories of one owner."""

    owner: str = ""
    """User or organisation."""
    names: list[str] = Field(default_factory=list)
    """Names of its repositories."""


class GithubApp(SpecModel):
    """Credentials of a GitHub App."""

    private_key: SecretSelector | None = None
    """Its private key."""
    app_id: int = Field(default=0, alias="appID")
    """Its id."""
    installation_id: int = Field(default=0, alias="installationID")
    """The installation to act as."""


class GithubConfig(SpecModel):
    """Upstream's fields; those that only matter for creating hooks are read and reported."""

    id: int = 0
    """Unused, as upstream."""
    webhook: WebhookContext | None = None
    """Where to listen."""
    owner: str = ""
    """Deprecated: use `repositories`."""
    repository: str = ""
    """Deprecated: use `repositories`."""
    repositories: list[OwnedRepositories] = Field(default_factory=list)
    """Repositories whose hooks deliver here."""
    organizations: list[str] = Field(default_factory=list)
    """Organisations whose hooks deliver here."""
    events: list[str] = Field(default_factory=list)
    """Event types of the hook, as GitHub names them; `*` for all."""
    webhook_secret: SecretSelector | None = None
    """Secret of the hook: each delivery must carry its signature."""
    old_webhook_secrets: list[SecretSelector] = Field(default_factory=list)
    """Former secrets, at most two, that are still accepted during a rotation."""
    restrict: bool = False
    """Refuse deliveries (403) of repositories and organisations that are not listed here."""
    replay_by: Literal["body", "id"] = "body"
    """`body`: the same body under another delivery id is stored as a suspected replay and not judged, since GitHub
    does not sign the id. `id`: only the same id is the same delivery."""
    keep_rejected: bool = False
    """Keep authentic deliveries that were refused, for `kikkake events`."""
    api_token: SecretSelector | None = None
    """For creating hooks, which Kikkake does not do."""
    github_app: GithubApp | None = None
    """For creating hooks, which Kikkake does not do."""
    insecure: bool = False
    """For creating hooks, which Kikkake does not do."""
    active: bool = False
    """For creating hooks, which Kikkake does not do."""
    content_type: Literal["", "json", "form"] = ""
    """For creating hooks; both forms are always accepted."""
    github_base_url: str = Field(default="", alias="githubBaseURL")
    """For creating hooks, which Kikkake does not do."""
    github_upload_url: str = Field(default="", alias="githubUploadURL")
    """For creating hooks, which Kikkake does not do."""
    delete_hook_on_finish: bool = False
    """For creating hooks, which Kikkake does not do."""
    metadata: dict[str, str] = Field(default_factory=dict)
    """Copied into the event under `metadata`."""
    filter: ExpressionFilter | None = None
    """Drop events for which the expression is not true."""

    def listed(self) -> frozenset[str]:
        """Full names of the repositories and names of the organisations, in lower case."""
        names = {f"{owned.owner}/{name}" for owned in self.repositories for name in owned.names}
        if self.owner and self.repository:
            names.add(f"{self.owner}/{self.repository}")
        return frozenset(name.lower() for name in (*names, *self.organizations))


def github_findings(document: ResourceDocument, config: GithubConfig, path: Path) -> list[Finding]:
    """Everything beyond the model."""
    findings = _upstream_findings(document, config, path)
    findings += listening_findings(document, config.webhook, path)
    findings += secret_count_findings(document, config.old_webhook_secrets, (*path, "oldWebhookSecrets"))
    return findings + _hook_findings(document, config, path)


def _upstream_findings(document: ResourceDocument, config: GithubConfig, path: Path) -> list[Finding]:
    faults: list[tuple[str, str, str]] = []
    has_repositories = bool(config.repositories or (config.owner and config.repository))
    if not has_repositories and not config.organizations:
        faults.append(
            ("repositories", "either repositories or organizations is required", "list the repositories")
        )
    if has_repositories and config.organizations:
        faults.append(
            ("organizations", "only one of repositories and organizations is allowed", "remove one")
        )
    if bool(config.github_base_url) != bool(config.github_upload_url):
        faults.append(("githubBaseURL", "githubBaseURL and githubUploadURL go together", "give both or none"))
    if (
        not config.events
        and (config.api_token or config.github_app)
        and config.webhook
        and config.webhook.url
    ):
        faults.append(("events", "events must be defined to create a github webhook", "list them"))
    return [
        document.finding((*path, name), what, fix, code="InvalidEventSource") for name, what, fix in faults
    ]


def _hook_findings(document: ResourceDocument, config: GithubConfig, path: Path) -> list[Finding]:
    asked = [
        name
        for name, value in (
            ("apiToken", config.api_token),
            ("githubApp", config.github_app),
            ("active", config.active),
            ("insecure", config.insecure),
            ("deleteHookOnFinish", config.delete_hook_on_finish),
        )
        if value
    ]
    if config.webhook is not None and config.webhook.url:
        asked.append("webhook.url")
    return hook_findings(document, asked, path, "GitHub") if asked else []
