"""The fixture of a real Go library: one process of each a run.

    cron_oracle = oracle_fixture("cron")

in a test module or a conftest; without Go its tests are skipped with the reason.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import require
from tests.oracles.oracle import Oracle


def oracle_fixture(command: str) -> Any:
    """A session's fixture that gives the running command."""

    @pytest.fixture(scope="session", name=f"{command}_oracle")
    def oracle() -> Iterator[Oracle]:
        require("oracle")
        with Oracle(command) as running:
            yield running

    return oracle
