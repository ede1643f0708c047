"""The commands as a person types them, against a process that really listens."""

import asyncio

import pytest
from click.testing import CliRunner

from kikkake.cli.main import main
from tests.kikkake.api.conftest import admin, process

__all__ = ["admin", "process"]


@pytest.fixture
def kikkake(admin, tmp_path, monkeypatch):
    """Run a command in an empty folder, in another thread, since the process lives in this one."""
    monkeypatch.chdir(tmp_path)

    async def run(*arguments, **more):
        env = {"KIKKAKE_SERVER": admin.url}
        return await asyncio.to_thread(CliRunner(env=env).invoke, main, list(arguments), **more)

    return run
