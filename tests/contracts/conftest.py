"""Fixtures of the contract suites."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contracts.buses import ENGINES, Engine


@pytest.fixture(params=ENGINES)
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Engine]:
    """A store of each engine of the bus."""
    engine = ENGINES[request.param](tmp_path)
    yield engine
    await engine.stop()
