"""The resources that Argo Events publishes: its module's examples and end-to-end tests, by `go mod download`."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from events.resource import read_documents
from tests.servers.kube_reader import Object

_MODULE = Path(__file__).parents[1] / "oracles" / "upstream"
_KINDS = ("EventSource", "Sensor", "EventBus")


def upstream_examples() -> dict[str, Object]:
    """Every EventSource, Sensor and EventBus, by file and position.

    Raises:
        subprocess.CalledProcessError: the module is not there and cannot be fetched.
    """
    run = subprocess.run(
        ["go", "mod", "download", "-json", "github.com/argoproj/argo-events"],
        cwd=_MODULE,
        env={**os.environ, "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": "-mod=mod"},
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    folder = Path(json.loads(run.stdout)["Dir"])
    return {
        f"{file.relative_to(folder)}:{number}": dict(document.value)
        for part in ("examples", "test")
        for file in sorted((folder / part).rglob("*.yaml"))
        for number, document in enumerate(read_documents(file.read_text(encoding="utf-8"), file.name)[0])
        if document.kind in _KINDS
    }
