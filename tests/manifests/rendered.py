"""The objects that kustomize and Helm render, as parsed YAML."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.servers.helm import helm
from tests.servers.kube_reader import Object, Objects
from tests.servers.kubectl import kubectl

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "kikkake"
_TIMEOUT_S = 60


def kustomized(folder: str) -> Objects:
    """What `kubectl kustomize` makes of a folder of the project."""
    run = subprocess.run(
        [kubectl(), "kustomize", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=True,
    )
    return _read(run.stdout)


def templated(home: Path, *values: str, release: str = "kikkake", namespace: str = "kikkake") -> Objects:
    """What `helm template` makes of the chart with `--set` for each of `values`."""
    said = helm(home, "template", release, CHART, "--namespace", namespace, *_sets(values))
    assert said.code == 0, said.err
    return _read(said.out)


def refusal(home: Path, *values: str) -> str:
    """What Helm says when it refuses `values`."""
    said = helm(home, "template", "kikkake", CHART, "--namespace", "kikkake", *_sets(values))
    assert said.code != 0, "Helm refused nothing"
    return said.err


class _Loader(yaml.CSafeLoader):
    """Takes a bare `=` as the text that it is; YAML 1.1 has a type of its own for it."""


_Loader.add_constructor("tag:yaml.org,2002:value", lambda _loader, node: node.value)


def _read(text: str) -> Objects:
    return [each for each in yaml.load_all(text, Loader=_Loader) if each]


def _sets(values: tuple[str, ...]) -> list[str]:
    return [part for value in values for part in ("--set", value)]


def key_of(item: Object) -> tuple[str, str, str]:
    """What tells an object from the others: kind, namespace, name."""
    metadata = item["metadata"]
    return item["kind"], metadata.get("namespace", ""), metadata["name"]


def by_key(objects: Objects) -> dict[tuple[str, str, str], Object]:
    """The objects by kind, namespace and name.

    Raises:
        AssertionError: one of them is there twice.
    """
    found = {key_of(each): each for each in objects}
    assert len(found) == len(objects), "an object is rendered twice"
    return found


def of_kind(objects: Objects, kind: str) -> Objects:
    return [each for each in objects if each["kind"] == kind]


def gateway(objects: Objects) -> Object:
    """The StatefulSet."""
    [found] = of_kind(objects, "StatefulSet")
    return found


def without_helm(value: Any) -> Any:
    """The object without the labels that only Helm writes."""
    if isinstance(value, dict):
        return {name: without_helm(member) for name, member in value.items() if name not in _OF_HELM}
    return [without_helm(item) for item in value] if isinstance(value, list) else value


_OF_HELM = {
    "app.kubernetes.io/instance",
    "app.kubernetes.io/managed-by",
    "helm.sh/chart",
    "helm.sh/resource-policy",
}
