"""The base of every resource model, and its faults as findings.

Models are the only truth about fields: they read a resource, and schema, CRD and docs are made from them.
A number where a text belongs is a fault as it is upstream (`port: 12000`); null counts as absent, as in Go.
"""

from __future__ import annotations

from typing import Any, TypeVar, get_args

import pydantic
from pydantic.alias_generators import to_camel

from events.errors import Finding, Severity, cut
from events.resource import Path, ResourceDocument, nearest_name, type_word

M = TypeVar("M", bound="SpecModel")

_SECRET_WORDS = ("secret", "password", "token", "key")


class SpecModel(pydantic.BaseModel):
    """A part of a resource. Unknown fields are kept and reported, never refused by the model itself."""

    model_config = pydantic.ConfigDict(
        frozen=True,
        extra="allow",
        strict=True,
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=True,
        serialize_by_alias=True,
        protected_namespaces=(),
    )

    @pydantic.model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: member for name, member in value.items() if member is not None}
        return value

    @classmethod
    def field_names(cls) -> tuple[str, ...]:
        """The members as they are written in a resource."""
        return tuple(info.alias or name for name, info in cls.model_fields.items())


def read_model(
    document: ResourceDocument, model: type[M], value: Any, path: Path, *, code: str
) -> tuple[M | None, list[Finding]]:
    """`value` (which stands at `path`) as `model`, and all of its faults; None when a fault is an error.

    Unknown fields are warnings `UnknownField` with the nearest known name, errors with the annotation
    `kikkake/strict: "true"`.
    """
    is_strict = document.annotations.get("kikkake/strict") == "true"
    severity = Severity.ERROR if is_strict else Severity.WARNING
    try:
        instance = model.model_validate(value)
    except pydantic.ValidationError as error:
        faults = [_fault(document, path, fault, code) for fault in error.errors(include_url=False)]
        # Beside a field of the wrong type often stands one with the wrong name: told at once.
        known = model.field_names()
        names = [name for name in value if name not in known] if isinstance(value, dict) else []
        return None, faults + [_unknown(document, (*path, name), known, severity) for name in names]
    return instance, list(_unknown_fields(document, instance, path, severity))


def _fault(document: ResourceDocument, path: Path, fault: Any, code: str) -> Finding:
    # Pydantic adds the names of union members and validators to the location; only what is in the text counts.
    where: Path = path
    for part in fault["loc"]:
        if isinstance(part, int) or document.has((*where, part)) or fault["type"] == "missing":
            where = (*where, part)
    what, fix = _explain(fault, where)
    return document.finding(where, what, fix, code=code)


def _explain(fault: Any, where: Path) -> tuple[str, str]:
    kind: str = fault["type"]
    given = fault.get("input")
    wanted = _WANTED.get(kind)
    if kind == "missing":
        return "is missing", "give it a value"
    if (
        kind in {"string_type", "string_sub_type"}
        and isinstance(given, int | float)
        and not isinstance(given, bool)
    ):
        return f'expected string such as "{cut(given)}", got number {cut(given)}', "put it in quotes"
    if wanted:
        return f"expected {wanted}, got {type_word(given)}{_shown(given, where)}", ""
    if kind in {"literal_error", "enum"}:
        expected = fault.get("ctx", {}).get("expected", "")
        return f"{_shown(given, where).strip() or type_word(given)} is not one of {expected}", ""
    # Messages of our own validators say what and how; pydantic puts this before them.
    return str(fault["msg"]).removeprefix("Value error, "), ""


_WANTED = {
    "string_type": "a string",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "list_type": "a list",
    "tuple_type": "a list",
}


def _shown(value: Any, where: Path) -> str:
    """The value for a message, cut; nothing where a secret may stand."""
    names = [part.lower() for part in where if isinstance(part, str)]
    if (
        value is None
        or isinstance(value, dict | list | tuple)
        or any(word in name for name in names[-1:] for word in _SECRET_WORDS)
    ):
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f" `{cut(text)}`"


def _unknown_fields(document: ResourceDocument, value: Any, path: Path, severity: Severity) -> list[Finding]:
    findings: list[Finding] = []
    if isinstance(value, SpecModel):
        known = type(value).field_names()
        findings += [_unknown(document, (*path, name), known, severity) for name in value.model_extra or {}]
        for name, info in type(value).model_fields.items():
            findings += _unknown_fields(document, getattr(value, name), (*path, info.alias or name), severity)
    elif isinstance(value, dict):
        for name, member in value.items():
            findings += _unknown_fields(document, member, (*path, str(name)), severity)
    elif isinstance(value, list | tuple):
        for index, member in enumerate(value):
            findings += _unknown_fields(document, member, (*path, index), severity)
    return findings


def _unknown(document: ResourceDocument, path: Path, known: tuple[str, ...], severity: Severity) -> Finding:
    nearest = nearest_name(str(path[-1]), known)
    fix = f"did you mean `{nearest}`?" if nearest else f"known here: {', '.join(known)}"
    return document.finding(path, "unknown field", fix, code="UnknownField", severity=severity)


def inner_model(annotation: Any) -> type[SpecModel] | None:
    """The SpecModel inside `X | None`, `tuple[X, ...]`, `dict[str, X]`, or None."""
    if isinstance(annotation, type) and issubclass(annotation, SpecModel):
        return annotation
    for argument in get_args(annotation):
        found = inner_model(argument)
        if found is not None:
            return found
    return None
