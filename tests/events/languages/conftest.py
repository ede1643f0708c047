"""The real Go libraries, one process of each a run."""

from collections.abc import Iterator

import pytest

from tests.conftest import require
from tests.oracles.oracle import Oracle


@pytest.fixture(scope="session")
def gjson_oracle() -> Iterator[Oracle]:
    require("oracle")
    with Oracle("gjson") as oracle:
        yield oracle


@pytest.fixture(scope="session")
def sjson_oracle() -> Iterator[Oracle]:
    require("oracle")
    with Oracle("sjson") as oracle:
        yield oracle


@pytest.fixture(scope="session")
def strconv_oracle() -> Iterator[Oracle]:
    require("oracle")
    with Oracle("strconv") as oracle:
        yield oracle
