"""Which resources are in force: the files' newest good texts, and what is wrong with the others.

A text that is refused leaves the last good one in force. A resource that vanished from the files stays for some
seconds, since editors save by rename and in pieces (design, section 4).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from events.bus import ResourceState, ResourceVersion
from events.errors import Finding, ResourceRefused, Severity
from events.log import Logger
from events.resource import ResourceDocument
from kikkake.explanations import FOREIGN_MEMBER
from kikkake.files import Loaded
from kikkake.suppress import without_suppressed
from sensors.compile import CompiledSensor, check_sensor
from sources.spec import EventSourceSpec, read_event_source

log = Logger("catalog")

EVENT_SOURCE = "EventSource"
SENSOR = "Sensor"
_ACROSS = ("DependencyNotFound", FOREIGN_MEMBER)
"""Codes of warnings that only a look across resources can give: they may be suppressed and are not given here."""
UNPARSABLE = "Unparsable"
"""Code of a file, or the rest of it, that cannot be read."""


class Key(NamedTuple):
    """The name of a resource."""

    kind: str
    namespace: str
    name: str

    @property
    def file_uid(self) -> str:
        """Its identity where it comes from a file: `file:NAMESPACE/NAME` for a Sensor (design, section 4)."""
        prefix = "file:" if self.kind == SENSOR else "file:eventsource:"
        return f"{prefix}{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One resource."""

    key: Key
    uid: str
    """Its identity: `metadata.uid` in a cluster. One that is deleted and made again is another."""
    document: ResourceDocument | None
    """The text in force; None when there never was a good one."""
    spec: CompiledSensor | EventSourceSpec | None
    """What it was read as."""
    findings: tuple[Finding, ...]
    """Of the newest text, which need not be the one in force."""
    file: str
    is_outdated: bool = False
    """The newest text was refused, or its file cannot be read: the last good one is in force."""
    gone_us: int | None = None
    """Since when the files do not show it any more."""

    @property
    def state(self) -> str:
        """In a word, for people."""
        if self.spec is None:
            return "refused"
        if self.is_outdated:
            return "outdated"
        return "suspended" if self.spec.is_suspended else "active"


Catalog = dict[Key, Entry]
"""By identity, in the order of the files."""


class Change(NamedTuple):
    """What became of one resource when the files were read again."""

    word: str
    """`added`, `changed`, `refused` (its newest text is not used) or `deleted`."""
    entry: Entry


def changes_between(before: Mapping[Key, Entry], after: Mapping[Key, Entry]) -> list[Change]:
    """What there is to tell; a fault that was told before is not told again."""
    changes = []
    for key, entry in after.items():
        earlier = before.get(key)
        if entry.state in {"refused", "outdated"}:
            if earlier is None or (entry.findings, entry.state) != (earlier.findings, earlier.state):
                changes.append(Change("refused", entry))
        elif earlier is None or earlier.spec is None:
            changes.append(Change("added", entry))
        elif _text(entry) != _text(earlier):
            changes.append(Change("changed", entry))
    return changes + [Change("deleted", entry) for key, entry in before.items() if key not in after]


def unowned_faults(loaded: Loaded, catalog: Catalog) -> tuple[Finding, ...]:
    """Files of which nothing could be read and no earlier resource is known: nobody else would speak of them."""
    told = {finding for entry in catalog.values() for finding in entry.findings}
    return tuple(one for one in loaded.findings if one.code == UNPARSABLE and one not in told)


def _text(entry: Entry) -> object:
    return entry.document.value if entry.document is not None else None


def stored_catalog(versions: Iterable[ResourceVersion]) -> Catalog:
    """What was in force when the last process ended, as far as this build can still read it."""
    catalog: Catalog = {}
    for version in versions:
        if version.state is ResourceState.DELETED:
            continue
        key = Key(version.kind, version.namespace, version.name)
        # The standard library's reader keeps integers of any size.
        entry = read_entry(key, ResourceDocument(json.loads(version.text), "", {}), version.uid)
        if entry.spec is not None:
            catalog[key] = entry
    return catalog


