"""Writing of sjson 1.2.5."""

from collections.abc import Iterator
from random import Random

from tests.oracles import json_cases
from tests.oracles.oracle import Oracle, pack, unpack
from tests.oracles.vectors import Vector


def vectors() -> Iterator[Vector]:
    """Document, path, what is written, and the document that results, or the error."""
    random = Random("sjson 1.2.5")
    with Oracle("sjson") as oracle:
        for document, path, text in json_cases.WRITES:
            yield sjson_vector(oracle, document, path, {"text": text})
        for _ in range(900):
            document = json_cases.container(random, 3)
            path = json_cases.writable_path(random)
            if random.random() < 0.4:
                written = {"raw": json_cases.raw_value(random)}
            else:
                written = {"text": json_cases.text_value(random)}
            vector = sjson_vector(oracle, document, path, written)
            if "panic" not in vector:
                yield vector


def sjson_vector(oracle: Oracle, document: str, path: str, written: dict[str, str]) -> Vector:
    """Write one value: `written` is {"text": ...} or {"raw": ...}."""
    packed = {name: pack(value.encode()) for name, value in written.items()}
    answer = oracle.ask({"document": pack(document.encode()), "path": pack(path.encode()), **packed})
    if "panic" in answer:
        return {"document": document, "path": path, **written, "panic": answer["panic"]}
    after = unpack(answer["document"]).decode()
    return {"document": document, "path": path, **written, "after": after, "error": answer["error"]}
