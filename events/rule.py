"""A rule of lint: what a code means, why, and how to mend it; the catalogue and its page are made from these.

An `Explanation` tells about a code that some part of the build reports by itself. A `Rule` has its check and two
examples beside it: a test runs them all, so that a rule cannot say one thing and do another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from events.errors import Finding, Severity
from events.resource import Path, ResourceDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A code that lint can print."""

    code: str
    """Stable: `KK101`, `UnknownField`."""
    name: str
    """A few words with hyphens; taken wherever the code is."""
    title: str
    """One line."""
    why: str
    """What Argo Events does, what is different here, and what surprises."""
    fix: str
    severity: Severity = Severity.WARNING
    """The gravest with which it is reported."""
    bad: str = ""
    """Part of a resource, as YAML: only what matters."""
    good: str = ""
    """The same, mended."""


class Hit(NamedTuple):
    """A place where a rule applies."""

    path: Path
    what: str
    fix: str = ""


Check = tuple[type[Any], Callable[[Any], Iterable[Hit]]]
"""What is looked at (a class of subjects), and the function that looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Explanation):
    """A trap: nothing is refused, but something else happens than it seems. It stops nothing."""

    checks: tuple[Check, ...]


Bound = tuple[Rule, Callable[[Any], Iterable[Hit]]]


@dataclass(frozen=True, slots=True)
class RuleBook:
    """Rules by what they look at."""

    rules: tuple[Rule, ...]
    _by_subject: Mapping[type[Any], Sequence[Bound]] = field(repr=False)

    @classmethod
    def of(cls, *families: Sequence[Rule]) -> RuleBook:
        """The rules of all families in the order of their codes."""
        rules = sorted((rule for family in families for rule in family), key=lambda rule: rule.code)
        by_subject: dict[type[Any], list[Bound]] = {}
        for rule in rules:
            for subject, function in rule.checks:
                by_subject.setdefault(subject, []).append((rule, function))
        return cls(tuple(rules), by_subject)

    def findings(self, document: ResourceDocument, subjects: Iterable[Any]) -> Iterator[Finding]:
        """What the rules say of the subjects, which are parts of the document."""
        for subject in subjects:
            for rule, function in self._by_subject.get(type(subject), ()):
                for hit in function(subject):
                    yield document.finding(
                        hit.path, hit.what, hit.fix or rule.fix, code=rule.code, severity=rule.severity
                    )
