"""The EventSources and Sensors of a run, and what each Sensor wants, told apart from its YAML for the model.

Three kinds of source: `github` (signed pushes), `distribution` (a registry's notifications) and `kafka`. Five Sensors:
`push`, `image` and `order` make one ConfigMap an event, `notify` sends one HTTP request an event, and `release` makes
one ConfigMap for each complete `push && order`.

Edit n of a run rewrites the file with `push` and `release`: an odd one changes the filter of one dependency, an even
one only what the triggers write (`data.mark`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PORT = 12000
"""The port that the sources declare; `--port` moves it."""
GITHUB_SECRET = b"a secret of the crash tests"
REGISTRY_AUTHORIZATION = "Bearer a-token-of-the-crash-tests"

EDITED_FILE = "edited.yaml"
EDITED = ("push", "release")
HTTP_SENSOR = "notify"
JOIN_SENSOR = "release"

_API = "argoproj.io/v1alpha1"
_EVENT = {"github": "push", "distribution": "image", "kafka": "order"}
_KEY_PATH = {"github": "body.after", "distribution": "artifact.tags.0", "kafka": "body.key"}
_GROUP_PATH = {"github": "body.ref", "distribution": "artifact.repository", "kafka": "body.kind"}
_GROUP_TEXT = {"github": "refs/heads/{}", "distribution": "crash/{}", "kafka": "{}"}


@dataclass(frozen=True, slots=True)
class Want:
    """What passes one dependency: events of a source that are of one of these groups."""

    source: str
    groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rule:
    """One Sensor as of one edit; `wants` by dependency, in the order of the Sensor."""

    sensor: str
    mark: str
    wants: tuple[tuple[str, Want], ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run's resources point to."""

    namespace: str
    brokers: str
    topic: str
    sink_url: str


def rules_of(edit: int) -> dict[str, Rule]:
    """Every Sensor by name, as it is after edit number `edit` (0 = as it begins)."""
    mark = str(edit // 2)
    more = (edit + 1) // 2 % 2 == 1
    rules = (
        _rule("push", mark, push=_want("github", "main", more and "flip")),
        _rule("notify", "0", push=_want("github", "dev")),
        _rule("image", "0", image=_want("distribution", "app")),
        _rule("order", "0", order=_want("kafka", "paid")),
        _rule("release", mark, push=_want("github", "flip", more and "main"), order=_want("kafka", "open")),
    )
    return {rule.sensor: rule for rule in rules}


def write_resources(folder: Path, place: Place) -> None:
    """All files of a run as it begins; `folder` is made."""
    folder.mkdir(parents=True)
    rules = rules_of(0)
    fixed = [_sensor(rule, place) for name, rule in rules.items() if name not in EDITED]
    _write(folder / "sources.yaml", _sources(place))
    _write(folder / "fixed.yaml", fixed)
    write_edit(folder, place, 0)


def write_edit(folder: Path, place: Place, edit: int) -> None:
    """Put edit number `edit` in place of the one before, in one piece as editors save."""
    rules = rules_of(edit)
    _write(folder / EDITED_FILE, [_sensor(rules[name], place) for name in EDITED])


def write_secrets(folder: Path) -> None:
    """Files that stand in for the Secrets of the sources."""
    for name, key, value in (
        ("github", "secret", GITHUB_SECRET),
        ("registry", "authorization", REGISTRY_AUTHORIZATION.encode()),
    ):
        (folder / name).mkdir(parents=True)
        (folder / name / key).write_bytes(value)


def rule_of_text(text: bytes, known: list[dict[str, Rule]]) -> int:
    """The edit whose Sensor has this stored text. Raises LookupError: nobody wrote such a text."""
    resource = json.loads(text)
    name, spec = resource["metadata"]["name"], resource["spec"]
    for edit, rules in enumerate(known):
        if json.loads(json.dumps(_dependencies(rules[name]))) == spec["dependencies"] and (
            rules[name].mark == _mark_of(spec)
        ):
            return edit
    raise LookupError(f"Sensor {name} was never written as it is stored")


def _write(file: Path, documents: list[dict[str, Any]]) -> None:
    unfinished = file.with_suffix(".tmp")
    # JSON is YAML; several documents a file.
    unfinished.write_text("\n---\n".join(json.dumps(document, indent=1) for document in documents))
    unfinished.rename(file)


def _rule(sensor: str, mark: str, **wants: Want) -> Rule:
    return Rule(sensor, mark, tuple(wants.items()))


def _want(source: str, *groups: str | bool) -> Want:
    return Want(source, frozenset(group for group in groups if isinstance(group, str)))


def _sources(place: Place) -> list[dict[str, Any]]:
    port = str(PORT)
    specs: dict[str, dict[str, Any]] = {
        "github": {
            "repositories": [{"owner": "crash", "names": ["test"]}],
            "webhook": {"endpoint": "/github", "port": port, "method": "POST"},
            "events": ["push"],
            "webhookSecret": {"name": "github", "key": "secret"},
            "contentType": "json",
        },
        "distribution": {
            "webhook": {"endpoint": "/registry", "port": port},
            "authorizationSecret": {"name": "registry", "key": "authorization"},
        },
        "kafka": {
            "url": place.brokers,
            "topic": place.topic,
            "jsonBody": True,
            "consumerGroup": {"groupName": place.topic, "oldest": True},
        },
    }
    return [
        _resource("EventSource", kind, place, {kind: {_EVENT[kind]: spec}}) for kind, spec in specs.items()
    ]


def _sensor(rule: Rule, place: Place) -> dict[str, Any]:
    names = [name for name, _want in rule.wants]
    parameters = [
        {"src": {"dependencyName": name, "dataKey": _KEY_PATH[want.source]}, "dest": f"data.{name}"}
        for name, want in rule.wants
    ]
    template: dict[str, Any] = {"name": "make", "conditions": " && ".join(names)}
    if rule.sensor == HTTP_SENSOR:
        payload = [{**parameter, "dest": name} for parameter, name in zip(parameters, names, strict=True)]
        template["http"] = {"url": place.sink_url, "method": "POST", "payload": payload}
    else:
        template["k8s"] = {
            "operation": "create",
            "source": {"resource": _config_map(rule)},
            "parameters": parameters,
        }
    spec = {"dependencies": _dependencies(rule), "triggers": [{"template": template}]}
    return _resource("Sensor", rule.sensor, place, spec)


def _config_map(rule: Rule) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"generateName": f"{rule.sensor}-"},
        "data": {"sensor": rule.sensor, "mark": rule.mark},
    }


def _mark_of(spec: dict[str, Any]) -> str:
    template = spec["triggers"][0]["template"]
    if "k8s" not in template:
        return "0"
    mark: str = template["k8s"]["source"]["resource"]["data"]["mark"]
    return mark


def _dependencies(rule: Rule) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "eventSourceName": want.source,
            "eventName": _EVENT[want.source],
            "filters": {
                "data": [{"path": _GROUP_PATH[want.source], "type": "string", "value": [_pattern(want)]}]
            },
        }
        for name, want in rule.wants
    ]


def _pattern(want: Want) -> str:
    return f"^{_GROUP_TEXT[want.source].format('(' + '|'.join(sorted(want.groups)) + ')')}$"


def _resource(kind: str, name: str, place: Place, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": name, "namespace": place.namespace}
    return {"apiVersion": _API, "kind": kind, "metadata": metadata, "spec": spec}
