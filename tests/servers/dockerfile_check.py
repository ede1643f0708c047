"""BuildKit's own parser and linter for Containerfiles, as a small Go program."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.servers.go_tool import GoTool

CHECKER = GoTool(name="dockerfile", folder=Path(__file__).parent / "dockerfile", package=".")
_TIMEOUT_S = 60


class NotParsed(Exception):
    """BuildKit cannot read the file; the message is its own."""


def check(file: Path) -> dict[str, Any]:
    """`instructions` and `warnings` of a file; the program has to be built.

    Raises:
        NotParsed: a build would end at once.
    """
    binary = CHECKER.find()
    assert binary is not None, "the checker is not built: `make servers` does it"
    run = subprocess.run(
        [binary, file], capture_output=True, text=True, timeout=_TIMEOUT_S, check=False, env={}
    )
    if run.returncode:
        raise NotParsed(run.stderr.strip())
    answer: dict[str, Any] = json.loads(run.stdout)
    return answer
