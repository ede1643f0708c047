"""What a location says of itself: which source counts, what is wrong with it, what a test file calls it. Pure."""

from __future__ import annotations

from sensors.artifact_source import ARTIFACT_SOURCES, LocationFault
from sensors.artifact_spec import ArtifactLocation, GitLocation, S3Location, UrlLocation


def chosen_kind(location: ArtifactLocation) -> str | None:
    """The kind that counts: of several members the first in upstream's order; None where none is given."""
    return next((name for name in type(location).model_fields if getattr(location, name) is not None), None)


def location_faults(location: ArtifactLocation) -> list[LocationFault]:
    """What is missing or refused in the location, as far as it can be said without fetching; members below `source`."""
    kind = chosen_kind(location)
    if kind is None:
        return [LocationFault((), "holds no object", f"give one of {', '.join(ARTIFACT_SOURCES.names())}")]
    source = ARTIFACT_SOURCES.get(kind)
    return [fault._replace(member=(kind, *fault.member)) for fault in source.faults(getattr(location, kind))]


def location_name(location: ArtifactLocation) -> str:
    """What a test file calls the artifact by: the URL, `s3://BUCKET/KEY`, or `GIT-URL//FILE`; else the kind."""
    kind = chosen_kind(location)
    member = getattr(location, kind) if kind is not None else None
    match member:
        case UrlLocation():
            return member.path
        case S3Location(bucket=bucket):
            return "s3://" if bucket is None else f"s3://{bucket.name}/{bucket.key}"
        case GitLocation():
            return f"{member.url}//{member.file_path.lstrip('/')}"
        case _:
            return kind or ""
