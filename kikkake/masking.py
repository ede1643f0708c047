"""Data of an event as it may leave the store for a test file: what looks like a secret stands in it as `***`. Pure.

Masked are texts under names that sound like a secret (the same as in logs), headers that never enter an event in the
first place, and passwords in URLs. A mask is visible, and a test with it still runs.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from events.log import names_a_secret
from events.resource import Path, path_text
from sources.verify import SIGNATURE_HEADERS

MASK = "***"
_URL_PASSWORD = re.compile(r"(?<=://)([^/\s:@]*):[^/\s@]+@")
_HEADERS = {"header", "headers"}


def mask_data(data: bytes) -> tuple[bytes, list[str]]:
    """The data, and where something was masked. Data that is no JSON has no names, and is given back as it is."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return data, []
    masked: list[str] = []
    shown = mask_value(value, (), masked)
    return (orjson.dumps(shown), masked) if masked else (data, [])


def mask_value(value: Any, path: Path, masked: list[str]) -> Any:
    """A copy with masks; `masked` gets the place of each."""
    if isinstance(value, dict):
        return {name: _member(name, member, (*path, name), masked) for name, member in value.items()}
    if isinstance(value, list):
        return [mask_value(item, (*path, index), masked) for index, item in enumerate(value)]
    if isinstance(value, str) and _URL_PASSWORD.search(value):
        masked.append(path_text(path))
        return _URL_PASSWORD.sub(rf"\1:{MASK}@", value)
    return value


def mask_resource(value: Any, *, is_headers: bool = False) -> Any:
    """A copy of a Sensor without the secrets that are written into it: values of headers, passwords in URLs.

    Selectors of Secrets stay, since they only name them.
    """
    if isinstance(value, dict):
        return {
            name: MASK
            if is_headers and isinstance(member, str) and _is_secret_header(name)
            else mask_resource(member, is_headers=name.lower() in _HEADERS)
            for name, member in value.items()
        }
    if isinstance(value, list):
        return [mask_resource(item) for item in value]
    return _URL_PASSWORD.sub(rf"\1:{MASK}@", value) if isinstance(value, str) else value


def _is_secret_header(name: str) -> bool:
    return name.lower() in SIGNATURE_HEADERS or names_a_secret(name)


def _member(name: str, value: Any, path: Path, masked: list[str]) -> Any:
    is_header = len(path) > 1 and str(path[-2]).lower() in _HEADERS and name.lower() in SIGNATURE_HEADERS
    if not (is_header or names_a_secret(name)):
        return mask_value(value, path, masked)
    return _all_masked(value, path, masked)


def _all_masked(value: Any, path: Path, masked: list[str]) -> Any:
    """Every text in it; numbers, booleans and the shape stay, so that paths still lead somewhere."""
    if isinstance(value, dict):
        return {name: _all_masked(member, (*path, name), masked) for name, member in value.items()}
    if isinstance(value, list):
        return [_all_masked(item, (*path, index), masked) for index, item in enumerate(value)]
    if isinstance(value, str) and value:
        masked.append(path_text(path))
        return MASK
    return value
