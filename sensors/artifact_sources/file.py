"""file: a file of the gateway's own disk (spec-sensors 8), below the folder that the operator names and nowhere else.

Upstream reads any file of the Sensor's own pod; here many tenants share one gateway, whose disk is not theirs
(spec: security). Links are followed as long as they stay below the folder: Kubernetes mounts volumes with links.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from sensors.artifact_source import (
    ArtifactSource,
    ArtifactUnavailable,
    ArtifactUnusable,
    LocationFault,
    Reach,
)
from sensors.artifact_spec import FileLocation
from sensors.blocking import Cutoff, Workers


class File(ArtifactSource[FileLocation]):
    """The content of the file; a relative path begins at the folder."""

    kind: ClassVar[str] = "file"

    def __init__(self) -> None:
        self._workers = Workers("artifact-file", 2)

    @classmethod
    def faults(cls, member: FileLocation) -> Iterator[LocationFault]:
        if not member.path:
            yield LocationFault(("path",), "is missing", "give the path of the file")
        elif "\0" in member.path:
            yield LocationFault(("path",), "is no path", "remove the NUL byte")

    async def read(self, member: FileLocation, reach: Reach) -> bytes:
        folder = reach.files
        if folder is None:
            raise ArtifactUnusable(
                "files of the gateway's disk are not read: its operator names no folder for them. "
                "Use `configmap`, `url`, `git` or `inline`"
            )

        def read(_cutoff: Cutoff) -> bytes:
            return _read(folder, member.path, reach.max_bytes + 1)

        try:
            return await self._workers.run(read, reach.timeout_s)
        except TimeoutError as error:
            raise ArtifactUnavailable(f"was not read within {reach.timeout_s:g} s") from error

    async def close(self) -> None:
        self._workers.close()


def _read(folder: Path, path: str, most: int) -> bytes:
    root = Path(os.path.realpath(folder))
    real = Path(os.path.realpath(root / path))
    if not real.is_relative_to(root):
        raise ArtifactUnusable("leads out of the folder that the gateway's operator names for files")
    try:
        # Not blocking, so that a pipe cannot hold the thread; not through a link that was put there meanwhile.
        descriptor = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ArtifactUnavailable(f"cannot be read: {error.strerror}") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ArtifactUnusable("is no regular file")
        with open(descriptor, "rb", closefd=False) as opened:
            return opened.read(most)
    finally:
        os.close(descriptor)
