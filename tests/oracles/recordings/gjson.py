"""Paths of gjson 1.19."""

from collections.abc import Iterator
from random import Random

from tests.oracles import json_cases
from tests.oracles.oracle import Oracle, pack, unpack
from tests.oracles.vectors import Vector


def vectors() -> Iterator[Vector]:
    """Document, path, and what was found. Of the generated paths that find nothing, one in twenty is kept."""
    random = Random("gjson 1.19")
    with Oracle("gjson") as oracle:
        for document, path in json_cases.LOOKUPS:
            yield gjson_vector(oracle, document, path)
        for _ in range(6000):
            vector = gjson_vector(oracle, json_cases.container(random, 3), json_cases.path(random))
            if vector["exists"] or random.random() < 0.05:
                yield vector


def gjson_vector(oracle: Oracle, document: str, path: str) -> Vector:
    """Ask for one path."""
    answer = oracle.ask({"document": pack(document.encode()), "path": pack(path.encode())})
    return {
        "document": document,
        "path": path,
        "exists": answer["exists"],
        "kind": answer["kind"],
        "raw": unpack(answer["raw"]).decode(),
        "text": unpack(answer["text"]).decode("utf-8", "surrogateescape"),
        "truth": answer["truth"],
        "value": answer["value"],
        "index": answer["index"],
        "indexes": answer["indexes"] or [],
        "valid": answer["valid"],
    }
