"""What the gateway and a worker say to each other: four bytes of length, then MessagePack."""

from __future__ import annotations

import enum
from typing import Literal

import msgspec

Language = Literal["jq", "lua"]
Action = Literal["transform", "filter", "check"]

LENGTH_BYTES = 4
MAX_FRAME_BYTES = 64 << 20
MAX_RESULT_BYTES = 1 << 20
"""Of new data (spec: bad-input, section 4)."""


class Task(msgspec.Struct, frozen=True, array_like=True):
    """A program and what is to be done with it."""

    language: Language
    action: Action
    """`transform`: data to new data; `filter`: whether it passes (Lua only); `check`: whether it can be read."""
    program: str


class Request(msgspec.Struct, frozen=True, array_like=True):
    """One call."""

    task: Task
    data: bytes
    now_s: float | None
    """What the program takes for the present, seconds since 1970."""
    deadline_s: float
    """CPU seconds until the worker is ended."""


class Status(enum.IntEnum):
    """How a call ended."""

    OK = 0
    FAILED = 1
    MEMORY = 2
    """The worker is replaced after it."""


class Reply(msgspec.Struct, frozen=True, array_like=True):
    """The answer to a call. The first of a worker, without a call, says that it is ready."""

    status: Status
    result: bytes = b""
    """New data; of a filter `1` or nothing."""
    error: str = ""
    line: int = 0


_encoder = msgspec.msgpack.Encoder()
_requests = msgspec.msgpack.Decoder(Request)
_replies = msgspec.msgpack.Decoder(Reply)


def frame(message: Request | Reply) -> bytes:
    """The message with its length."""
    body = _encoder.encode(message)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def decode_request(body: bytes) -> Request:
    """A call, without its length."""
    return _requests.decode(body)


def decode_reply(body: bytes) -> Reply:
    """An answer, without its length."""
    return _replies.decode(body)


class Frames:
    """Puts frames together from what arrives."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Reply | None:
        """The answer, once it is whole. Raises ValueError for what cannot be one."""
        buffer = self._buffer
        buffer += data
        if len(buffer) < LENGTH_BYTES:
            return None
        end = LENGTH_BYTES + int.from_bytes(buffer[:LENGTH_BYTES], "big")
        if end > MAX_FRAME_BYTES or len(buffer) > end:
            raise ValueError("not an answer of a worker")
        if len(buffer) < end:
            return None
        body = bytes(memoryview(buffer)[LENGTH_BYTES:end])
        buffer.clear()
        return decode_reply(body)
