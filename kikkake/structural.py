"""From the JSON Schema of a model to the structural schema of a CRD, which knows no references. Pure.

Two variants. *Tolerant*: what upstream's open schema stores is stored, whatever its type, and nothing is dropped or
added; every node only describes, so that `kubectl explain` works and the gateway's own findings say what is wrong.
*Strict*: types, lists of allowed values, required members and CEL rules (`strict_rules.py`) are enforced.

Neither has defaults: what the API server writes into an object is a difference to the user's file that GitOps tools
would see for ever. Unknown members are kept in both, at every level.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from events.errors import KikkakeError

Schema = dict[str, Any]
Tighten = Callable[[str, Schema], None]
"""Gets the name of a model and its strict node, and adds to it."""

_KEEP = "x-kubernetes-preserve-unknown-fields"
_INT_OR_STRING = "x-kubernetes-int-or-string"
_REF = "#/$defs/"
_ENFORCED = (
    "required",
    "enum",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
)
_READ = (
    "$ref",
    "$defs",
    "anyOf",
    "type",
    "properties",
    "additionalProperties",
    "items",
    "description",
    "default",
)
_STRICT_DEPTH = 2
"""A model that holds itself (`dlqTrigger`) is checked this often; further down anything is kept."""
_TOLERANT_DEPTH = 1
"""And described this often: with every kind of trigger twice, kubectl could not keep the definition (256 KiB)."""


class NotStructural(KikkakeError):
    """A model uses a keyword of JSON Schema that has no counterpart here."""


def structural(schema: Schema, defs: Schema, *, tighten: Tighten | None = None) -> Schema:
    """`schema` without references to `defs`: strict where there is a `tighten`, tolerant otherwise.

    Raises:
        NotStructural: a keyword that this function would lose.
    """
    return _Conversion(defs, tighten).node(schema, ())


def open_object(description: str) -> Schema:
    """An object of which nothing is known."""
    return {"description": description, "type": "object", _KEEP: True}


class _Conversion:
    def __init__(self, defs: Schema, tighten: Tighten | None) -> None:
        self._defs = defs
        self._tighten = tighten
        self._depth = _TOLERANT_DEPTH if tighten is None else _STRICT_DEPTH

    def node(self, schema: Schema, inside: tuple[str, ...]) -> Schema:
        """One node and all below it; `inside` names the models around it."""
        if unread := [name for name in schema if name not in (*_ENFORCED, *_READ)]:
            raise NotStructural(f"the keyword {unread[0]} of a model's schema has no counterpart in a CRD")
        reference = schema.get("$ref", "").removeprefix(_REF)
        if not reference:
            return self._plain(schema, inside)
        model: Schema = {**self._defs[reference], **{key: schema[key] for key in schema if key != "$ref"}}
        if inside.count(reference) >= self._depth:
            model = {
                "type": "object",
                "description": f"{model.get('description', '')} Its members are the same.",
            }
        made = self._plain(model, (*inside, reference))
        if self._tighten is not None:
            self._tighten(reference, made)
        return made

    def _plain(self, schema: Schema, inside: tuple[str, ...]) -> Schema:
        made = {"description": self._description(schema)}
        made |= self._below(schema, inside)
        if self._tighten is None:
            return _without_empty(made | {"nullable": True, _KEEP: True})
        return _without_empty(made | _enforced(schema))

    def _below(self, schema: Schema, inside: tuple[str, ...]) -> Schema:
        found: Schema = {}
        if "properties" in schema:
            found["properties"] = {
                name: self.node(member, inside) for name, member in schema["properties"].items()
            }
        elif isinstance(schema.get("additionalProperties"), dict):
            found["additionalProperties"] = self.node(schema["additionalProperties"], inside)
        if "items" in schema:
            found["items"] = self.node(schema["items"], inside)
        return found

    def _description(self, schema: Schema) -> str:
        parts = [] if self._tighten is not None else [f"({_type_words(schema)})"]
        if text := schema.get("description", ""):
            parts.append(text if text.endswith((".", ":", ")")) else f"{text}.")
        if "default" in schema and "efault" not in text:
            parts.append(f"Default: {_word(schema['default'])}.")
        if "enum" in schema and self._tighten is None:
            parts.append(f"One of: {', '.join(_word(each) for each in schema['enum'])}.")
        return " ".join(parts)


def _enforced(schema: Schema) -> Schema:
    """The type and what is asked of a value, for a strict node."""
    kept = {name: schema[name] for name in _ENFORCED if name in schema}
    kinds = _types(schema)
    if kinds == {"integer", "string"}:
        return {_INT_OR_STRING: True, **kept}
    if kinds == {"number", "integer"}:
        return {"type": "number", **kept}
    if len(kinds) != 1:
        # Whatever else may be one of several types (a number or its text) is beyond a structural schema.
        return {_KEEP: True}
    kind = next(iter(kinds))
    has_any_members = kind == "object" and not isinstance(schema.get("additionalProperties"), dict)
    return {"type": kind, **({_KEEP: True} if has_any_members else {}), **kept}


def _types(schema: Schema) -> set[str]:
    if "anyOf" in schema:
        return {each.get("type", "object") for each in schema["anyOf"]} - {"null"}
    return {schema["type"]} if "type" in schema else set()


_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "object",
    "array": "list",
}


def _type_words(schema: Schema) -> str:
    words = sorted(_WORDS[kind] for kind in _types(schema))
    if "items" in schema:
        return f"list of {_plural(schema['items'])}"
    return " or ".join(words) if words else "anything"


def _plural(items: Schema) -> str:
    kinds = _types(items) if "$ref" not in items else {"object"}
    return {"string": "texts", "integer": "whole numbers"}.get(next(iter(kinds), ""), "objects")


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if value != "" else "(empty)"


def _without_empty(node: Schema) -> Schema:
    return {name: member for name, member in node.items() if member not in ("", {}, [])}
