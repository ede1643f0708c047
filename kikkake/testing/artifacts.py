"""What URL, git, S3 and file sources give in a test: what the document says, and never the network or the disk.

The names are those of `sensors.artifact_location`: the URL, `s3://BUCKET/KEY`, `REPOSITORY//FILE` (with `?ref=NAME`
for one branch, tag, reference or commit alone), `file:PATH`. A ConfigMap source reads the document's `configMaps`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sensors.artifact_location import location_name
from sensors.artifact_source import ARTIFACT_SOURCES, ArtifactSource, ArtifactUnusable, Reach
from sensors.artifact_spec import ArtifactLocation, FileLocation, GitLocation

_NOT_GIVEN = "the test gives no `{name}`: add it to `artifacts`"


class Artifacts:
    """The artifacts of one case, by name; None stands for one that cannot be had."""

    def __init__(
        self, given: Mapping[str, bytes | None], *, fetches: bool = False, otherwise: str = _NOT_GIVEN
    ) -> None:
        """With `fetches` what is not given is really fetched; `otherwise` is what is said in place of that."""
        self._given = given
        self._otherwise = otherwise
        self.fetches = fetches
        self.missing: dict[str, None] = {}
        """What was asked for and is not given, in order."""

    def source(self, kind: str) -> ArtifactSource[object]:
        """The source of a kind, for `PlannedRenderer`."""
        real: ArtifactSource[object] = ARTIFACT_SOURCES.get(kind)()
        return real if kind == "configmap" else _Given(self, kind, real)

    def find(self, kind: str, member: object) -> bytes | None:
        """What is given, or None where it is to be fetched. Raises ArtifactUnusable: it cannot be had."""
        names = artifact_names(kind, member)
        for name in names:
            if name in self._given:
                found = self._given[name]
                if found is None:
                    raise ArtifactUnusable(f"the test says that `{name}` cannot be had")
                return found
        if self.fetches:
            return None
        self.missing[names[-1]] = None
        raise ArtifactUnusable(self._otherwise.format(name=names[-1]))


def artifact_names(kind: str, member: object) -> list[str]:
    """What a test may call it by, the most exact first."""
    location = ArtifactLocation.model_validate({kind: member})
    name = location_name(location)
    match member:
        case GitLocation():
            reference = member.ref or member.tag or member.branch or "master"
            return [f"{name}?ref={reference}", name]
        case FileLocation():
            return [f"file:{member.path}"]
        case _:
            return [name]


class _Given(ArtifactSource[object]):
    """In place of the real source of a kind, whose rules about locations it keeps."""

    def __init__(self, artifacts: Artifacts, kind: str, real: ArtifactSource[object]) -> None:
        self.kind = kind  # type: ignore[misc]  # a twin is of the kind that it stands for
        self._artifacts = artifacts
        self._real = real

    async def read(self, member: object, reach: Reach) -> bytes:
        for fault in type(self._real).faults(member):
            raise ArtifactUnusable(f"{'.'.join(fault.member)} {fault.what}; {fault.fix}")
        found = self._artifacts.find(self.kind, member)
        if found is not None:
            return found
        # The twin of HTTP receivers is for triggers: what is fetched comes from the network.
        return await self._real.read(member, replace(reach, exchange=None))

    async def close(self) -> None:
        await self._real.close()
