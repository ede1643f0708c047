"""Reading YAML and JSON resources: every document with the place of each value, all faults at once.

YAML as Kubernetes reads it (spec-sensors, A.2): `yes` is true and `0777` is 511, but times stay texts and
`12:30:45` is no number. Duplicate keys, deep nesting and alias bombs are refused (spec: security, section 7).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from events.errors import Finding, Scope, Severity, cut

Path = tuple[str | int, ...]
"""Where a value stands in a document: member names and list indexes."""

_MAX_DEPTH = 64
_MAX_NODES = 200_000
"""Values in one file after aliases are expanded: a 341-byte alias bomb has millions, real files 20,000."""
_LONGEST_WORD = 1_000
_LONGEST_TEXT = 4_000
"""Commands that grant the rights of very many kinds have some 2,000 characters."""
_LONG_WORD = re.compile(rf"\S{{{_LONGEST_WORD + 1},}}")
_LONGEST_NAME = 256
"""Of a member in a path that is told: names of Kubernetes have up to 253 characters."""
_MERGE_TAG = "tag:yaml.org,2002:merge"
_INT = re.compile(r"[-+]?(0b[01_]+|0[0-7_]+|0x[0-9a-fA-F_]+|[1-9][0-9_]*|0)", re.ASCII)
_NEWER_OCTAL = re.compile(r"[-+]?0o[0-7]+", re.ASCII)
_EXPONENT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)[eE][-+]?[0-9]+", re.ASCII)
"""Forms that Go's reader takes and the C parser's YAML 1.1 does not."""
_NOT_A_NUMBER = re.compile(r"[0-9_]+(:[0-9_]+)+(\.[0-9_]*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ResourceDocument:
    """One document of a file. `value` is plain JSON; `positions` has line and column of each path, from 1."""

    value: Mapping[str, Any]
    file: str
    positions: Mapping[Path, tuple[int, int]] = field(repr=False)
    faults: tuple[Finding, ...] = ()
    """What was wrong with reading this document (equal keys); also among the findings of its file."""

    @property
    def api_version(self) -> str:
        return _text(self.value.get("apiVersion"))

    @property
    def kind(self) -> str:
        return _text(self.value.get("kind"))

    @property
    def metadata(self) -> Mapping[str, Any]:
        metadata = self.value.get("metadata")
        return metadata if isinstance(metadata, Mapping) else {}

    @property
    def name(self) -> str:
        return _text(self.metadata.get("name"))

    @property
    def namespace(self) -> str:
        """`default` where none is given."""
        return _text(self.metadata.get("namespace")) or "default"

    @property
    def annotations(self) -> Mapping[str, Any]:
        annotations = self.metadata.get("annotations")
        return annotations if isinstance(annotations, Mapping) else {}

    @property
    def label(self) -> str:
        """For messages: `sensor default/build`."""
        return f"{self.kind.lower() or 'document'} {self.namespace}/{self.name or '(no name)'}"

    def has(self, path: Path) -> bool:
        """Whether something stands at the path; a document that was no text has no positions that could tell."""
        here: Any = self.value
        for part in path:
            if not _holds(here, part):
                return False
            here = here[part]
        return True

    def position(self, path: Path) -> tuple[int, int]:
        """Line and column of the path, or of the nearest parent that stands in the text."""
        for length in range(len(path), -1, -1):
            found = self.positions.get(path[:length])
            if found is not None:
                return found
        return (0, 0)

    def finding(
        self,
        path: Path,
        what: str,
        fix: str = "",
        *,
        code: str = "InvalidSpec",
        severity: Severity = Severity.ERROR,
        scope: Scope = Scope.RESOURCE,
        part: str = "",
    ) -> Finding:
        """A fault at `path`, with its place in the file."""
        line, column = self.position(path)
        return Finding(
            at=path_text(path),
            what=_bounded(what),
            fix=_bounded(fix),
            code=code,
            severity=severity,
            scope=scope,
            part=part,
            file=self.file,
            line=line,
            column=column,
        )


def _bounded(text: str) -> str:
    """What no message shortened itself: a status has to have room for the other faults."""
    if len(text) > _LONGEST_WORD:
        text = _LONG_WORD.sub(lambda match: cut(match[0]), text)
    return cut(text, _LONGEST_TEXT)


def path_text(path: Path) -> str:
    """`("spec", "triggers", 1, "template")` as `spec.triggers[1].template`; odd names are quoted."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif len(part) > _LONGEST_NAME:
            text += f'["{part[:_LONGEST_NAME]}…"]'
        elif re.fullmatch(r"[A-Za-z0-9_-]+", part):
            text += f".{part}" if text else part
        else:
            text += f'["{part}"]'
    return text or "(document)"


