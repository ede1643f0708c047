"""The common model of an artifact in a container registry (spec: registries, section 2).

Every registry kind publishes events whose data is `{"artifact": {...}, "body": ...}`: `artifact` is this model,
the same for all registries, `body` what the registry sent, byte for byte. Types of events:

    artifact.pushed     a tagged manifest or index: what a consumer calls a new version
    artifact.uploaded   a manifest without a tag (children of an index, pushes by digest)
    artifact.attached   a signature, an attestation or an SBOM; `subject_digest` says of what
    artifact.deleted, artifact.tagged, artifact.untagged, artifact.pulled, artifact.scanned, artifact.mounted
    registry.quota, registry.replication, registry.retention
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

import orjson

from events.clock import format_time
from events.event import Event
from sources.delivery import Delivery

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}", re.ASCII)
_COSIGN_TAG = re.compile(r"(sha256)-([0-9a-f]{64})\.(sig|att|sbom)", re.ASCII)
_COSIGN_KINDS = {"sig": "signature", "att": "attestation", "sbom": "sbom"}
_IMAGE_CONFIGS = frozenset(
    {"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"}
)
_KINDS_BY_CONFIG = {
    "application/vnd.cncf.helm.config.v1+json": "helm-chart",
    "application/vnd.dev.cosign.simplesigning.v1+json": "signature",
    "application/vnd.in-toto+json": "attestation",
    "application/spdx+json": "sbom",
    "text/spdx": "sbom",
    "application/vnd.cyclonedx+json": "sbom",
    "application/vnd.cyclonedx+xml": "sbom",
}
_KINDS_BY_MANIFEST = {
    "application/vnd.docker.distribution.manifest.v2+json": "image",
    "application/vnd.docker.distribution.manifest.v1+prettyjws": "image",
    "application/vnd.docker.distribution.manifest.v1+json": "image",
    "application/vnd.docker.distribution.manifest.list.v2+json": "index",
    "application/vnd.oci.image.index.v1+json": "index",
}
_ATTACHMENTS = frozenset({"signature", "attestation", "sbom"})
_REGISTRY_ACTIONS = frozenset({"quota", "replication", "retention"})
_TYPES = {
    "delete": "artifact.deleted",
    "tag": "artifact.tagged",
    "untag": "artifact.untagged",
    "pull": "artifact.pulled",
    "scan": "artifact.scanned",
    "mount": "artifact.mounted",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """What happened to which artifact. Empty texts and None mean that the sender did not say."""

    action: str
    """push, delete, tag, untag, pull, scan, mount, replication, quota, retention."""
    registry: str = ""
    """Host (and port) under which a client can pull, in lower case."""
    repository: str = ""
    """Full path without the host, in lower case."""
    tags: tuple[str, ...] = ()
    """Never a digest."""
    digest: str = ""
    media_type: str = ""
    kind: str = "unknown"
    """image, index, helm-chart, sbom, signature, attestation, other, unknown."""
    actor: str = ""
    time_us: int | None = None
    event_id: str = ""
    subject_digest: str = ""
    """Of what it was attached to, where the tag tells (cosign's scheme)."""

    @property
    def event_type(self) -> str:
        """The CloudEvents type."""
        if self.action in _REGISTRY_ACTIONS:
            return f"registry.{self.action}"
        if self.action == "push":
            if self.kind in _ATTACHMENTS:
                return "artifact.attached"
            return "artifact.pushed" if self.tags else "artifact.uploaded"
        return _TYPES.get(self.action, f"artifact.{self.action}")

    @property
    def reference(self) -> str:
        """`repository:tag`, else `repository@digest`, else what there is."""
        if self.tags:
            return f"{self.repository}:{self.tags[0]}"
        return f"{self.repository}@{self.digest}" if self.digest else self.repository

    @property
    def purl(self) -> str:
        """`pkg:oci/NAME@DIGEST?repository_url=...&tag=...`; empty for what is no artifact."""
        if not self.repository:
            return ""
        path = f"{self.registry}/{self.repository}" if self.registry else self.repository
        text = f"pkg:oci/{quote(self.repository.rpartition('/')[2], safe='')}"
        if self.digest:
            text += f"@{self.digest}"
        text += f"?repository_url={quote(path, safe='')}"
        return text + (f"&tag={quote(self.tags[0], safe='')}" if self.tags else "")

    def as_json(self) -> bytes:
        """The model as it stands in the event: every field, null where nothing is known."""
        return orjson.dumps(
            {
                "action": self.action,
                "registry": self.registry or None,
                "repository": self.repository or None,
                "tags": self.tags,
                "digest": self.digest or None,
                "media_type": self.media_type or None,
                "kind": self.kind,
                "actor": self.actor or None,
                "time": None if self.time_us is None else format_time(self.time_us),
                "event_id": self.event_id or None,
                "subject_digest": self.subject_digest or None,
                "purl": self.purl or None,
            }
        )


def make_artifact(  # noqa: PLR0913  # the fields of the model, all but one by name
    action: str,
    *,
    registry: str = "",
    repository: str = "",
    reference: str = "",
    digest: str = "",
    media_type: str = "",
    config_media_type: str = "",
    actor: str = "",
    time_us: int | None = None,
    event_id: str = "",
) -> Artifact:
    """An artifact by the rules that hold for all registries.

    `reference` is what the sender calls a tag: a digest in it is moved to where it belongs, a tag of cosign's
    scheme tells the kind and the digest of the subject.
    """
    if ":" in reference:
        # No tag holds a colon: it is a digest, and one that is malformed is no tag either.
        digest, reference = digest or (reference if _DIGEST.fullmatch(reference) else ""), ""
    cosign = _COSIGN_TAG.fullmatch(reference)
    kind = _COSIGN_KINDS[cosign[3]] if cosign else _kind(media_type, config_media_type)
    return Artifact(
        action=action,
        registry=registry.lower(),
        repository=repository.lower(),
        tags=(reference,) if reference else (),
        digest=digest,
        media_type=media_type,
        kind=kind,
        actor=actor,
        # Go's zero time, 0001-01-01T00:00:00Z, says that the sender knows none.
        time_us=time_us if time_us is not None and time_us > 0 else None,
        event_id=event_id,
        subject_digest=f"{cosign[1]}:{cosign[2]}" if cosign else "",
    )


def _kind(media_type: str, config_media_type: str) -> str:
    """The manifest's type proves an image or an index; all else only the config's type tells."""
    if config_media_type in _KINDS_BY_CONFIG:
        return _KINDS_BY_CONFIG[config_media_type]
    if config_media_type in _IMAGE_CONFIGS:
        return "image"
    if media_type in _KINDS_BY_MANIFEST:
        return _KINDS_BY_MANIFEST[media_type]
    return "other" if config_media_type else "unknown"


def artifact_event(delivery: Delivery, artifact: Artifact, body: bytes, *, source: str = "") -> Event:
    """The event of an artifact. `body` is the JSON that the registry sent, `artifact.event_id` its id."""
    place = f"https://{artifact.registry}/{artifact.repository}".rstrip("/") if artifact.registry else ""
    return delivery.event(
        id=artifact.event_id,
        type=artifact.event_type,
        source=source or place,
        subject=artifact.reference,
        time="" if artifact.time_us is None else format_time(artifact.time_us),
        data=b'{"artifact":' + artifact.as_json() + b',"body":' + body.strip(b" \t\r\n") + b"}",
    )


def split_reference(url: str) -> tuple[str, str]:
    """Host and reference of a pull reference without a scheme: `host/path:tag`, `host/path@digest`.

    Harbor 2.0 wrote `host/path:sha256:...`: the reference begins at the first colon after the last slash.
    """
    host, _, path = url.partition("/")
    last = path.rpartition("/")[2]
    if "@" in last:
        return host, last.partition("@")[2]
    return host, last.partition(":")[2]
