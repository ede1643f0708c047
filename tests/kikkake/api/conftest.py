"""A process with its two listeners on free ports."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from events.metrics import Metrics
from kikkake.api.listener import Listener
from kikkake.api.server import admin_listener, observability_listener
from tests.kikkake.api.process import Process, call, running_process


@pytest.fixture
async def process(tmp_path: Path) -> AsyncIterator[Process]:
    async with running_process(tmp_path / "data") as running:
        yield running


@pytest.fixture
async def admin(process: Process) -> AsyncIterator[Listener]:
    listener = admin_listener(process, host="127.0.0.1", port=0)
    await listener.start()
    yield listener
    await listener.stop()


@pytest.fixture
async def observability(process: Process) -> AsyncIterator[Listener]:
    listener = observability_listener(process, Metrics().registry, host="127.0.0.1", port=0)
    await listener.start()
    yield listener
    await listener.stop()


@pytest.fixture
def ask(admin: Listener):
    """Ask the admin API from another thread, as another process would."""

    async def asking(method, path, body=None, headers=None):
        return await asyncio.to_thread(call, admin.port, method, f"/api/v1/{path}", body, headers)

    return asking