def nearest_name(name: str, known: Sequence[str]) -> str:
    """The known name that was most likely meant, or an empty text."""
    lowered = {candidate.lower(): candidate for candidate in known}
    if name.lower() in lowered:
        return lowered[name.lower()]
    matches = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
    return matches[0] if matches else ""


def read_documents(text: str, file: str) -> tuple[list[ResourceDocument], list[Finding]]:
    """All documents of a YAML or JSON text that could be read, and the faults of those that could not.

    Empty documents are left out. A syntax error ends the reading of the file; everything else stops only its
    own document. A `kind: List` is taken apart.
    """
    documents: list[ResourceDocument] = []
    findings: list[Finding] = []
    nodes = _Nodes(file)
    try:
        for root in yaml.compose_all(text, Loader=_Loader):
            if root is not None:
                documents += _read_root(root, file, nodes, findings)
    except yaml.YAMLError as error:
        findings.append(_syntax_finding(error, file))
    except RecursionError:
        findings.append(Finding(at="(document)", what="nested too deeply", code="Unparsable", file=file))
    return documents, findings


def read_value(text: str) -> tuple[Any, list[Finding]]:
    """The first document of a YAML text as plain values, of whatever type: data of an event, no resource."""
    findings: list[Finding] = []
    nodes = _Nodes("")
    try:
        for root in yaml.compose_all(text, Loader=_Loader):
            if root is not None:
                builder = _Builder("", nodes)
                value = builder.build(root, ())
                return value, builder.findings
    except yaml.YAMLError as error:
        findings.append(_syntax_finding(error, ""))
    except RecursionError:
        findings.append(Finding(at="(document)", what="nested too deeply", code="Unparsable"))
    return None, findings


class _Loader(yaml.CSafeLoader):
    """The C parser; only its node graph is used, values are built here."""


def _read_root(root: yaml.Node, file: str, nodes: _Nodes, findings: list[Finding]) -> list[ResourceDocument]:
    builder = _Builder(file, nodes)
    value = builder.build(root, ())
    findings += builder.findings
    if value is None or (builder.findings and any(f.code == "Unparsable" for f in builder.findings)):
        return []
    if not isinstance(value, dict):
        line, column = _place(root)
        findings.append(
            Finding(
                at="(document)",
                what=f"expected an object with apiVersion and kind, got {type_word(value)}",
                fix="write apiVersion, kind, metadata and spec",
                code="Unparsable",
                file=file,
                line=line,
                column=column,
            )
        )
        return []
    document = ResourceDocument(value, file, builder.positions, tuple(builder.findings))
    return list(_items(document)) if document.kind.endswith("List") else [document]


def _items(document: ResourceDocument) -> Iterator[ResourceDocument]:
    items = document.value.get("items")
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict):
            prefix: Path = ("items", index)
            positions = {path[2:]: place for path, place in document.positions.items() if path[:2] == prefix}
            faults = tuple(fault for fault in document.faults if fault.at.startswith(path_text(prefix)))
            yield ResourceDocument(item, document.file, positions, faults)


