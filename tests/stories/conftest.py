"""What every story has: a gateway that is not started yet, and servers in a thread beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.background import Background
from tests.stories.process import Kikkake


@pytest.fixture
def kikkake(tmp_path: Path) -> Iterator[Kikkake]:
    """No story may end with a traceback or an error of ours, whatever was done to the process."""
    gateway = Kikkake(tmp_path)
    yield gateway
    gateway.kill()
    if gateway.log.exists():
        said = gateway.said()
        for word in ("Traceback", "traceback=", '"traceback"', "internal error", "never retrieved"):
            assert word not in said, said[-4000:]


@pytest.fixture
def background() -> Iterator[Background]:
    found = Background()
    yield found
    found.close()
