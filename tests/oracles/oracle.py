"""The real Go libraries behind pipes: what they answer is what our languages must answer.

    with Oracle("gjson") as gjson:
        answer = gjson.ask({"document": pack(b'{"a":1}'), "path": pack(b"a")})

Each folder below `cmd/` is one command; a request is one JSON line, so is its answer. Commands are built once
into a cache (`~/.cache/kikkake-oracles`), named by a hash of the module.
"""

import base64
import hashlib
import json
import os
import queue
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Any, Self

from tests.servers.process import cache_folder

MODULE = Path(__file__).parent
ANSWER_TIMEOUT_S = 20.0
"""A library that hangs fails the test that asked it."""
BUILD_TIMEOUT_S = 600.0


def pack(raw: bytes) -> str:
    """Bytes as Go's encoding/json carries a []byte."""
    return base64.b64encode(raw).decode()


def unpack(packed: str | None) -> bytes:
    """The reverse of `pack`; a nil slice is empty."""
    return base64.b64decode(packed or "")


def build(command: str) -> Path:
    """Build `cmd/COMMAND` unless the cache has it; answers where it is."""
    code = sorted(file for part in ("cmd", "pipe") for file in (MODULE / part).rglob("*.go"))
    sources = [MODULE / "go.mod", MODULE / "go.sum", *code]
    digest = hashlib.sha256()
    for source in sources:
        digest.update(source.relative_to(MODULE).as_posix().encode() + b"\0" + source.read_bytes() + b"\0")
    folder = cache_folder("kikkake-oracles") / digest.hexdigest()[:16]
    binary = folder / command
    if binary.exists():
        return binary
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        built = Path(work) / command
        subprocess.run(
            ["go", "build", "-mod=readonly", "-buildvcs=false", "-trimpath", "-o", built, f"./cmd/{command}"],
            cwd=MODULE,
            env={**os.environ, "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": "", "CGO_ENABLED": "0"},
            check=True,
            timeout=BUILD_TIMEOUT_S,
        )
        built.replace(binary)  # several test processes may build at once; the last one wins
    return binary


class Oracle:
    """One running command: `cmd/COMMAND`, or a binary that somebody else has built."""

    def __init__(
        self, command: str, binary: Path | None = None, *, environment: dict[str, str] | None = None
    ) -> None:
        self._command = command
        self._process = subprocess.Popen(
            [binary or build(command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, name=f"oracle:{command}", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put(b"")

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to one request; one that panicked inside the library is `{"panic": reason}`."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        try:
            line = self._answers.get(timeout=ANSWER_TIMEOUT_S)
        except queue.Empty:
            self._process.kill()
            raise TimeoutError(f"{self._command} did not answer in {ANSWER_TIMEOUT_S} s: {request}") from None
        assert line, f"{self._command} ended: {request}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the command."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=ANSWER_TIMEOUT_S)
        self._reader.join()
        self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
