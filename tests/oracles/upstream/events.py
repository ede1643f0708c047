"""Events for the comparison with Argo Events: deliveries of senders that people have, and what goes wrong with them.

The shapes are those of real senders; every value is made up here.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from random import Random
from typing import Any

Case = dict[str, Any]
Pick = Callable[[Random], Case]
"""Gives an event."""

_GITHUB = {
    "headers": {"X-GitHub-Event": ["push"], "X-Hook.Id": ["42"], "Content-Type": ["application/json"]},
    "body": {
        "ref": "refs/heads/main",
        "before": "0" * 40,
        "after": "9f1c2e",
        "created": False,
        "forced": True,
        "base_ref": None,
        "repository": {"id": 9007199254740993, "full_name": "acme/shop", "private": False, "topics": []},
        "commits": [
            {
                "id": "9f1c2e",
                "message": 'Fix <b>cart</b> & "checkout"',
                "added": ["a.go", "b c.go"],
                "distinct": True,
            },
            {"id": "77aa01", "message": "Größe \u2028 tab\tend", "added": [], "distinct": False},
        ],
        "pusher": {"name": "Zoë", "email": "zoe@example.org"},
    },
}
_HARBOR = {
    "type": "PUSH_ARTIFACT",
    "occur_at": 1716000000,
    "operator": "robot$ci+build",
    "event_data": {
        "resources": [
            {
                "digest": "sha256:aa11",
                "tag": "1.10.0",
                "resource_url": "hub.example.org/shop/web:1.10.0",
                "size": 1.5e6,
            },
            {
                "digest": "sha256:bb22",
                "tag": "",
                "resource_url": "hub.example.org/shop/web@sha256:bb22",
                "size": 0,
            },
        ],
        "repository": {
            "name": "web",
            "namespace": "shop",
            "repo_full_name": "shop/web",
            "repo_type": "private",
        },
        "custom_attributes": None,
    },
}
_ALERTS = {
    "status": "firing",
    "groupKey": '{}:{alertname="Down"}',
    "truncatedAlerts": 0,
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "Down", "severity": "critical", "instance": "a:9100"},
            "value": "12.50",
        },
        {"status": "resolved", "labels": {"alertname": "Slow", "severity": "warning"}, "value": "-3e2"},
    ],
    "commonLabels": {"app.kubernetes.io/name": "shop", "team-a": "core", "0": "zero"},
}
_OBJECT_STORE = {
    "EventName": "s3:ObjectCreated:Put",
    "Key": "in/2024/05/report+final.csv",
    "Records": [
        {
            "eventVersion": "2.0",
            "s3": {
                "bucket": {"name": "in", "arn": "arn:aws:s3:::in"},
                "object": {
                    "key": "2024%2Freport.csv",
                    "size": 10240,
                    "userMetadata": {"content-type": "text/csv"},
                },
            },
            "eventTime": "2024-05-14T16:36:34.123Z",
        }
    ],
}
_MERGE = {
    "object_kind": "merge_request",
    "user": {"username": "kai", "active": "true", "age": "41"},
    "project": {"id": 15, "path_with_namespace": "group/sub/app", "visibility_level": 20},
    "object_attributes": {
        "iid": 7,
        "draft": "False",
        "state": "opened",
        "action": "update",
        "score": -0.5,
        "labels": [{"title": "ci"}, {"title": "deploy::prod"}],
        "last_commit": {"id": "da39a3", "author": {"name": "Kai O'Hara", "email": ""}},
        "matrix": [[1, 2], [3, [4]], []],
    },
}
_RECORD = {
    "topic": "orders",
    "partition": 3,
    "offset": 18446744073709551615,
    "key": "YWJj",
    "body": '{"order": {"id": 5, "items": [1, 2]}}',
    "ratio": 0.1,
    "tiny": 1e-7,
    "huge": 1e21,
    "empty": "",
    "zero": 0,
    "flags": {"t": True, "f": False, "n": None, "list": [True, None, "x", 2.0]},
}
_CLOCK = {"eventTime": "2024-05-14 16:36:34.5 +0000 UTC", "userPayload": "eyJhIjoxfQ==", "n": 1000000}
_PIPELINE = {
    "pipeline": {
        "name": "build-42",
        "status": "Succeeded",
        "startedAt": "2024-05-14T16:00:00Z",
        "finishedAt": None,
    },
    "outputs": {"image": "hub.example.org/shop/web", "tags": ["1.10.0", "latest"], "exitCode": "0"},
    "attempts": [1, 2, 3],
    "matrix": {"linux/amd64": {"ok": True}, "linux/arm64": {"ok": False}},
}
_ODD_TEXTS = (
    b'{"a" : 1.50 ,"b":[ 1 , 2 ], "a":2, "c" : "\\u00e9\\/\\n", "d":{ "e" : -0.50 } }',
    b'{"a":{"b":{"c":{"d":[{"e":1},{"e":"2"},{"e":null},{"f":3}]}}},"":"empty","x.y":{"z|w":"piped"},"#":"hash"}',
    b'[{"name":"first","n":1},{"name":"second","n":2.5},[],null,"text"]',
    b"null",
    b"true",
    b"17",
    b'"just a text"',
    b"",
    b"{",
    b"{'a': 1}",
    b"a: 1\nb: [x, z, yes]\nref: refs/heads/main\n",
    b'{"a":1}{"a":2}',
    b'\n {"body":{"ref":"refs/tags/v1.2.3","n":01}}',
    b'{"s":"\\ud800","t":"\\udc00x"}',
)
DOCUMENTS: tuple[Any, ...] = (
    _GITHUB,
    _HARBOR,
    _ALERTS,
    _OBJECT_STORE,
    _MERGE,
    _RECORD,
    _CLOCK,
    _PIPELINE,
)
"""Payloads that are objects."""

_TIMES = (
    "2024-05-14T16:36:34Z",
    "2024-05-14T23:59:59.999999Z",
    "2024-03-31T01:30:00Z",
    "2024-11-03T05:59:00Z",
    "",
)
_LEAVES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    7,
    3.25,
    1e6,
    123456789012345678,
    "",
    "x",
    "true",
    "0",
    "12",
    "né<&>",
    [],
    {},
    [1],
)


def fixed_events() -> list[Case]:
    """One event of each kind; those of no JSON last."""
    texts = [json.dumps(each, ensure_ascii=index % 2 == 0).encode() for index, each in enumerate(DOCUMENTS)]
    made = [_event(f"e{index}", text, index) for index, text in enumerate([*texts, *_ODD_TEXTS])]
    return [
        *made,
        {**made[0], "id": "no-data", "data": None},
        {**made[0], "id": "no-time", "time": "", "subject": ""},
        {**made[0], "id": "yaml", "datacontenttype": "application/yaml", "data": _ODD_TEXTS[10]},
        {**made[0], "id": "<&>\u2028", "source": 's"\\', "type": "Größe"},
    ]


def random_event(random: Random) -> Case:
    """A delivery in which some values are not what they were."""
    if random.random() < 0.06:
        return random.choice(fixed_events())
    document = json.loads(json.dumps(random.choice(DOCUMENTS)))
    for _ in range(random.randrange(4)):
        _change(random, document)
    text = json.dumps(
        document, ensure_ascii=random.random() < 0.5, separators=random.choice([(",", ":"), (", ", ": ")])
    )
    return _event(f"r{random.randrange(10**6)}", text.encode(), random.randrange(len(_TIMES)))


def _event(name: str, data: bytes, index: int) -> Case:
    return {
        "id": name,
        "source": ("https://github.com/acme/shop", "harbor")[index % 2],
        "type": ("webhook", "github")[index % 2],
        "subject": ("push", "example")[index % 3 % 2],
        "time": _TIMES[index % len(_TIMES)],
        "datacontenttype": "application/json",
        "data": data,
    }


def _change(random: Random, document: Any) -> None:
    """Replace, remove or add one value somewhere."""
    container = document
    while True:
        inner = [
            each
            for each in (container.values() if isinstance(container, dict) else container)
            if isinstance(each, dict | list)
        ]
        if not inner or random.random() < 0.3:
            break
        container = random.choice(inner)
    if isinstance(container, list):
        if container and random.random() < 0.7:
            container[random.randrange(len(container))] = _leaf(random)
        else:
            container.append(_leaf(random))
    elif container and random.random() < 0.8:
        name = random.choice(list(container))
        if random.random() < 0.25:
            del container[name]
        else:
            container[name] = _leaf(random)
    else:
        container["extra"] = _leaf(random)


def _leaf(random: Random) -> Any:
    return copy.copy(random.choice(_LEAVES))
