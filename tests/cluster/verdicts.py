"""Whether a status tells the truth about a text: compared with what `kikkake lint` says of the object in a file."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.team import condition
from tests.servers.kube_reader import Object
from tests.stories.process import ROOT

OUTSIDE = frozenset(
    {
        "AccountForbidden",
        "FileOutOfReach",
        "NoServiceAccount",
        "SecretEmpty",
        "SecretForbidden",
        "SecretNotFound",
        "TargetKindUnknown",
        "TargetNamespaceNotAllowed",
    }
)
"""Codes of what is no fault of the text: rights, Secrets, kinds and files that the gateway of a cluster lacks."""
_OF_OTHERS = frozenset({"EndpointConflict"})
"""Codes of what two files have against each other: the shared port has a path of its own for each source."""
_TEXT = ("SourcesProvided", "DependenciesProvided", "TriggersProvided")
_CODE = re.compile(r" \[(\w+)\]$")
_MORE = re.compile(r"^and (\d+) more")
_TIMEOUT_S = 300


def lint(objects: Iterable[Object], folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The errors of each object by its name, by the command on a folder with one file each; warnings are left out."""
    folder.mkdir()
    found: dict[str, list[dict[str, Any]]] = {}
    for each in objects:
        name = each["metadata"]["name"]
        found[name] = []
        text = {member: each[member] for member in ("apiVersion", "kind") if member in each}
        metadata = {"name": name, "namespace": each["metadata"]["namespace"]}
        spec = {"spec": each["spec"]} if "spec" in each else {}
        document = yaml.dump({**text, "metadata": metadata, **spec}, Dumper=yaml.CSafeDumper)
        (folder / f"{name}.yaml").write_text(document)
    run = subprocess.run(
        [sys.executable, "-m", "kikkake", "lint", str(folder), "-o", "json"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    assert run.returncode in {0, 1}, run.stderr[-2000:]
    for line in run.stdout.rstrip("\n").split("\n") if run.stdout else ():
        finding = json.loads(line)
        if finding["severity"] == "error" and finding["code"] not in _OF_OTHERS:
            found[Path(finding["file"]).stem].append(finding)
    return found


def is_beyond_files(errors: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a file may not even hold it: nested deeper than YAML is read, which an API server's JSON may be."""
    return any(each["code"] == "Unparsable" for each in errors)


def difference(found: Object, errors: Iterable[Mapping[str, Any]]) -> str:
    """What its status does not say, or says and lint does not; empty = they agree."""
    told, more = _told(found)
    wanted = {" ".join(f"{each['at']}: {each['what']}".splitlines()) for each in errors}
    if not condition(found, "Ready"):
        return "it has no condition of its newest generation"
    if unsaid := [each for each in wanted if not any(line.startswith(each) for line in told)][more:]:
        return f"not said: {unsaid[0]}"
    if invented := [line for line in told if not any(line.startswith(each) for each in wanted)]:
        return f"said, and lint does not: {invented[0]}"
    return ""


def _told(found: Object) -> tuple[list[str], int]:
    """The faults of the text in its conditions, one a line, and how many are only counted."""
    lines: list[str] = []
    more = 0
    for kind in _TEXT:
        said = condition(found, kind)
        for line in said.get("message", "").splitlines() if said.get("status") == "False" else ():
            if counted := _MORE.match(line):
                more += int(counted[1])
            elif (code := _CODE.search(line)) is None or code[1] not in OUTSIDE:
                lines.append(line)
    return lines, more
