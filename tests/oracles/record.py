"""Write the recorded vectors: what the real Go libraries answer to many questions.

    python -m tests.oracles.record              all languages
    python -m tests.oracles.record gjson        one

They are checked in under `tests/events/languages/vectors/` and tested without Go. Run it again after a change of
a library's version or of the cases; a change in the files is a change of behaviour and wants a reason.
"""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from tests.oracles import json_cases
from tests.oracles.oracle import Oracle, pack, unpack

VECTORS = Path(__file__).parents[1] / "events" / "languages" / "vectors"
Vector = dict[str, Any]


def _gjson() -> Iterator[Vector]:
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


def _sjson() -> Iterator[Vector]:
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


LANGUAGES: dict[str, Callable[[], Iterator[Vector]]] = {"gjson": _gjson, "sjson": _sjson}


def read(language: str) -> list[Vector]:
    """The recorded vectors of one language."""
    lines = (VECTORS / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def main(names: list[str]) -> None:
    """Record the languages named, or all."""
    for name in names or LANGUAGES:
        vectors = list(LANGUAGES[name]())
        # ASCII only: what looks like a line break in a text would otherwise be one in the file.
        text = "".join(json.dumps(vector, ensure_ascii=True) + "\n" for vector in vectors)
        (VECTORS / f"{name}.jsonl").write_text(text, encoding="utf-8")
        sys.stdout.write(f"{name}: {len(vectors)} vectors\n")


if __name__ == "__main__":
    main(sys.argv[1:])
