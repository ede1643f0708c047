"""The recorded vectors: what the real Go libraries answered, one JSON object a line.

They are checked in under `tests/events/languages/vectors/` and tested without Go.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).parents[1] / "events" / "languages" / "vectors"
Vector = dict[str, Any]


def read(language: str) -> list[Vector]:
    """The recorded vectors of one language."""
    lines = (VECTORS / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def write(language: str, vectors: Iterable[Vector]) -> int:
    """Write the vectors of one language anew; answers how many they are."""
    # ASCII only: what looks like a line break in a text would otherwise be one in the file.
    lines = [json.dumps(vector, ensure_ascii=True) + "\n" for vector in vectors]
    (VECTORS / f"{language}.jsonl").write_text("".join(lines), encoding="utf-8")
    return len(lines)
