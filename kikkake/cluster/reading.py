"""An object of the cluster as an entry of the catalog: its text, and what a gateway of a cluster says of it."""

from __future__ import annotations

from dataclasses import replace

from events.errors import Finding, Severity
from kikkake.catalog import Entry, read_alone, read_entry
from kikkake.cluster.out_of_reach import out_of_reach
from kikkake.cluster.pod_settings import with_pod_settings
from kikkake.cluster.resources import ClusterObject
from sensors.compile import CompiledSensor


def read_cluster_object(found: ClusterObject, remembered: Entry | None, rival: Finding | None) -> Entry:
    """What it says. `remembered` is not read a second time where it has the same text; a `rival` serves it already."""
    entry = read_alone(found.key, found.document, found.uid, lambda: _read(found, remembered))
    return entry if rival is None else replace(entry, spec=None, findings=(rival, *entry.findings))


def _read(found: ClusterObject, remembered: Entry | None) -> Entry:
    entry = remembered
    if entry is None or not _is_of(entry, found):
        entry = read_entry(found.key, found.document, found.uid)
    if isinstance(entry.spec, CompiledSensor):
        entry = replace(entry, findings=(*entry.findings, *out_of_reach(found.document, entry.spec)))
    return with_pod_settings(entry, found.document)


def over_last_good(earlier: Entry | None, entry: Entry) -> Entry:
    """A refused text leaves the last good one of the same object in force."""
    if entry.spec is not None or earlier is None or earlier.spec is None or earlier.uid != entry.uid:
        return entry
    # Its findings are those of the newest text; whoever fixes it has to see them.
    errors = [finding for finding in entry.findings if finding.severity is Severity.ERROR]
    return replace(earlier, findings=entry.findings, is_outdated=bool(errors))


def _is_of(entry: Entry, found: ClusterObject) -> bool:
    """Whether an entry was made of this very text of this very object."""
    document = entry.document
    return entry.uid == found.uid and document is not None and document.value == found.document.value
