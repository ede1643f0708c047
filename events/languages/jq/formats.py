"""The formats of jq: `@json`, `@csv` and their like."""

from __future__ import annotations

import base64
import binascii
import re
import urllib.parse
from collections.abc import Callable
from typing import Any

from events.languages.jq.encoding import encode
from events.languages.jq.errors import Failure, cannot_apply, failed_on, told

_HTML = str.maketrans({"<": "&lt;", ">": "&gt;", "&": "&amp;", "'": "&apos;", '"': "&quot;"})
_CSV = str.maketrans({'"': '""', "\0": "\\0"})
_TSV = str.maketrans({"\t": "\\t", "\r": "\\r", "\n": "\\n", "\\": "\\\\", "\0": "\\0"})
_SHELL = str.maketrans({"'": "'\\''", "\0": "\\0"})
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2}).{0,2}", re.DOTALL)
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/]")


def text_of(value: Any) -> str:
    """`tostring`: a text as it is, anything else as JSON."""
    return value if isinstance(value, str) else encode(value)


def _uri(value: Any) -> str:
    return urllib.parse.quote(text_of(value), safe="")


def _uri_decoded(value: Any) -> str:
    text = text_of(value)
    if bad := _BAD_ESCAPE.search(text):
        raise failed_on("@urid", value, f'invalid URL escape "{bad[0]}"')
    return urllib.parse.unquote_to_bytes(text).decode("utf-8", "replace")


def _row(kind: str, separator: str, escape: Callable[[str], str]) -> Callable[[Any], str]:
    def write(value: Any) -> str:
        if type(value) is not list:
            if kind != "sh":
                raise cannot_apply(f"@{kind}", value)
            value = [value]
        return separator.join(_cell(kind, each, escape) for each in value)

    return write


def _cell(kind: str, value: Any, escape: Callable[[str], str]) -> str:
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, list | dict):
        raise Failure(f"@{kind} cannot format an array including: {told(value)}")
    text = encode(value)
    return "" if text == "null" and kind != "sh" else text


def _base64(value: Any) -> str:
    return base64.b64encode(text_of(value).encode()).decode()


def _base64_decoded(value: Any) -> str:
    text = text_of(value).partition("=")[0].replace("\r", "").replace("\n", "")
    bad = _NO_BASE64.search(text)
    if bad is not None or len(text) % 4 == 1:
        at = len(text) - 1 if bad is None else len(text[: bad.start()].encode())
        raise failed_on("@base64d", value, f"illegal base64 data at input byte {at}")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4)).decode("utf-8", "replace")
    except binascii.Error as error:
        raise failed_on("@base64d", value, str(error)) from None


FORMATS: dict[str, Callable[[Any], str]] = {
    "@text": text_of,
    "@json": encode,
    "@html": lambda value: text_of(value).translate(_HTML),
    "@uri": _uri,
    "@urid": _uri_decoded,
    "@csv": _row("csv", ",", lambda text: f'"{text.translate(_CSV)}"'),
    "@tsv": _row("tsv", "\t", lambda text: text.translate(_TSV)),
    "@sh": _row("sh", " ", lambda text: f"'{text.translate(_SHELL)}'"),
    "@base64": _base64,
    "@base64d": _base64_decoded,
}


def format_named(value: Any, name: Any) -> str:
    """`format(NAME)`."""
    if not isinstance(name, str):
        raise cannot_apply("format", name)
    write = FORMATS.get(f"@{name}")
    if write is None:
        raise Failure(f"format not defined: @{name}")
    return write(value)