class _Nodes:
    """Counts values over a whole file, so that aliases cannot multiply without bound."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.count = 0


class _Builder:
    """Builds plain JSON out of one node graph and notes where everything stood."""

    def __init__(self, file: str, nodes: _Nodes) -> None:
        self.positions: dict[Path, tuple[int, int]] = {}
        self.findings: list[Finding] = []
        self._file = file
        self._nodes = nodes
        self._scalars = yaml.constructor.SafeConstructor()

    def build(self, node: yaml.Node, path: Path) -> Any:
        self.positions.setdefault(path, _place(node))
        self._nodes.count += 1
        if len(path) > _MAX_DEPTH or self._nodes.count > _MAX_NODES:
            limit = f"{_MAX_DEPTH} levels" if len(path) > _MAX_DEPTH else f"{_MAX_NODES} values in one file"
            if not any(finding.code == "Unparsable" for finding in self.findings):
                self._fault(node, path, f"larger than the limit of {limit}", "make it smaller", "Unparsable")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(child, (*path, index)) for index, child in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        self._fault(node, path, "not a value", "", "InvalidSpec")
        return None

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE_TAG:
                self._merge(value_node, path, merged)
                continue
            key = self._key(key_node, path)
            if key is None:
                continue
            here: Path = (*path, key)
            if key in result:
                line = self.positions[here][0]
                self._fault(
                    key_node, path, f"key `{key}` was given before in line {line}", "keep one", "DuplicateKey"
                )
                continue
            self.positions[here] = _place(key_node)
            result[key] = self.build(value_node, here)
        return {**merged, **result} if merged else result

    def _merge(self, node: yaml.Node, path: Path, merged: dict[str, Any]) -> None:
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        for source in sources:
            if isinstance(source, yaml.MappingNode):
                for key, value in self._mapping(source, path).items():
                    merged.setdefault(key, value)
            else:
                self._fault(node, path, "`<<` wants an object or a list of objects", "", "InvalidSpec")

    def _key(self, node: yaml.Node, path: Path) -> str | None:
        if isinstance(node, yaml.ScalarNode):
            value = self._scalar(node, path)
            # As Kubernetes' YAML-to-JSON step: keys become texts (`on:` is the key "true").
            if isinstance(value, bool):
                return "true" if value else "false"
            return node.value if value is None or isinstance(value, float) else str(value)
        self._fault(node, path, "an object or list cannot be a key", "", "InvalidSpec")
        return None

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        kind = node.tag.rpartition(":")[2]
        if kind == "null":
            return None
        if kind == "bool":
            return self._scalars.construct_yaml_bool(node)
        if kind in {"int", "float"} or (kind == "str" and not node.style):
            return self._number_or_text(node, kind, path)
        if kind not in {"str", "timestamp", "value"}:
            self._fault(node, path, f"tag {node.tag} is not supported", "write a plain value", "InvalidSpec")
        return node.value

    def _number_or_text(self, node: yaml.ScalarNode, kind: str, path: Path) -> Any:
        text: str = node.value
        try:
            return self._number(node, kind, text)
        except ValueError:
            # More digits than Python reads (4,300), or a prefix such as `0x_` without any.
            self._fault(node, path, f"`{cut(text)}` is not a number", "put a text in quotes", "InvalidSpec")
            return None

    def _number(self, node: yaml.ScalarNode, kind: str, text: str) -> Any:
        if kind == "int" and _INT.fullmatch(text):
            return self._scalars.construct_yaml_int(node)
        if kind == "float" and not _NOT_A_NUMBER.fullmatch(text):
            return self._scalars.construct_yaml_float(node)
        if _NEWER_OCTAL.fullmatch(text):
            return int(text.replace("o", ""), 8)
        return float(text) if _EXPONENT.fullmatch(text) else text

    def _fault(self, node: yaml.Node, path: Path, what: str, fix: str, code: str) -> None:
        line, column = _place(node)
        self.findings.append(
            Finding(
                at=path_text(path), what=what, fix=fix, code=code, file=self._file, line=line, column=column
            )
        )


def _place(node: yaml.Node) -> tuple[int, int]:
    return (node.start_mark.line + 1, node.start_mark.column + 1)


def _syntax_finding(error: yaml.YAMLError, file: str) -> Finding:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "not readable as YAML"
    context = getattr(error, "context", None)
    return Finding(
        at="(document)",
        what=f"not valid YAML: {problem}" + (f" ({context})" if context else ""),
        fix="check indentation, quotes and colons there",
        code="Unparsable",
        file=file,
        line=mark.line + 1 if mark else 0,
        column=mark.column + 1 if mark else 0,
    )


def type_word(value: Any) -> str:
    """What a person calls the type of a JSON value."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list() | tuple():
            return "a list"
        case _:
            return "an object"


def _holds(value: Any, part: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(part, int) and part < len(value)
    return isinstance(value, Mapping) and part in value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
