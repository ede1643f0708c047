"""The member `body` of broker kinds: raw JSON with `jsonBody`, else the bytes in base64 (spec-sources 4).

Raw JSON is written as Go's encoder writes it: without white space, `<`, `>`, `&` and the two line separators
escaped; digits of numbers and duplicate keys stay.
"""

from __future__ import annotations

import base64
import re

from events.languages.go_json import escape
from sources.delivery import Rejected
from sources.strict_json import read_json

_STRING_OR_SPACE = re.compile(rb'("(?:[^"\\]|\\.)*+")|[ \t\n\r]+')


def message_body(value: bytes | None, *, json_body: bool) -> tuple[bytes, Rejected | None]:
    """The JSON text of `body`, and why the value could not be taken as JSON (None: it could, or need not).

    A value that is not JSON is kept as its bytes in base64, like one without `jsonBody`; an absent one is null.
    """
    if value is None:
        return b"null", None
    fault = None
    if json_body:
        try:
            read_json(value)
        except Rejected as rejected:
            fault = rejected
        else:
            return _as_go_writes(value), None
    return b'"' + base64.b64encode(value) + b'"', fault


def _as_go_writes(text: bytes) -> bytes:
    return escape(_STRING_OR_SPACE.sub(rb"\1", text))
