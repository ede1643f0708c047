"""The command that calls Argo Events' own functions, built when it is first needed.

Its module is large (a gigabyte of sources, four minutes for the first build), so that nothing but a person starts it:
the tests read what it said (`record.py`).
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.oracles.oracle import Oracle, pack, unpack
from tests.oracles.upstream.events import Case
from tests.servers.process import cache_folder

MODULE = Path(__file__).parent
BUILD_TIMEOUT_S = 1800.0


def build() -> Path:
    """Build the command unless the cache has it; answers where it is."""
    digest = hashlib.sha256()
    for source in sorted(each for name in ("go.*", "*.go", "*.s") for each in MODULE.glob(name)):
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    binary = cache_folder("kikkake-oracles") / f"upstream-{digest.hexdigest()[:16]}"
    if not binary.exists():
        binary.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["go", "build", "-mod=readonly", "-buildvcs=false", "-trimpath", "-o", binary, "."],
            cwd=MODULE,
            env={**os.environ, "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": "", "CGO_ENABLED": "0"},
            check=True,
            timeout=BUILD_TIMEOUT_S,
        )
    return binary


class Upstream(Oracle):
    """The running command. It has no environment: a template of upstream's may read that."""

    def __init__(self) -> None:
        super().__init__("upstream", build(), environment={"TZ": "UTC"})

    def say(self, case: Case) -> dict[str, Any]:
        """What upstream says of a case: `passed` or `data` (bytes or None) or `error` or `panic`."""
        answer = self.ask(_packed(case))
        if "data" in answer:
            answer["data"] = unpack(answer["data"])
        return answer


def _packed(case: Case) -> Case:
    packed = dict(case)
    if "event" in case:
        packed["event"] = _event(case["event"])
    if "events" in case:
        packed["events"] = {name: _event(each) for name, each in case["events"].items()}
    if "document" in case:
        packed["document"] = pack(case["document"])
    return packed


def _event(event: Case) -> Case:
    return {**event, "data": None if event["data"] is None else pack(event["data"])}
