"""Scripts of gopher-lua 1.1.2, run as a Sensor's filter and as its transform."""

import re
from collections.abc import Iterator
from random import Random

from tests.oracles import cases_lua
from tests.oracles.oracle import Oracle, pack, unpack
from tests.oracles.vectors import Vector

GROWN = 500
_ADDRESS = re.compile("0x[0-9a-f]+")


def vectors() -> Iterator[Vector]:
    """Script, data, and what came of it or the stage at which it failed, and how."""
    random = Random("gopher-lua 1.1.2")
    with Oracle("lua") as oracle:
        for script in cases_lua.FILTERS.split("\n"):
            for _ in range(2):
                yield lua_vector(oracle, script, cases_lua.data(random), wants_table=False)
        for script in cases_lua.TRANSFORMS.split("\n"):
            for _ in range(3):
                yield lua_vector(oracle, script, cases_lua.data(random), wants_table=True)
        for _ in range(GROWN):
            yield lua_vector(
                oracle, cases_lua.grown_filter(random), cases_lua.data(random), wants_table=False
            )
            yield lua_vector(
                oracle, cases_lua.grown_transform(random), cases_lua.data(random), wants_table=True
            )


def lua_vector(oracle: Oracle, script: str, data: bytes, *, wants_table: bool) -> Vector:
    """Run one script."""
    answer = oracle.ask({"script": script, "data": pack(data), "transform": wants_table})
    if "panic" in answer:
        answer = {"stage": "panic", "error": answer["panic"], "result": None, "passed": False}
    return {
        "script": script,
        "data": data.decode(),
        "transform": wants_table,
        "stage": answer["stage"],
        "error": _ADDRESS.sub("0x0", answer["error"].partition("\nstack traceback")[0]),
        "passed": answer["passed"],
        "result": unpack(answer["result"]).decode() if answer["result"] is not None else None,
    }
