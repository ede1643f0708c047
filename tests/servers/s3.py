"""A small S3 on loopback that takes nothing on trust: every request's signature (version 4) is computed again.

minio's own signer does that, from the secret that the server knows. It serves objects of buckets and their region.
"""

import asyncio
from datetime import UTC, datetime
from typing import Self
from urllib.parse import unquote, urlsplit

from minio.credentials.credentials import Credentials
from minio.signer import sign_v4_s3

from tests.servers.http1 import Head, answer_bytes, read_head
from tests.servers.listener import Listener

REGION = "eu-central-1"
_SIGNED_BY_EACH = ("host", "x-amz-content-sha256", "x-amz-date")


class S3Server:
    """`objects` by (bucket, key). `paths` grows with each request; `delay_s` holds back each answer."""

    def __init__(self, access_key: str, secret_key: str) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self.paths: list[str] = []
        self.delay_s = 0.0
        self._credentials = Credentials(access_key, secret_key)
        self._listener = Listener(self._serve)

    async def __aenter__(self) -> Self:
        await self._listener.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._listener.close()

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self._listener.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (head := await read_head(reader)) is not None:
            self.paths.append(head.first_line[1])
            await asyncio.sleep(self.delay_s)
            writer.write(self._answer(head))
            await writer.drain()

    def _answer(self, head: Head) -> bytes:
        if not self._is_signed(head):
            return _error(403, "SignatureDoesNotMatch")
        parts = urlsplit(head.first_line[1])
        bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
        if not any(bucket == known for known, _ in self.objects):
            return _error(404, "NoSuchBucket")
        if "location" in parts.query:
            body = f'<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{REGION}</LocationConstraint>'
            return answer_bytes(200, {"Content-Type": "application/xml"}, body.encode())
        content = self.objects.get((bucket, key))
        if content is None:
            return _error(404, "NoSuchKey")
        return answer_bytes(200, {"Content-Type": "application/octet-stream", "ETag": '"e"'}, content)

    def _is_signed(self, head: Head) -> bool:
        given = head.header("authorization") or ""
        date = head.header("x-amz-date")
        if date is None or not given.startswith("AWS4-HMAC-SHA256 "):
            return False
        scope = given.partition("Credential=")[2].partition(",")[0].split("/")
        names = given.partition("SignedHeaders=")[2].partition(",")[0].split(";")
        if not set(_SIGNED_BY_EACH) <= set(names):
            return False
        again = sign_v4_s3(
            method=head.first_line[0],
            url=urlsplit(f"http://{head.header('host')}{head.first_line[1]}"),
            region=scope[2],
            headers={name: head.header(name) or "" for name in names},
            credentials=self._credentials,
            content_sha256=head.header("x-amz-content-sha256") or "",
            date=datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC),
        )
        return again["Authorization"] == given


def _error(status: int, code: str) -> bytes:
    body = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>no</Message></Error>'
    return answer_bytes(status, {"Content-Type": "application/xml"}, body.encode())
