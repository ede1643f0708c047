"""Harbor: webhooks of a project, in the formats Default and CloudEvents; one event per resource in the body.

Data: `{"artifact": {...}, "body": <what Harbor sent>}` (sources/artifact.py). Harbor sends the `Authorization`
value that was typed in, verbatim. Default bodies have no id: it is a hash of type, time and the artifact, and a
retry is byte-identical. CloudEvents bodies keep their id, and their source gets the host in front: Harbor's own
`/projects/2/webhook/policies/15` is the same in every installation. Replication, retention and quota become
`registry.*`; an unknown type is published as `artifact.<type>`. Harbor gives up after three attempts, so what is
authentic and cannot be used is kept in quarantine and answered 202 (spec: registries 3.2).
Source: goharbor/harbor, src/pkg/notifier/formats.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import msgspec

from events.clock import parse_time
from events.codec import STRUCTURED, CodecError, decode_structured
from events.event import Event
from sources.artifact import Artifact, artifact_event, make_artifact, split_reference
from sources.authorized_registry import AuthorizedRegistry
from sources.delivery import Delivery, unusable
from sources.payload import Payload, content_id
from sources.registry_config import AuthorizedRegistryConfig
from sources.source import Parsed
from sources.strict_json import read_strict_json

_ACTIONS = {
    **dict.fromkeys(("PUSH_ARTIFACT", "pushImage", "harbor.artifact.pushed"), "push"),
    **dict.fromkeys(("PULL_ARTIFACT", "pullImage", "harbor.artifact.pulled"), "pull"),
    **dict.fromkeys(("DELETE_ARTIFACT", "deleteImage", "harbor.artifact.deleted"), "delete"),
    **dict.fromkeys(("SCANNING_COMPLETED", "SCANNING_STOPPED", "SCANNING_FAILED"), "scan"),
    **dict.fromkeys(("harbor.scan.completed", "harbor.scan.stopped", "harbor.scan.failed"), "scan"),
    **dict.fromkeys(
        ("QUOTA_EXCEED", "QUOTA_WARNING", "harbor.quota.exceeded", "harbor.quota.warned"), "quota"
    ),
    **dict.fromkeys(("REPLICATION", "harbor.replication.status.changed"), "replication"),
    **dict.fromkeys(("TAG_RETENTION", "harbor.tag_retention.finished"), "retention"),
}
_UNFIT = re.compile(r"[^a-z0-9._-]+", re.ASCII)


class Harbor(AuthorizedRegistry):
    """One webhook policy of a Harbor project."""

    kind = "harbor"
    event_type = "artifact.pushed"

    class Config(AuthorizedRegistryConfig):
        """Where to listen and what Harbor sends as `Authorization`."""

    config: Config

    def events(self, delivery: Delivery) -> list[Parsed]:
        body = Payload(read_strict_json(delivery.body)).object()
        if delivery.media_type == STRUCTURED or body.member("specversion").value is not None:
            found = self._from_cloudevent(delivery, body)
        else:
            found = self._from_default(delivery, body)
        return [Parsed(event=event) for event in found]

    def _from_default(self, delivery: Delivery, body: Payload) -> list[Event]:
        type_ = body.member("type").required_text()
        occurred = body.member("occur_at")
        artifacts = self._artifacts(
            type_,
            body.member("event_data"),
            actor=body.member("operator").text(),
            time_us=occurred.seconds(),
        )
        found: list[Event] = []
        for artifact in artifacts:
            # Without a digest (replication, retention, quota) nothing but the whole body tells two apart.
            what = artifact.digest or delivery.body.decode()
            event_id = content_id(self.kind, type_, str(artifact.time_us), artifact.reference, what)
            named = _with_id(artifact, event_id)
            found.append(artifact_event(delivery, named, delivery.body))
        return found

    def _from_cloudevent(self, delivery: Delivery, body: Payload) -> list[Event]:
        try:
            envelope = decode_structured(delivery.body)
        except CodecError as error:
            raise unusable(str(error)) from error
        artifacts = self._artifacts(
            envelope.type,
            body.member("data"),
            actor=body.member("operator").text(),
            time_us=parse_time(envelope.time) if envelope.time else None,
        )
        found: list[Event] = []
        for index, artifact in enumerate(artifacts):
            event_id = envelope.id if index == 0 else f"{envelope.id}/{index}"
            host = artifact.registry or body.member("data", "replication", "harbor_hostname").text()
            source = f"https://{host}{envelope.source}" if host else envelope.source
            event = artifact_event(delivery, _with_id(artifact, event_id), delivery.body, source=source)
            found.append(msgspec.structs.replace(event, extensions=dict(envelope.extensions)))
        return found

    def _artifacts(self, type_: str, data: Payload, *, actor: str, time_us: int | None) -> list[Artifact]:
        action = _ACTIONS.get(type_) or _UNFIT.sub("_", type_.lower())
        if action == "pull" and not self.config.include_pulls:
            return []
        repository = data.member("repository", "repo_full_name").text()
        common: dict[str, Any] = {"actor": actor, "time_us": time_us}
        resources = list(data.member("resources").items())
        if not resources:
            return [make_artifact(action, repository=repository, **common)]
        artifacts = [_artifact(action, resource, repository, common) for resource in resources]
        return [artifact for artifact in artifacts if self.config.wants(artifact.repository)]

    def sender_headers(self, delivery_id: str) -> dict[str, str]:
        return {"Content-Type": "application/json"}


def _artifact(action: str, resource: Payload, repository: str, common: dict[str, Any]) -> Artifact:
    url = resource.member("resource_url").text()
    host, reference = split_reference(url)
    if repository and url.removeprefix(repository)[:1] in {"", ":", "@"} and url.startswith(repository):
        # A relay that leaves the host out (payloads: PUSH_ARTIFACT.malformed): the first part is none.
        host = ""
    elif not repository and "/" in url:
        path = url.partition("/")[2]
        repository = path[: len(path) - len(reference) - 1] if reference else path
    return make_artifact(
        action,
        registry=host,
        repository=repository,
        # The tag leads where it disagrees with the URL; the URL helps where there is no tag.
        reference=resource.member("tag").text() or reference,
        digest=resource.member("digest").text(),
        **common,
    )


def _with_id(artifact: Artifact, event_id: str) -> Artifact:
    return dataclasses.replace(artifact, event_id=event_id)
