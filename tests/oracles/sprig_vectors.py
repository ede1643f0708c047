"""Asking the template oracle about one template, and rendering the same one here."""

from typing import Any

from tests.oracles.oracle import Oracle, pack, unpack
from tests.oracles.vectors import Vector


def sprig_vector(oracle: Oracle, text: str, data: Any) -> Vector:
    """Template, and what came out: `output` without an error, else the text of the `error`."""
    answer = oracle.ask({"name": "param", "text": pack(text.encode()), "data": data})
    assert "panic" not in answer, answer
    error = unpack(answer["error"]).decode("utf-8", "surrogateescape")
    if error:
        return {"text": text, "error": error}
    return {"text": text, "output": unpack(answer["output"]).decode("utf-8", "surrogateescape")}
