"""Values as YAML text in the style of test files: small parts in brackets, long texts as blocks. Pure."""

from __future__ import annotations

import io
import re
import sys
from typing import Any

import yaml

_STR_TAG = "tag:yaml.org,2002:str"
_BOOL_TAG = "tag:yaml.org,2002:bool"


class PlainKey(str):
    """A key that is written without quotes although YAML 1.1 takes it for a boolean: `on` of test documents."""

    __slots__ = ()


ON = PlainKey("on")


def flow_text(value: Any, *, quote: str = "") -> str:
    """On one line, fit to stand between brackets; a text in these quotes if they are asked for."""
    if isinstance(value, str) and quote == '"':
        value = _DoubleQuoted(value)
    elif isinstance(value, str) and quote == "'" and value.isprintable():
        value = _SingleQuoted(value)
    return _dump([value], is_flow=True)[1:-1]


def block_lines(value: dict[str, Any] | list[Any]) -> list[str]:
    """Line by line."""
    return _dump(value, is_flow=False).splitlines()


class _DoubleQuoted(str):
    __slots__ = ()


class _SingleQuoted(str):
    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


# A copy without `on`, so that it can be written plain; whatever else is `on` is quoted below.
_Dumper.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOL_TAG]
    for letter, resolvers in yaml.SafeDumper.yaml_implicit_resolvers.items()
}
_Dumper.add_implicit_resolver(
    _BOOL_TAG, re.compile(r"^(?:yes|no|true|false|off)$", re.IGNORECASE), list("yYnNtTfFoO")
)


def _scalar(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None
    if isinstance(text, _DoubleQuoted) or "\n" in text:
        style = '"'
    elif isinstance(text, _SingleQuoted) or (text.lower() == "on" and not isinstance(text, PlainKey)):
        style = "'"
    return dumper.represent_scalar(_STR_TAG, str(text), style=style)


for _kind in (str, _DoubleQuoted, _SingleQuoted, PlainKey):
    _Dumper.add_representer(_kind, _scalar)


def _dump(value: Any, *, is_flow: bool) -> str:
    stream = io.StringIO()
    dumper = _Dumper(
        stream,
        default_flow_style=True if is_flow else None,
        sort_keys=False,
        allow_unicode=True,
        width=sys.maxsize,
    )
    dumper.open()
    node: Any = dumper.represent_data(value)
    node.flow_style = is_flow
    if not is_flow:
        _unfold(node)
    dumper.serialize(node)
    dumper.close()
    return stream.getvalue().strip()


def _unfold(node: Any) -> bool:
    """Give texts of several lines a block of their own, and everything around them too. Whether there is one."""
    if isinstance(node, yaml.ScalarNode):
        is_long: bool = "\n" in node.value.rstrip("\n")
        if is_long:
            node.style = "|"
        return is_long
    parts = (
        [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else node.value
    )
    found = [_unfold(part) for part in parts]
    if any(found):
        node.flow_style = False
    return any(found)
