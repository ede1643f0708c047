"""An answer as bytes on the wire."""

from __future__ import annotations

from email.utils import formatdate
from http import HTTPStatus

from sources.ingest import Reply


class _Date:
    """The Date header, written anew once a second."""

    until_s = 0.0
    line = b""


def answer_bytes(reply: Reply, now_s: float, *, closes: bool, has_body: bool) -> bytes:
    """An answer on the wire. `now_s` is the loop's time and only decides whether the date is still good."""
    if now_s >= _Date.until_s:
        _Date.line = f"\r\nDate: {formatdate(usegmt=True)}".encode()
        _Date.until_s = now_s + 1
    head = b"%b%d%b" % (_first_lines(reply.status, reply.content_type), len(reply.body), _Date.line)
    for name, value in reply.headers.items():
        if name != "Connection":
            head += f"\r\n{name}: {value}".encode("latin-1")
    if closes:
        head += b"\r\nConnection: close"
    return head + b"\r\n\r\n" + (reply.body if has_body else b"")


def _first_lines(status: int, content_type: str) -> bytes:
    key = (status, content_type)
    lines = _FIRST_LINES.get(key)
    if lines is None:
        phrase = HTTPStatus(status).phrase
        lines = f"HTTP/1.1 {status} {phrase}\r\nContent-Type: {content_type}\r\nContent-Length: ".encode()
        _FIRST_LINES[key] = lines
    return lines


_FIRST_LINES: dict[tuple[int, str], bytes] = {}
