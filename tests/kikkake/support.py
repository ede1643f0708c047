"""What tests of the gateway's own modules share: resources in files, and a gateway of this process on free ports."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from kikkake.compose import Gateway
from kikkake.settings import ListenSettings, RunSettings

SOURCE = """\
apiVersion: argoproj.io/v1alpha1
kind: EventSource
metadata: {name: hook}
spec:
  webhook:
    deploy: {endpoint: /deploy, port: "12000", method: POST}
"""

SENSOR = """\
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {name: build}
spec:
  dependencies:
  - {name: deploy, eventSourceName: hook, eventName: deploy}
  triggers:
  - template: {name: note, log: {}}
"""

BROKEN = SENSOR.replace("dependencies:", "dependencys:")


def write(folder: Path, **texts: str) -> None:
    """`name="text"` becomes the file `name.yaml`; an empty text removes it."""
    for name, text in texts.items():
        file = folder / f"{name}.yaml"
        if text:
            file.write_text(text, encoding="utf-8")
        else:
            file.unlink()


def settings(folder: Path, **more: Any) -> RunSettings:
    """A dry run on `folder`, with its store beside the files, every listener on a free port, and no watching."""
    defaults: dict[str, Any] = {
        "paths": (str(folder),),
        "data": folder / "data",
        "cluster": None,
        "listen": ListenSettings(ports={12000: 0}, metrics_port=0, admin_port=0),
        "watch": False,
    }
    return RunSettings(**{**defaults, **more})


@asynccontextmanager
async def running(folder: Path, told: list[str] | None = None, **more: Any) -> AsyncIterator[Gateway]:
    """A gateway that serves; what it tells a person goes to `told`."""
    gateway = Gateway(settings(folder, **more), (told if told is not None else []).append)
    await gateway.start()
    try:
        yield gateway
    finally:
        await gateway.stop()
