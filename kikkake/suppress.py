"""Warnings that the author of a resource has read and means: the annotation `kikkake/lint-ignore`.

`KK101, KK110` silences these rules for the resource; `KK101:dependency/push` only for its dependency `push`, and
likewise `trigger/NAME` and, in an EventSource, `event/NAME`. A name of a rule may stand for its code. Errors cannot
be silenced. What silences nothing is a warning itself, so that no suppression outlives its reason.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from events.errors import Finding, Severity
from events.resource import Path, ResourceDocument, path_text, type_word
from kikkake import rules
from kikkake.explanations import UNKNOWN, UNUSED

LINT_IGNORE = "kikkake/lint-ignore"
_PATH: Path = ("metadata", "annotations", LINT_IGNORE)
_BY_GATEWAYS_ALONE = frozenset(
    {
        "FieldNotAllowed",
        "NoDedup",
        "OldSecretInUse",
        "PayloadLimitMismatch",
        "SecretHasNewline",
        "SecretTooShort",
    }
)
"""Codes of warnings that only a running gateway gives, or one in a cluster."""
_LISTS = {"dependency": "dependencies", "trigger": "triggers"}


@dataclass(frozen=True, slots=True)
class _Entry:
    """One element of the annotation."""

    text: str
    code: str
    places: tuple[str, ...]
    """Paths of the parts that it is narrowed to; none = the whole resource."""
    is_narrowed: bool

    def silences(self, finding: Finding) -> bool:
        return (
            finding.severity is Severity.WARNING
            and finding.code == self.code
            and (not self.is_narrowed or any(_is_inside(finding.at, place) for place in self.places))
        )


def without_suppressed(
    document: ResourceDocument, findings: Iterable[Finding], *, unjudged: Collection[str] = ()
) -> list[Finding]:
    """The findings of a resource less those that its annotation silences, and what is wrong with the annotation.

    `unjudged` are codes that this look at the resource cannot give: nothing is said where they silence nothing.
    """
    findings = list(findings)
    entries, faults = _entries(document)
    kept = [finding for finding in findings if not any(entry.silences(finding) for entry in entries)]
    faults += _unused(document, entries, findings, unjudged)
    return [*kept, *(fault for fault in faults if not any(entry.silences(fault) for entry in entries))]


def without_silenced(document: ResourceDocument, findings: Iterable[Finding]) -> list[Finding]:
    """The findings less those that the annotation silences: what is wrong with it is said with the text."""
    entries, _faults = _entries(document)
    return [finding for finding in findings if not any(entry.silences(finding) for entry in entries)]


def _entries(document: ResourceDocument) -> tuple[list[_Entry], list[Finding]]:
    """What the annotation of a resource says, and what is wrong with it."""
    text = document.annotations.get(LINT_IGNORE, "")
    if not isinstance(text, str):
        what = f"expected a text of codes, got {type_word(text)}"
        return [], [_warning(document, UNKNOWN, what, 'write "KK101, KK110", in quotes')]
    entries: list[_Entry] = []
    faults: list[Finding] = []
    for word in (word.strip() for word in text.split(",")):
        entry = _read(document, word)
        if entry is not None:
            entries.append(entry)
        elif word:
            faults.append(_unknown(document, word))
    return entries, faults


def _read(document: ResourceDocument, word: str) -> _Entry | None:
    name, _, place = word.partition(":")
    known = rules.find(name.strip())
    if known is None:
        return None
    return _Entry(word, known.code, tuple(_places(document, place.strip())), bool(place))


def _places(document: ResourceDocument, place: str) -> Iterator[str]:
    """The paths of the parts that `dependency/NAME`, `trigger/NAME` or `event/NAME` names."""
    kind, _, name = place.partition("/")
    spec = document.value.get("spec")
    if not isinstance(spec, Mapping):
        return
    if kind == "event":
        for source, events in spec.items():
            if isinstance(events, Mapping) and name in events:
                yield path_text(("spec", source, name))
        return
    parts = spec.get(_LISTS.get(kind, ""))
    for index, part in enumerate(parts if isinstance(parts, list) else ()):
        holder = part.get("template") if kind == "trigger" and isinstance(part, Mapping) else part
        if isinstance(holder, Mapping) and holder.get("name") == name:
            yield path_text(("spec", _LISTS[kind], index))


def _is_inside(at: str, place: str) -> bool:
    return at == place or (at.startswith(place) and at[len(place)] in ".[")


def _unused(
    document: ResourceDocument, entries: list[_Entry], findings: list[Finding], unjudged: Collection[str]
) -> Iterator[Finding]:
    for entry in entries:
        if entry.code in unjudged or entry.code in {UNUSED, UNKNOWN, *_BY_GATEWAYS_ALONE}:
            continue
        if not any(entry.silences(finding) for finding in findings):
            is_error = any(
                finding.code == entry.code and finding.severity is Severity.ERROR for finding in findings
            )
            why = "an error cannot be silenced" if is_error else "there is no such warning here"
            yield _warning(document, UNUSED, f"`{entry.text[:64]}` silences nothing: {why}", "remove it")


def _unknown(document: ResourceDocument, word: str) -> Finding:
    nearest = rules.nearest(word.partition(":")[0])
    fix = f"did you mean `{nearest}`?" if nearest else "kikkake lint --rules lists the rules"
    return _warning(document, UNKNOWN, f"there is no rule `{word[:64]}`", fix)


def _warning(document: ResourceDocument, code: str, what: str, fix: str) -> Finding:
    return document.finding(_PATH, what, fix, code=code, severity=Severity.WARNING)
