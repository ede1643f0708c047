"""sprig: `semver` and `semverCompare`; the rules are in versions.py and constraints.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from events.languages.go_template.functions import Function, FunctionError, declare
from events.languages.go_values import GoObject
from events.languages.sprig.constraints import fulfils, parse_constraints
from events.languages.sprig.versions import BadVersion, SemanticVersion, parse_version


@dataclass(frozen=True, slots=True)
class Version(GoObject):
    """What `semver` answers: prints as the version in full; its parts are methods (see methods.py)."""

    go_type: ClassVar[str] = "*semver.Version"
    go_kind: ClassVar[str] = "ptr"

    version: SemanticVersion

    def go_string(self) -> str:
        """Always with three numbers."""
        return str(self.version)


def _semver(text: str) -> Version:
    try:
        return Version(parse_version(text))
    except BadVersion as fault:
        raise FunctionError(str(fault)) from None


def _semver_compare(constraints: str, version: str) -> bool:
    try:
        alternatives = parse_constraints(constraints)
        return fulfils(parse_version(version), alternatives)
    except BadVersion as fault:
        raise FunctionError(str(fault)) from None


FUNCTIONS: dict[str, Function] = {
    "semver": declare("func(string) (*semver.Version, error)", _semver),
    "semverCompare": declare("func(string, string) (bool, error)", _semver_compare),
}
