"""Programs of people's resources, run in processes that can be killed.

    async with Sandbox() as sandbox:
        data = await sandbox.run(Task("jq", "transform", program), event.data, caller=sensor.uid)

A program may loop for ever or fill the memory; it costs its own Sensor an error and others nothing. The process has
no environment, can open no file and no socket, and ends with its parent. Modules: `child` (what runs there), `limits`
(what it may), `protocol` (what is said), `worker` (one process from outside), `pool` (who is served when), `check`
(whether a program can be read).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sensors.sandbox.check import Problem, check_program
    from sensors.sandbox.errors import (
        DeadlineExceeded,
        MemoryExceeded,
        SandboxBusy,
        SandboxError,
        SandboxUnavailable,
        ScriptFailed,
        WorkerCrashed,
    )
    from sensors.sandbox.pool import Sandbox
    from sensors.sandbox.protocol import Task
    from sensors.sandbox.settings import SandboxSettings

__all__ = [
    "DeadlineExceeded",
    "MemoryExceeded",
    "Problem",
    "Sandbox",
    "SandboxBusy",
    "SandboxError",
    "SandboxSettings",
    "SandboxUnavailable",
    "ScriptFailed",
    "Task",
    "WorkerCrashed",
    "check_program",
]

_MODULES = {
    "Problem": "check",
    "Sandbox": "pool",
    "SandboxSettings": "settings",
    "Task": "protocol",
    "check_program": "check",
}
"""Where the names are; all others are errors."""


def __getattr__(name: str) -> Any:
    """Load a module when it is asked for: a worker, which imports this package too, starts without the gateway's."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES.get(name, 'errors')}"), name)
