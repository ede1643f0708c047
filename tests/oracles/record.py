"""Write the recorded vectors: what the real Go libraries answer to many questions.

    python -m tests.oracles.record              all languages
    python -m tests.oracles.record gjson        one

Argo Events itself is another module, with a command of its own: see upstream/README.md.
A language is a module in `recordings/` with a function `vectors()`. Run it again after a change of a library's version
or of the cases; a change in the files is a change of behaviour and wants a reason.
"""

import importlib
import sys
from pathlib import Path

from tests.oracles.vectors import write

RECORDINGS = Path(__file__).parent / "recordings"


def main(names: list[str]) -> None:
    """Record the languages named, or all."""
    for name in names or sorted(file.stem for file in RECORDINGS.glob("[a-z]*.py")):
        recording = importlib.import_module(f"tests.oracles.recordings.{name}")
        sys.stdout.write(f"{name}: {write(name, recording.vectors())} vectors\n")


if __name__ == "__main__":
    main(sys.argv[1:])
