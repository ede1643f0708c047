"""Semantic versions and the constraints on them, as Masterminds/semver 3.3 reads and compares them.

Versions may be short (`1.2`) and begin with `v`. Constraints: comparisons, `~`, `^`, wildcards (`1.x`), ranges
(`1 - 2`), commas or spaces for *and*, `||` for *or*. A pre-release fulfils only a constraint that names one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from events.errors import KikkakeError

_VERSION = re.compile(
    r"v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?"
    r"(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
)
_WORD = re.compile(r"[0-9A-Za-z-]*")
_LARGEST = (1 << 64) - 1
_MOST_DIGITS = 20


class BadVersion(KikkakeError):
    """No version, or no constraint; the text is that of the Go library."""


@dataclass(frozen=True, slots=True)
class SemanticVersion:
    """One version; `original` is the text it was read from."""

    major: int
    minor: int
    patch: int
    prerelease: str
    metadata: str
    original: str

    def __str__(self) -> str:
        return (
            f"{self.major}.{self.minor}.{self.patch}"
            + (f"-{self.prerelease}" if self.prerelease else "")
            + (f"+{self.metadata}" if self.metadata else "")
        )

    def compare(self, other: SemanticVersion) -> int:
        """-1, 0 or 1; metadata does not count."""
        ours, theirs = (self.major, self.minor, self.patch), (other.major, other.minor, other.patch)
        if ours != theirs:
            return 1 if ours > theirs else -1
        return compare_prereleases(self.prerelease, other.prerelease)


def parse_version(text: str) -> SemanticVersion:
    """A version, also a short one.

    Raises:
        BadVersion: with the Go library's text, such as `Invalid Semantic Version`.
    """
    match = _VERSION.fullmatch(text)
    if match is None:
        raise BadVersion("Invalid Semantic Version")
    *numbers, prerelease, metadata = match.groups("")
    major, minor, patch = (_segment(number) for number in numbers)
    check_prerelease(prerelease or "0")
    return SemanticVersion(major, minor, patch, prerelease, metadata, text)


def check_prerelease(text: str) -> None:
    """Refuse what cannot be a pre-release. Raises BadVersion."""
    for part in text.split("."):
        if len(part) > 1 and part[0] == "0" and part.isascii() and part.isdigit():
            raise BadVersion("Version segment starts with 0")
        if _WORD.fullmatch(part) is None:
            raise BadVersion("Invalid Prerelease string")


def check_metadata(text: str) -> None:
    """Refuse what cannot be metadata. Raises BadVersion."""
    if any(_WORD.fullmatch(part) is None for part in text.split(".")):
        raise BadVersion("Invalid Metadata string")


def _segment(digits: str) -> int:
    number = _unsigned(digits or "0")
    if number is None:
        raise BadVersion(
            f'Error parsing version segment: strconv.ParseUint: parsing "{digits}": value out of range'
        )
    return number


def _unsigned(text: str) -> int | None:
    """The number of a text of digits only that fits 64 bits."""
    digits = text.lstrip("0") or "0"
    if not text.isdigit() or len(digits) > _MOST_DIGITS or int(digits) > _LARGEST:
        return None
    return int(digits)


def compare_prereleases(ours: str, theirs: str) -> int:
    """-1, 0 or 1. None is newer than any; else part by part, numbers by size and before words, fewer parts first."""
    if ours == theirs:
        return 0
    if not ours or not theirs:
        return 1 if not ours else -1
    our_parts, their_parts = ours.split("."), theirs.split(".")
    for ours_, theirs_ in zip(our_parts, their_parts, strict=False):
        if ours_ != theirs_:
            return 1 if _rank(ours_) > _rank(theirs_) else -1
    if len(our_parts) == len(their_parts):
        return 0
    return 1 if len(our_parts) > len(their_parts) else -1


def _rank(part: str) -> tuple[int, int, str]:
    number = _unsigned(part)
    return (1, 0, part) if number is None else (0, number, "")
