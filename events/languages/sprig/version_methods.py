"""Methods of `*semver.Version` and of the `semver.Version` that `IncMajor` and its kin answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

from events.languages.go_template.functions import Function, FunctionError, declare
from events.languages.sprig.semver import Version
from events.languages.sprig.versions import BadVersion, SemanticVersion, check_metadata, check_prerelease

_WRAP = 1 << 64


@dataclass(frozen=True, slots=True)
class VersionValue(Version):
    """A version that is no pointer: Go gives a template only the methods of values on it."""

    go_type: ClassVar[str] = "semver.Version"
    go_kind: ClassVar[str] = "struct"


def _answer(version: SemanticVersion, **changes: int | str) -> VersionValue:
    """A changed version; its original text keeps a leading `v`."""
    changed = replace(version, **changes)  # type: ignore[arg-type]  # the callers name fields of their types
    prefix = "v" if version.original.startswith("v") else ""
    return VersionValue(replace(changed, original=f"{prefix}{changed}"))


def _next_patch(receiver: Version) -> VersionValue:
    """A pre-release comes before its patch, so that is the next one."""
    version = receiver.version
    patch = version.patch if version.prerelease else (version.patch + 1) % _WRAP
    return _answer(version, patch=patch, prerelease="", metadata="")


def _next_minor(receiver: Version) -> VersionValue:
    minor = (receiver.version.minor + 1) % _WRAP
    return _answer(receiver.version, minor=minor, patch=0, prerelease="", metadata="")


def _next_major(receiver: Version) -> VersionValue:
    major = (receiver.version.major + 1) % _WRAP
    return _answer(receiver.version, major=major, minor=0, patch=0, prerelease="", metadata="")


def _with_prerelease(receiver: Version, prerelease: str) -> VersionValue:
    return _checked(check_prerelease, receiver, prerelease, "prerelease")


def _with_metadata(receiver: Version, metadata: str) -> VersionValue:
    return _checked(check_metadata, receiver, metadata, "metadata")


def _checked(check: Callable[[str], None], receiver: Version, text: str, name: str) -> VersionValue:
    try:
        if text:
            check(text)
    except BadVersion as fault:
        raise FunctionError(str(fault)) from None
    return _answer(receiver.version, **{name: text})


def _test(is_so: Callable[[int], bool]) -> Function:
    return declare(
        "func(*semver.Version, *semver.Version) bool", lambda version, other: is_so(_compare(version, other))
    )


def _compare(receiver: Version, other: Version | None) -> int:
    if other is None:
        raise FunctionError("runtime error: invalid memory address or nil pointer dereference")
    return receiver.version.compare(other.version)


def _is_equal(receiver: Version, other: Version | None) -> bool:
    return other is not None and _compare(receiver, other) == 0


def _of_both(receiver: str) -> dict[str, Function]:
    def part(result: str, read: Callable[[SemanticVersion], int | str]) -> Function:
        return declare(f"func({receiver}) {result}", lambda value: read(value.version))

    return {
        "IncMajor": declare(f"func({receiver}) semver.Version", _next_major),
        "IncMinor": declare(f"func({receiver}) semver.Version", _next_minor),
        "IncPatch": declare(f"func({receiver}) semver.Version", _next_patch),
        "Major": part("uint64", lambda version: version.major),
        "Metadata": part("string", lambda version: version.metadata),
        "Minor": part("uint64", lambda version: version.minor),
        "Patch": part("uint64", lambda version: version.patch),
        "Prerelease": part("string", lambda version: version.prerelease),
        "SetMetadata": declare(f"func({receiver}, string) (semver.Version, error)", _with_metadata),
        "SetPrerelease": declare(f"func({receiver}, string) (semver.Version, error)", _with_prerelease),
        "String": part("string", str),
    }


VALUE_METHODS: dict[str, Function] = _of_both("semver.Version")
POINTER_METHODS: dict[str, Function] = {
    **_of_both("*semver.Version"),
    "Compare": declare("func(*semver.Version, *semver.Version) int", _compare),
    "Equal": declare("func(*semver.Version, *semver.Version) bool", _is_equal),
    "GreaterThan": _test(lambda order: order > 0),
    "GreaterThanEqual": _test(lambda order: order >= 0),
    "LessThan": _test(lambda order: order < 0),
    "LessThanEqual": _test(lambda order: order <= 0),
    "Original": declare("func(*semver.Version) string", lambda receiver: receiver.version.original),
}
