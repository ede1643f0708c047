"""Errors of the HTTP client and answers of an API server as ours: what was never sent, and what nobody knows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import aiohttp
import orjson

from events.errors import KikkakeError
from events.ports import KubeError, KubeInDoubt, KubeNotSent, Object

_MAX_RETRY_AFTER_S = 3600.0

_NOT_CONNECTED = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientProxyConnectionError,
    aiohttp.ClientHttpProxyError,
)
"""Errors before a byte of the request went out: refused, DNS, TLS, or a proxy that would not connect."""


@contextlib.contextmanager
def as_ours() -> Iterator[None]:
    """Errors of the HTTP client as ours: what was never sent, and what nobody knows."""
    try:
        yield
    except _NOT_CONNECTED as error:
        raise KubeNotSent(f"the API server cannot be reached: {_cause(error)}") from error
    except aiohttp.ConnectionTimeoutError as error:
        raise KubeNotSent("the API server cannot be reached: no connection in time") from error
    except ValueError as error:
        # The reader's words for a line beyond its limit.
        raise KubeInDoubt(f"the API server's answer cannot be read: {error}"[:300]) from error
    except TimeoutError as error:
        raise KubeInDoubt("the API server gave no answer in time") from error
    except (aiohttp.ClientError, OSError) as error:
        raise KubeInDoubt(f"the connection to the API server broke: {type(error).__name__}") from error


@contextlib.contextmanager
def as_not_sent() -> Iterator[None]:
    """A kubeconfig, exec plugin or token file that fails while the process runs: it may be mended meanwhile."""
    try:
        yield
    except (KikkakeError, OSError) as error:
        raise KubeNotSent(f"no credentials for the API server: {error}") from error


def _cause(error: aiohttp.ClientError) -> str:
    """What a person needs to know of a failed connection; never a header, the messages here hold only addresses."""
    return str(error)[:300]


def read_object(answer: bytes) -> Object:
    """The object of an answer. Raises KubeInDoubt: what it says cannot be read."""
    try:
        value = orjson.loads(answer)
    except orjson.JSONDecodeError as error:
        raise KubeInDoubt("the API server's answer is not JSON: is there a proxy in between?") from error
    if not isinstance(value, dict):
        raise KubeInDoubt("the API server's answer is not an object")
    return value


def answer_error(status: int, answer: bytes, retry_after: str | None) -> KubeError:
    """Of an answer whose body may be a `Status`, or a page of something in between."""
    try:
        value = orjson.loads(answer)
    except orjson.JSONDecodeError:
        value = None
    body = value if isinstance(value, dict) else {}
    return status_error(status, body, retry_after)


def status_error(status: int, body: dict[str, Any], retry_after: str | None) -> KubeError:
    """A `Status` object as our error; its message and causes are the API's own words."""
    details = body.get("details")
    details = details if isinstance(details, dict) else {}
    causes = tuple(
        f"{cause.get('field', '')}: {cause.get('message', '')} ({cause.get('reason', '')})"
        for cause in details.get("causes") or ()
        if isinstance(cause, dict)
    )
    seconds = retry_after if retry_after and retry_after.isdecimal() else details.get("retryAfterSeconds")
    return KubeError(
        status,
        str(body.get("reason") or ""),
        str(body.get("message") or ""),
        retry_after_s=min(float(seconds), _MAX_RETRY_AFTER_S) if seconds else None,
        causes=causes,
    )
