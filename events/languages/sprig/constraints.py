"""Constraints on versions (see versions.py): reading them, and asking whether a version fulfils one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import re2

from events.languages.go_bytes import to_bytes, to_text
from events.languages.sprig.versions import (
    BadVersion,
    SemanticVersion,
    compare_prereleases,
    parse_version,
)

# The empty operator and the bar within numbers are the library's, and decide what it accepts.
_OPERATOR = r"(=||!=|>|<|>=|=>|<=|=<|~|~>|\^)"
_NUMBER = r"[0-9xX*|]+"
_WORDS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_VERSION = rf"v?{_NUMBER}(?:\.{_NUMBER})?(?:\.{_NUMBER})?(?:-{_WORDS})?(?:\+{_WORDS})?"
_TERM = rf"{_OPERATOR}\s*(?:{_VERSION})"
_PARTS = rf"v?({_NUMBER})(\.{_NUMBER})?(\.{_NUMBER})?(-{_WORDS})?(?:\+{_WORDS})?"

_range = re2.compile(rf"\s*({_VERSION})\s+-\s+({_VERSION})\s*")
_term = re2.compile(_TERM)
_all_terms = re2.compile(rf"\s*{_TERM}\s*(?:(?:\s+|,\s*){_TERM}\s*)*")
_one_term = re2.compile(rf"\s*{_OPERATOR}\s*({_PARTS})\s*")
_LONGEST_REMEMBERED = 200
"""A constraint may come from an event: long ones would fill the memory."""
_WILDCARDS = frozenset("xX*")


@dataclass(frozen=True, slots=True)
class Constraint:
    """One comparison. `any_minor`: the wildcard stands for the minor version; `any_patch`: for the patch alone."""

    operator: str
    version: SemanticVersion
    is_open: bool
    """Whether a wildcard or a missing number leaves something open."""
    any_minor: bool = False
    any_patch: bool = False

    def allows(self, version: SemanticVersion) -> bool:
        """Whether the version fulfils it; a pre-release only where the constraint names one."""
        # `!=` looks at pre-releases only where it has a wildcard.
        closed_unequal = self.operator == "!=" and not self.is_open
        if version.prerelease and not self.version.prerelease and not closed_unequal:
            return False
        return _CHECKS[self.operator](version, self)


def parse_constraints(text: str) -> tuple[tuple[Constraint, ...], ...]:
    """The alternatives of a constraint, each with all that it demands.

    Raises:
        BadVersion: with the Go library's text, `improper constraint: ...`.
    """
    return _remembered(text) if len(text) <= _LONGEST_REMEMBERED else _parse(text)


def _parse(text: str) -> tuple[tuple[Constraint, ...], ...]:
    raw = to_bytes(text).decode("latin-1")
    return tuple(_all_of(alternative) for alternative in _without_ranges(raw).split("||"))


_remembered = lru_cache(maxsize=512)(_parse)


def fulfils(version: SemanticVersion, constraints: tuple[tuple[Constraint, ...], ...]) -> bool:
    """Whether one of the alternatives allows the version."""
    return any(all(constraint.allows(version) for constraint in each) for each in constraints)


def _without_ranges(text: str) -> str:
    """`1.2 - 2` becomes `>= 1.2, <= 2`."""
    return str(_range.sub(lambda match: f">= {match[1]}, <= {match[2]} ", text))


def _all_of(text: str) -> tuple[Constraint, ...]:
    if _all_terms.fullmatch(text) is None:
        raise _improper(text)
    return tuple(_constraint(match[0]) for match in _term.finditer(text))


def _improper(raw: str) -> BadVersion:
    return BadVersion("improper constraint: " + to_text(raw.encode("latin-1")))


def _constraint(text: str) -> Constraint:
    match = _one_term.fullmatch(text)
    if match is None:
        raise _improper(text)
    operator, whole, major, minor, patch, prerelease = (group or "" for group in match.groups())
    if _is_wild(major):
        return Constraint(operator, _version(f"0.0.0{prerelease}"), is_open=True)
    if _is_wild(minor.removeprefix(".")):
        return Constraint(operator, _version(f"{major}.0.0{prerelease}"), is_open=True, any_minor=True)
    if _is_wild(patch.removeprefix(".")):
        return Constraint(operator, _version(f"{major}{minor}.0{prerelease}"), is_open=True, any_patch=True)
    return Constraint(operator, _version(whole), is_open=False)


def _is_wild(number: str) -> bool:
    return not number or number in _WILDCARDS


def _version(text: str) -> SemanticVersion:
    try:
        return parse_version(text)
    except BadVersion:
        raise BadVersion("constraint Parser Error") from None


def _is_equal(version: SemanticVersion, wanted: Constraint) -> bool:
    return _is_like(version, wanted) if wanted.is_open else version.compare(wanted.version) == 0


def _is_unequal(version: SemanticVersion, wanted: Constraint) -> bool:
    if not wanted.is_open or not (wanted.any_minor or wanted.any_patch):
        own = wanted.version
        if wanted.is_open and (version.major, version.minor, version.patch) != (
            own.major,
            own.minor,
            own.patch,
        ):
            return True
        return version.compare(own) != 0
    if version.major != wanted.version.major:
        return True
    if wanted.any_minor:
        return False
    if version.minor != wanted.version.minor:
        return True
    return compare_prereleases(version.prerelease, wanted.version.prerelease) != 0


def _is_greater(version: SemanticVersion, wanted: Constraint) -> bool:
    if not wanted.is_open:
        return version.compare(wanted.version) > 0
    if version.major != wanted.version.major:
        return version.major > wanted.version.major
    if wanted.any_minor:
        return False
    if wanted.any_patch:
        return version.minor > wanted.version.minor
    return version.compare(wanted.version) > 0


def _is_less(version: SemanticVersion, wanted: Constraint) -> bool:
    return version.compare(wanted.version) < 0


def _is_not_less(version: SemanticVersion, wanted: Constraint) -> bool:
    return version.compare(wanted.version) >= 0


def _is_not_greater(version: SemanticVersion, wanted: Constraint) -> bool:
    if not wanted.is_open:
        return version.compare(wanted.version) <= 0
    if version.major != wanted.version.major:
        return version.major < wanted.version.major
    return wanted.any_minor or version.minor <= wanted.version.minor


def _is_like(version: SemanticVersion, wanted: Constraint) -> bool:
    """`~`: not older, and the same in what is written before the last number. `~0.0.0` lets all pass."""
    own = wanted.version
    if version.compare(own) < 0:
        return False
    is_zero = (own.major, own.minor, own.patch) == (0, 0, 0)
    if is_zero and not wanted.any_minor and not wanted.any_patch:
        return True
    return version.major == own.major and (wanted.any_minor or version.minor == own.minor)


def _is_compatible(version: SemanticVersion, wanted: Constraint) -> bool:
    """`^`: not older, and the same up to the first number that is not zero."""
    own = wanted.version
    if version.compare(own) < 0 or version.major != own.major:
        return False
    if own.major > 0 or wanted.any_minor:
        return True
    if own.minor > 0 or wanted.any_patch or version.minor > 0:
        return version.minor == own.minor
    return version.patch == own.patch


_CHECKS: dict[str, Callable[[SemanticVersion, Constraint], bool]] = {
    "": _is_equal,
    "=": _is_equal,
    "!=": _is_unequal,
    ">": _is_greater,
    "<": _is_less,
    ">=": _is_not_less,
    "=>": _is_not_less,
    "<=": _is_not_greater,
    "=<": _is_not_greater,
    "~": _is_like,
    "~>": _is_like,
    "^": _is_compatible,
}
