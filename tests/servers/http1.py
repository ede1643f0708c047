"""HTTP/1.1 on the wire, for the servers of the tests: heads and bodies as they are, nothing interpreted."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Head:
    """The first line and the headers of a request or an answer, and their exact bytes."""

    wire: bytes
    first_line: tuple[str, str, str]
    """Method, target, version; or version, status, reason."""
    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> str | None:
        """The first header of that name, in any case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Piece(NamedTuple):
    """A part of a body: as it stood on the wire, chunk framing included, and what it means."""

    wire: bytes
    data: bytes


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """The next head, or None where the connection ended instead.

    Raises:
        ConnectionError: the connection was reset.
    """
    try:
        wire = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = wire.decode("latin-1").rstrip("\r\n").split("\r\n")
    start, middle, *rest = first.split(" ", 2)
    headers = [line.partition(":") for line in lines]
    return Head(
        wire=wire,
        first_line=(start, middle, rest[0] if rest else ""),
        headers=tuple((name, value.strip()) for name, _, value in headers),
    )


async def read_body(
    reader: asyncio.StreamReader, head: Head, *, until_close: bool = False
) -> AsyncIterator[Piece]:
    """The body that belongs to `head`, piece by piece as it arrives.

    `until_close` says what a head without a length means: in an answer the body ends with the connection.

    Raises:
        asyncio.IncompleteReadError: the connection ended within the body.
    """
    if (head.header("transfer-encoding") or "").lower() == "chunked":
        async for piece in _read_chunks(reader):
            yield piece
    elif (length := head.header("content-length")) is not None:
        data = await reader.readexactly(int(length))
        yield Piece(data, data)
    elif until_close:
        while data := await reader.read(65536):
            yield Piece(data, data)


async def _read_chunks(reader: asyncio.StreamReader) -> AsyncIterator[Piece]:
    size = -1
    while size != 0:
        line = await reader.readuntil(b"\r\n")
        size = int(line.split(b";")[0], 16)
        data = await reader.readexactly(size)
        end = await reader.readuntil(b"\r\n")
        yield Piece(line + data + end, data)


def answer_bytes(status: int, headers: dict[str, str], body: bytes) -> bytes:
    """An answer with a length, on a connection that stays open."""
    lines = [f"HTTP/1.1 {status} Told", *(f"{name}: {value}" for name, value in headers.items())]
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