def update_catalog(
    previous: Mapping[Key, Entry], loaded: Loaded, now_us: int, *, vanish_after_us: int
) -> Catalog:
    """The catalog after the files were read again."""
    catalog: Catalog = {}
    for document in loaded.documents:
        key = Key(document.kind, document.namespace, document.name)
        if document.kind not in _READERS:
            continue
        if key in catalog:
            catalog[key] = _with_duplicate(catalog[key], document)
            continue
        entry = _with_reading_faults(read_entry(key, document, key.file_uid), document.faults)
        earlier = previous.get(key)
        if entry.spec is None and earlier is not None and earlier.spec is not None:
            entry = replace(earlier, findings=entry.findings, file=entry.file, is_outdated=True, gone_us=None)
        catalog[key] = entry
    for key, entry in previous.items():
        if key not in catalog and (kept := _kept(entry, loaded, now_us, vanish_after_us)):
            catalog[key] = kept
    return catalog


def _kept(entry: Entry, loaded: Loaded, now_us: int, vanish_after_us: int) -> Entry | None:
    """An entry that the files do not show any more, or None when it is to be forgotten."""
    unreadable = {finding.file for finding in loaded.findings if finding.code == UNPARSABLE}
    if entry.file in unreadable or (not entry.file and unreadable):
        faults = tuple(finding for finding in loaded.findings if not entry.file or finding.file == entry.file)
        return replace(entry, findings=faults, is_outdated=True, gone_us=None)
    gone_us = now_us if entry.gone_us is None else entry.gone_us
    return replace(entry, gone_us=gone_us) if now_us - gone_us < vanish_after_us else None


def _with_duplicate(entry: Entry, document: ResourceDocument) -> Entry:
    line = 0 if entry.document is None else entry.document.position(("metadata", "name"))[0]
    first = f"{entry.file}:{line}" if line else entry.file
    finding = document.finding(
        ("metadata", "name"),
        f"{document.label} is already defined in {first}; this one is not used",
        "give it another name, or remove one",
        code="DuplicateResource",
    )
    return replace(entry, findings=(*entry.findings, finding))


def _with_reading_faults(entry: Entry, faults: tuple[Finding, ...]) -> Entry:
    """Faults that were seen while the text was read (equal keys) refuse the document that has them."""
    is_refused = any(finding.severity is Severity.ERROR for finding in faults)
    return replace(entry, findings=(*faults, *entry.findings), spec=None if is_refused else entry.spec)


def read_entry(key: Key, document: ResourceDocument, uid: str) -> Entry:
    """A resource as it stands; what is wrong with it is among the findings."""
    return read_alone(key, document, uid, lambda: _read_entry(key, document, uid))


def read_alone(key: Key, document: ResourceDocument, uid: str, read: Callable[[], Entry]) -> Entry:
    """What `read` gives. A bug that one resource meets is a fault of that one, and stops no other and no start."""
    try:
        return read()
    except Exception as error:  # noqa: BLE001 - whatever it is
        log.bug("resource.unreadable", error, resource=document.label)
        what = f"a fault of kikkake kept it from being read ({type(error).__name__}); see the gateway's log"
        finding = document.finding(("spec",), what, "report it with the resource", code="InternalError")
        return Entry(key=key, uid=uid, document=document, spec=None, findings=(finding,), file=document.file)


def _read_entry(key: Key, document: ResourceDocument, uid: str) -> Entry:
    spec, found = _READERS[key.kind](document, uid)
    findings = tuple(without_suppressed(document, found, unjudged=_ACROSS))
    return Entry(key=key, uid=uid, document=document, spec=spec, findings=findings, file=document.file)


Read = tuple[CompiledSensor | EventSourceSpec | None, tuple[Finding, ...]]
Reader = Callable[[ResourceDocument, str], Read]


def _read_sensor(document: ResourceDocument, uid: str) -> Read:
    compiled, findings = check_sensor(document, uid=uid)
    return compiled, tuple(findings)


def _read_source(document: ResourceDocument, _uid: str) -> Read:
    try:
        spec = read_event_source(document)
    except ResourceRefused as refused:
        return None, refused.findings
    return spec, spec.findings


_READERS: Mapping[str, Reader] = {EVENT_SOURCE: _read_source, SENSOR: _read_sensor}
