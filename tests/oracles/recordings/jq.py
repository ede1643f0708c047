"""Programs of gojq 0.12.19, run as a Sensor's transform."""

from collections.abc import Iterator
from random import Random

from tests.oracles import cases_jq
from tests.oracles.oracle import Oracle, pack, unpack
from tests.oracles.vectors import Vector

GROWN = 2200


def vectors() -> Iterator[Vector]:
    """Program, data, and the new data or the stage at which it failed, and how."""
    random = Random("gojq 0.12.19")
    with Oracle("jq") as oracle:
        for program in cases_jq.programs():
            yield jq_vector(oracle, program, cases_jq.data(random))
        for _ in range(GROWN):
            vector = jq_vector(oracle, cases_jq.grown(random), cases_jq.data(random))
            if vector["stage"] != "time" and len(vector["result"] or "") < 800:
                yield vector


def jq_vector(oracle: Oracle, program: str, data: bytes) -> Vector:
    """Ask for one transformation."""
    answer = oracle.ask({"program": program, "data": pack(data)})
    if "panic" in answer:
        return {
            "program": program,
            "data": data.decode(),
            "stage": "panic",
            "error": answer["panic"],
            "result": None,
        }
    result = unpack(answer["result"]).decode() if answer["result"] is not None else None
    return {
        "program": program,
        "data": data.decode(),
        "stage": answer["stage"],
        "error": answer["error"],
        "result": result,
    }
