"""The EventSources and Sensors of a run, and what each Sensor wants, told apart from its YAML for the model.

Three kinds of source: `github` (signed pushes), `distribution` (a registry's notifications) and `kafka`. Sensors:
`push`, `image` and `order` make one ConfigMap an event, `notify` sends one HTTP request an event, and `release` makes
one ConfigMap for each complete `push && order`. Four wait in ways of their own (`ways.py`): `pair` for events of one
link, `quiet` until no more come, `pile` for a batch, and `minute` until a reset; `scripted` sees its events through jq
and Lua.

Edit n of a run rewrites the file with `push` and `release`: an odd one changes the filter of one dependency, an even
one only what the triggers write (`data.mark`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.crash.ways import LATE, MARK, SCRIPT, SIMPLE, TRANSFORM, WAYS, Way

PORT = 12000
"""The port that the sources declare; `--port` moves it."""
GITHUB_SECRET = b"a secret of the crash tests"
REGISTRY_AUTHORIZATION = "Bearer a-token-of-the-crash-tests"

EDITED_FILE = "edited.yaml"
EDITED = ("push", "release")
HTTP_SENSOR = "notify"
JOIN_SENSOR = "release"
SCRIPTED_SENSOR = "scripted"

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
    way: Way = SIMPLE


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
        _rule("pair", "0", push=_want("github", "pair"), order=_want("kafka", "pair")),
        _rule("quiet", "0", order=_want("kafka", "burst")),
        _rule("pile", "0", image=_want("distribution", "pile")),
        _rule("minute", "0", push=_want("github", "pair"), image=_want("distribution", "pile")),
        _rule(SCRIPTED_SENSOR, MARK, push=_want("github", "pair")),
    )
    return {rule.sensor: rule for rule in rules}


def fixed(place: Place) -> list[dict[str, Any]]:
    """The Sensors that no edit touches."""
    return [_sensor(rule, place) for name, rule in rules_of(0).items() if name not in EDITED]


def edited(edit: int, place: Place) -> list[dict[str, Any]]:
    """The Sensors that edits touch, as they are after edit number `edit`."""
    rules = rules_of(edit)
    return [_sensor(rules[name], place) for name in EDITED]


def write_resources(folder: Path, place: Place) -> None:
    """All files of a run as it begins; `folder` is made."""
    folder.mkdir(parents=True)
    _write(folder / "sources.yaml", sources(place))
    _write(folder / "fixed.yaml", fixed(place))
    write_edit(folder, place, 0)


def write_edit(folder: Path, place: Place, edit: int) -> None:
    """Put edit number `edit` in place of the one before, in one piece as editors save."""
    _write(folder / EDITED_FILE, edited(edit, place))


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
    return Rule(sensor, mark, tuple(wants.items()), WAYS.get(sensor, SIMPLE))


def _want(source: str, *groups: str | bool) -> Want:
    return Want(source, frozenset(group for group in groups if isinstance(group, str)))


def sources(place: Place) -> list[dict[str, Any]]:
    """The EventSources."""
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
    template: dict[str, Any] = {"name": "make", "conditions": " && ".join(names), **rule.way.template()}
    if rule.sensor == HTTP_SENSOR:
        payload = [
            {**parameter, "dest": name} for parameter, name in zip(_parameters(rule), names, strict=True)
        ]
        template["http"] = {"url": place.sink_url, "method": "POST", "payload": payload}
    else:
        template["k8s"] = _create(rule, rule.sensor)
    triggers = [{"template": template}]
    if rule.way.within_s is not None:
        triggers.append({"template": {"name": LATE, "k8s": _create(rule, LATE)}})
    return _resource(
        "Sensor", rule.sensor, place, {"dependencies": _dependencies(rule), "triggers": triggers}
    )


def _create(rule: Rule, made_by: str) -> dict[str, Any]:
    return {
        "operation": "create",
        "source": {"resource": _config_map(rule, made_by)},
        "parameters": _parameters(rule),
    }


def _parameters(rule: Rule) -> list[dict[str, Any]]:
    """The key of each event, or a list of keys where a Sensor collects; what is missing is left out."""
    parameters = []
    for name, want in rule.wants:
        source: dict[str, Any] = {"dependencyName": name, "dataKey": _KEY_PATH[want.source]}
        parameters.append(
            {"src": {**source, "all": True} if rule.way.holds_all else source, "dest": f"data.{name}"}
        )
    if rule.sensor == SCRIPTED_SENSOR:
        parameters.append({"src": {"dependencyName": "push", "dataKey": "body.mark"}, "dest": "data.mark"})
    return parameters


def _config_map(rule: Rule, made_by: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"generateName": f"{made_by}-"},
        # The mark of `scripted` comes out of its transform.
        "data": {"sensor": made_by, "mark": "" if rule.sensor == SCRIPTED_SENSOR else rule.mark},
    }


def _mark_of(spec: dict[str, Any]) -> str:
    template = spec["triggers"][0]["template"]
    if "k8s" not in template:
        return "0"
    mark: str = template["k8s"]["source"]["resource"]["data"]["mark"]
    return mark or MARK


def _dependencies(rule: Rule) -> list[dict[str, Any]]:
    return [
        {"name": name, "eventSourceName": want.source, "eventName": _EVENT[want.source], **_tests(rule, want)}
        for name, want in rule.wants
    ]


def _tests(rule: Rule, want: Want) -> dict[str, Any]:
    """What an event has to pass."""
    if rule.sensor == SCRIPTED_SENSOR:
        return {"transform": {"jq": TRANSFORM}, "filters": {"script": SCRIPT}}
    return {
        "filters": {"data": [{"path": _GROUP_PATH[want.source], "type": "string", "value": [_pattern(want)]}]}
    }


def _pattern(want: Want) -> str:
    return f"^{_GROUP_TEXT[want.source].format('(' + '|'.join(sorted(want.groups)) + ')')}$"


def _resource(kind: str, name: str, place: Place, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": name, "namespace": place.namespace}
    return {"apiVersion": _API, "kind": kind, "metadata": metadata, "spec": spec}
