"""Faults of parameters that upstream does not look for: unknown dependencies, and templates that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from events.errors import Finding, Scope, Severity
from events.model import SpecModel
from events.resource import Path, ResourceDocument, nearest_name
from sensors import templates
from sensors.condition import Condition, shown_names
from sensors.spec import Parameter, ParameterSource


class ParameterCheck:
    """For one trigger, of which `part` is the name."""

    def __init__(self, document: ResourceDocument, part: str, dependencies: Sequence[str]) -> None:
        self._document = document
        self._part = part
        self._dependencies = dependencies
        self.is_slow = False
        """Whether a template that was checked makes keys, certificates or hashes of passwords."""

    def faults(
        self, parameters: Sequence[Parameter], path: Path, condition: Condition | None
    ) -> list[Finding]:
        """Of a list at `path`: a dependency that does not exist or never comes to this trigger, and bad templates."""
        names = self._dependencies
        findings: list[Finding] = []
        for index, parameter in enumerate(parameters):
            source = parameter.src
            if source is None or not source.dependency_name:
                continue
            findings += self._template_faults(source, (*path, index, "src"))
            where: Path = (*path, index, "src", "dependencyName")
            name = source.dependency_name
            if name not in names and source.value is None:
                nearest = nearest_name(name, names)
                fix = f"did you mean `{nearest}`?" if nearest else f"names allowed: {shown_names(names)}"
                findings.append(self._fault(where, f"there is no dependency `{name[:64]}`", fix))
            elif name not in names or (condition is not None and name not in condition.names):
                findings.append(self._never_given(where, name))
        return findings

    def _template_faults(self, source: ParameterSource, path: Path) -> Iterator[Finding]:
        """Upstream meets a bad template at each event, and falls back to the key in silence."""
        for member, text in (
            ("contextTemplate", source.context_template),
            ("dataTemplate", source.data_template),
        ):
            try:
                self.is_slow = self.is_slow or (bool(text) and templates.is_slow(text))
            except templates.TemplateError as error:
                yield self._fault((*path, member), str(error), "see the documentation of Go's text/template")

    def _never_given(self, path: Path, name: str) -> Finding:
        return self._document.finding(
            path,
            f"`{name[:64]}` never comes to this trigger: its condition does not name it",
            "name it in `conditions`",
            code="NeverGiven",
            severity=Severity.WARNING,
            part=self._part,
        )

    def _fault(self, path: Path, what: str, fix: str) -> Finding:
        return self._document.finding(
            path, what, fix, code="InvalidTriggers", scope=Scope.PART, part=self._part
        )


def parameter_lists(value: Any, path: Path) -> Iterator[tuple[Path, list[Parameter]]]:
    """Every list of parameters in a kind's member."""
    if isinstance(value, SpecModel):
        for name, info in type(value).model_fields.items():
            yield from parameter_lists(getattr(value, name), (*path, info.alias or name))
    elif isinstance(value, list | tuple) and value and all(isinstance(item, Parameter) for item in value):
        yield path, list(value)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from parameter_lists(item, (*path, index))
