"""Where the object of a trigger may come from, field by field (spec-sensors 8).

The order of the members of `ArtifactLocation` is upstream's precedence: of several that are given, the first counts.
A member is named for the kind in `artifact_sources/` that fetches it.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from events.model import SpecModel
from sensors.spec import BasicAuth, SecretKeySelector


class S3Bucket(SpecModel):
    """An object of a bucket."""

    name: str = ""
    key: str = ""


class S3Location(SpecModel):
    """An object in S3, or in what speaks like it."""

    endpoint: str = ""
    """Host and port, without a scheme."""
    bucket: S3Bucket | None = None
    region: str = ""
    """Empty: asked for."""
    insecure: bool = False
    """http instead of https."""
    access_key: SecretKeySelector | None = None
    secret_key: SecretKeySelector | None = None
    events: list[str] | None = None
    """Without effect, as upstream: it belongs to event sources."""
    filter: dict[str, Any] | None = None
    """Without effect, as upstream."""
    metadata: dict[str, str] | None = None
    """Without effect, as upstream."""
    ca_certificate: SecretKeySelector | None = Field(default=None, alias="caCertificate")
    """Without effect, as upstream."""


class FileLocation(SpecModel):
    """A file of the gateway's own disk, below the folder that its operator names."""

    path: str = ""


class UrlLocation(SpecModel):
    """What a GET answers."""

    path: str = ""
    """The URL."""
    verify_cert: bool = False
    """False: any certificate is accepted, as upstream; a Sensor that is strict always verifies."""


class GitCreds(BasicAuth):
    """User and password (or token) for https."""


class GitRemote(SpecModel):
    """Another place of the same repository: read in place of `url`."""

    name: str = ""
    """Without effect here: nothing is kept that would need it."""
    urls: list[str] = []
    """The first is read."""


class GithubApp(SpecModel):
    """An app of GitHub, installed where the repository is."""

    private_key: SecretKeySelector | None = None
    app_id: int = Field(default=0, alias="appID")
    installation_id: int = Field(default=0, alias="installationID")


class GitLocation(SpecModel):
    """A file in a git repository, read at the tip of a branch, a tag or another reference."""

    url: str = ""
    """`https://`, `http://` or `ssh://`, or `user@host:path`."""
    clone_directory: str = ""
    """Without effect here: nothing is checked out."""
    file_path: str = ""
    """Below the root of the repository; neither it nor a folder on the way may be a symbolic link."""
    branch: str = ""
    """Default `master`."""
    tag: str = ""
    """Before `branch`."""
    ref: str = ""
    """Before `tag`: the whole name (`refs/heads/main`), or a commit."""
    remote: GitRemote | None = None
    creds: GitCreds | None = None
    github_app: GithubApp | None = None
    ssh_key_secret: SecretKeySelector | None = None
    """A private key without a passphrase."""
    insecure_ignore_host_key: bool = False
    """Any host key is accepted; else it has to be among the gateway's known hosts."""


class ConfigMapLocation(SpecModel):
    """A key of a ConfigMap in the Sensor's namespace."""

    name: str = ""
    key: str = ""
    optional: bool | None = None
    """Read and without effect, as upstream."""


class ArtifactLocation(SpecModel):
    """Where the object of a `k8s` or `argoWorkflow` trigger comes from (spec-sensors 8)."""

    s3: S3Location | None = None
    inline: str | None = None
    """YAML or JSON of one object."""
    file: FileLocation | None = None
    url: UrlLocation | None = None
    git: GitLocation | None = None
    configmap: ConfigMapLocation | None = None
    resource: dict[str, Any] | None = None
    """The object itself."""
