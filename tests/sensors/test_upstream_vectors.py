"""What Argo Events itself said of thousands of filters, transforms, parameters, objects, conditions and Sensors.

The vectors were recorded from its own functions (tests/oracles/upstream); what differs on purpose is listed in
docs/reference/differences/sensor.md, and no vector has it.
"""

import itertools
from collections.abc import AsyncIterator

import pytest

from sensors.sandbox import Sandbox
from tests.oracles.upstream.comparing import difference
from tests.oracles.upstream.vectors import KINDS, read

AT_LEAST = {
    "filters": 4000,
    "transforms": 1000,
    "parameters": 2500,
    "payloads": 500,
    "objects": 200,
    "conditions": 700,
    "validation": 700,
}
SHOWN = 5


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as running:
        yield running


@pytest.mark.parametrize("name", KINDS)
async def test_we_say_what_upstream_says(sandbox, name):
    compared, differences = 0, []
    for case, said in read(name):
        compared += 1
        if found := await difference(sandbox, case, said):
            differences.append(f"{found}\n  {case}")
    assert not differences, f"{len(differences)} differ:\n" + "\n".join(differences[:SHOWN])
    assert compared >= AT_LEAST[name]


@pytest.mark.parametrize("name", KINDS)
async def test_the_comparison_sees_a_difference(sandbox, name):
    """Other answers than upstream's would not be agreed with."""
    for case, said in itertools.islice(read(name), 0, None, 50):
        # Of a verdict, a document, a condition and a fault in turn.
        other = {"data": b'{"metadata":{}}'} if "error" in said else {"error": "something else"}
        assert await difference(sandbox, case, {"passed": True, "holds": True, **other})
