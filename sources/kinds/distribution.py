"""distribution (registry:2 and registry:3, GitLab self-managed, OpenShift and others): registry notifications.

Each entry of `events` becomes one event with the entry's own id, which the registry keeps over its retries.
Data: `{"artifact": {...}, "body": <the entry as it was sent>}` (sources/artifact.py). Pushes of blobs and mounts
are dropped, pulls unless `includePulls` says otherwise (HEAD requests, which the registry calls pulls, always).
Deleting a manifest gives one `artifact.deleted` and one `artifact.untagged` for each tag that pointed to it.
The registry repeats a refused envelope for ever and holds all later ones back: what is authentic and cannot be
used is kept in quarantine and answered 202 (spec: registries 3.8; source: distribution's notifications package).
"""

from __future__ import annotations

import dataclasses
from urllib.parse import urlsplit

import msgspec

from events.clock import parse_time
from sources.artifact import Artifact, artifact_event, make_artifact
from sources.authorized_registry import AuthorizedRegistry
from sources.delivery import Delivery, unusable
from sources.payload import Payload
from sources.registry_config import AuthorizedRegistryConfig
from sources.source import Parsed
from sources.strict_json import read_strict_json

CONTENT_TYPE = "application/vnd.docker.distribution.events.v1+json"
_MAX_EVENTS = 1000
_LAYER_TYPES = (
    "application/vnd.docker.image.rootfs",
    "application/vnd.docker.container.image.rootfs",
    "application/vnd.oci.image.layer",
)


class _Envelope(msgspec.Struct):
    events: list[msgspec.Raw]


_decoder = msgspec.json.Decoder(_Envelope)


class Distribution(AuthorizedRegistry):
    """One notification endpoint of a registry."""

    kind = "distribution"
    event_type = "artifact.pushed"

    class Config(AuthorizedRegistryConfig):
        """Where to listen and what the registry sends as `Authorization`."""

        registry: str = ""
        """Host (and port) under which clients pull, where the registry itself knows another name of it."""

    config: Config

    def events(self, delivery: Delivery) -> list[Parsed]:
        body = Payload(read_strict_json(delivery.body)).object()
        if "events" not in body.value:
            raise unusable("body.events is missing")
        entries = list(body.member("events").items())
        if len(entries) > _MAX_EVENTS:
            raise unusable(f"body.events has {len(entries)} entries, at most {_MAX_EVENTS} are taken")
        if not entries:
            return []
        try:
            raws = _decoder.decode(delivery.body).events
        except msgspec.DecodeError as error:
            # Half of a surrogate pair somewhere: JSON by its grammar, and no text.
            raise unusable("body holds a string that is not Unicode text") from error
        found: list[Parsed] = []
        seen: dict[str, list[bytes]] = {}
        for entry, raw in zip(entries, raws, strict=True):
            artifact = self._artifact(entry.object())
            if artifact is None or not self.config.wants(artifact.repository):
                continue
            texts = seen.setdefault(artifact.event_id, [])
            if bytes(raw) not in texts:
                texts.append(bytes(raw))
            if number := texts.index(bytes(raw)):
                # Old registries and relays give one id to several entries: two facts are never one event.
                artifact = dataclasses.replace(artifact, event_id=f"{artifact.event_id}/{number}")
            found.append(Parsed(event=artifact_event(delivery, artifact, bytes(raw))))
        return found

    def _artifact(self, entry: Payload) -> Artifact | None:
        target = entry.member("target")
        action = _action(entry, target)
        is_dropped = action == "mount" or (action == "push" and _is_blob(target))
        if is_dropped or (
            action == "pull" and not (self.config.include_pulls and _is_manifest_get(entry, target))
        ):
            return None
        url = target.member("url").text()
        registry = self.config.registry or _host(url) or entry.member("request", "host").text()
        return make_artifact(
            action,
            registry=registry,
            repository=target.member("repository").text(),
            reference=target.member("tag").text(),
            digest=target.member("digest").text(),
            media_type=target.member("mediaType").text(),
            config_media_type=_config_media_type(target),
            actor=entry.member("actor", "name").text(),
            time_us=parse_time(entry.member("timestamp").text()),
            event_id=entry.member("id").required_text(),
        )

    def sender_headers(self, delivery_id: str) -> dict[str, str]:
        return {"Content-Type": CONTENT_TYPE}


def _action(entry: Payload, target: Payload) -> str:
    action = entry.member("action").required_text()
    # A deleted manifest is followed by one entry per tag that pointed to it, with a tag and without a digest.
    if action == "delete" and target.member("tag").text() and not target.member("digest").text():
        return "untag"
    return action


def _is_blob(target: Payload) -> bool:
    media_type, url = target.member("mediaType").text(), target.member("url").text()
    if media_type.startswith(_LAYER_TYPES) or "/blobs/" in url:
        return True
    # The fixtures of 2015 call a manifest an octet stream too: there only the URL tells.
    return media_type == "application/octet-stream" and "/manifests/" not in url


def _is_manifest_get(entry: Payload, target: Payload) -> bool:
    return not _is_blob(target) and entry.member("request", "method").text() != "HEAD"


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return ""


def _config_media_type(target: Payload) -> str:
    """The first reference of a manifest is its config, where `includereferences` is on."""
    first = next(target.member("references").items(), None)
    return "" if first is None else first.member("mediaType").text()
