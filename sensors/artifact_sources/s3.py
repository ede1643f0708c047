"""s3: an object in S3, or in what speaks like it (spec-sensors 8). Needs the extra `s3`.

minio blocks and waits without end by default; here it runs in a thread with one deadline for all of its requests,
without its own retries (the act loop has its own), and no credential comes from the environment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

import urllib3

from events.ports import SecretRef
from sensors.access import refs_in
from sensors.artifact_source import (
    ArtifactSource,
    ArtifactUnavailable,
    ArtifactUnusable,
    LocationFault,
    Reach,
)
from sensors.artifact_spec import S3Location
from sensors.blocking import Cutoff, Workers
from sensors.guarded_pool import Guard
from sensors.http_client import AddressNotAllowed

_ENDPOINT = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?", re.ASCII)
_PIECE_BYTES = 65_536
_MAY_PASS = frozenset(
    {"SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "TooManyRequests"}
)


@dataclass(frozen=True, slots=True)
class _Object:
    """What is asked for, with the values of the Secrets."""

    location: S3Location
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)


class S3(ArtifactSource[S3Location]):
    """The content of the object."""

    kind: ClassVar[str] = "s3"

    def __init__(self) -> None:
        self._workers = Workers("artifact-s3")

    @classmethod
    def faults(cls, member: S3Location) -> Iterator[LocationFault]:
        if not member.endpoint:
            yield LocationFault(("endpoint",), "is missing", "give host and port")
        elif not _ENDPOINT.fullmatch(member.endpoint):
            yield LocationFault(("endpoint",), "is no host", "write host or host:port, without a scheme")
        for name in ("name", "key"):
            if member.bucket is None or not getattr(member.bucket, name):
                yield LocationFault(("bucket", name), "is missing", f"give bucket.{name}")
        for name, alias in (("access_key", "accessKey"), ("secret_key", "secretKey")):
            if getattr(member, name) is None:
                yield LocationFault((alias,), "is missing", "give `name` and `key` of a Secret")

    @classmethod
    def refs(cls, member: S3Location, namespace: str) -> tuple[SecretRef, ...]:
        """`caCertificate` is not among them: it has no effect."""
        return tuple(refs_in([member.access_key, member.secret_key], namespace))

    async def read(self, member: S3Location, reach: Reach) -> bytes:
        try:
            import minio  # noqa: F401, PLC0415 - an extra; 60 ms for those who use it
        except ImportError as error:
            raise ArtifactUnusable("needs the package minio: install kikkake[s3]") from error
        keys = [
            (await reach.secret(selector, name)).decode("utf-8", "replace").strip()
            for selector, name in ((member.access_key, "accessKey"), (member.secret_key, "secretKey"))
        ]
        if reach.is_strict and member.insecure:
            raise ArtifactUnusable("insecure: a strict Sensor reads over https only")
        work = partial(_download, _Object(member, *keys), reach)
        try:
            return await self._workers.run(work, reach.timeout_s)
        except TimeoutError as error:
            raise ArtifactUnavailable(f"{member.endpoint}: no answer within {reach.timeout_s:g} s") from error
        except AddressNotAllowed as error:
            raise ArtifactUnusable(str(error)) from error

    async def close(self) -> None:
        self._workers.close()


def _download(wanted: _Object, reach: Reach, cutoff: Cutoff) -> bytes:
    from minio.error import InvalidResponseError, S3Error, ServerError  # noqa: PLC0415 - see fetch

    location = wanted.location
    try:
        return _read(wanted, reach, cutoff)
    except S3Error as error:
        text = f"{location.endpoint}: {error.code}"
        raise (ArtifactUnavailable if error.code in _MAY_PASS else ArtifactUnusable)(text) from error
    except (InvalidResponseError, ServerError) as error:
        raise ArtifactUnavailable(f"{location.endpoint}: answers nothing that S3 answers") from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        cutoff.remaining_s()
        raise ArtifactUnavailable(f"{location.endpoint}: {type(error).__name__}") from error
    except ValueError as error:  # a name that no bucket can have
        raise ArtifactUnusable(f"{location.endpoint}: {error}") from error


def _read(wanted: _Object, reach: Reach, cutoff: Cutoff) -> bytes:
    from minio import Minio  # noqa: PLC0415 - see fetch

    location = wanted.location
    guard = Guard(cutoff, reach.allowed)
    pool = guard.pool("http" if location.insecure else "https", location.endpoint.partition(":")[0])
    pool.connection_pool_kw["timeout"] = guard.timeout()
    client = Minio(
        location.endpoint,
        wanted.access_key,
        wanted.secret_key,
        secure=not location.insecure,
        region=location.region or None,
        http_client=pool,
    )
    bucket = location.bucket
    if bucket is None:
        raise ArtifactUnusable("bucket is missing")
    answer = client.get_object(bucket.name, bucket.key)
    kept = bytearray()
    try:
        while len(kept) <= reach.max_bytes:
            cutoff.remaining_s()
            piece = answer.read(_PIECE_BYTES)
            if not piece:
                break
            kept += piece
    finally:
        answer.close()
        pool.clear()
    return bytes(kept)
