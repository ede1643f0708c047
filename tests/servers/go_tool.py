"""Programs that the tests build from Go modules of their own, each once into a cache (`~/.cache/kikkake-tools`)."""

import hashlib
import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.servers.process import cache_folder

_BUILD = ("go", "build", "-mod=readonly", "-buildvcs=false", "-trimpath")
_BUILD_TIMEOUT_S = 1200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GoTool:
    """The program `package` of the module in `folder`, whose go.mod and go.sum say exactly what is built."""

    name: str
    folder: Path
    package: str
    ldflags: str = ""

    def find(self) -> Path | None:
        """Where it is, if it was built before."""
        return self._binary if self._binary.exists() else None

    def build(self) -> Path:
        """Build it unless the cache has it.

        Raises:
            subprocess.CalledProcessError: the build failed; its output is on standard error.
        """
        if self._binary.exists():
            return self._binary
        self._binary.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._binary.parent) as work:
            built = Path(work) / self.name
            subprocess.run(
                [*_BUILD, "-ldflags", self._flags, "-o", built, self.package],
                cwd=self.folder,
                env={
                    **os.environ,
                    "GOTOOLCHAIN": "local",
                    "GOWORK": "off",
                    "GOFLAGS": "",
                    "CGO_ENABLED": "0",
                },
                check=True,
                timeout=_BUILD_TIMEOUT_S,
            )
            built.replace(self._binary)  # several test processes may build at once; the last one wins
        return self._binary

    @property
    def _flags(self) -> str:
        return f"-s -w {self.ldflags}".strip()

    @property
    def _binary(self) -> Path:
        digest = hashlib.sha256(f"{self.package}\0{self._flags}".encode())
        for source in sorted(file for pattern in ("go.*", "*.go") for file in self.folder.glob(pattern)):
            digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
        return cache_folder("kikkake-tools") / f"{self.name}-{digest.hexdigest()[:16]}"


def required_version(folder: Path, module: str) -> str:
    """The version of `module` that the go.mod in `folder` asks for, such as `v1.2.3`."""
    found = re.search(
        rf"^\t?(?:require )?{re.escape(module)} (v\S+)", (folder / "go.mod").read_text(), re.MULTILINE
    )
    assert found, f"{folder / 'go.mod'} requires no {module}"
    return found[1]
