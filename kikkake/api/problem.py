"""Errors of the two APIs as problem+json (RFC 9457): what is wrong and what to do, never a stack trace."""

from __future__ import annotations

import asyncio
import re
import secrets
from typing import Any

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from events.bus import BusUnavailable
from events.errors import KikkakeError
from events.log import Logger
from kikkake.api.refusal import Refusal

_HANDLER_TIMEOUT_S = 30.0
"""A question reads a page of a local store, which takes milliseconds; a replay commits once an item."""
_LOG = Logger("api")


def json_answer(value: Any, status: int = 200, content_type: str = "application/json") -> web.Response:
    return web.Response(body=orjson.dumps(value), status=status, content_type=content_type)


def problem_answer(problem: Refusal) -> web.Response:
    document = {"title": problem.title, "status": problem.status, "detail": problem.detail, **problem.more}
    return json_answer(
        {name: member for name, member in document.items() if member != ""},
        problem.status,
        "application/problem+json",
    )


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error as a problem document, every answer within `_HANDLER_TIMEOUT_S`."""
    try:
        async with asyncio.timeout(_HANDLER_TIMEOUT_S):
            return await handler(request)
    except web.HTTPException as error:
        return _refused(error)
    except (KikkakeError, TimeoutError) as error:
        return problem_answer(_as_refusal(error))
    except Exception as error:  # noqa: BLE001 - the outermost edge: a bug of ours must not end the listener
        return _bug(request, error)


def _as_refusal(error: KikkakeError | TimeoutError) -> Refusal:
    if isinstance(error, Refusal):
        return error
    if isinstance(error, TimeoutError):
        return Refusal(504, "No answer in time", f"gave up after {_HANDLER_TIMEOUT_S:.0f} s")
    if isinstance(error, BusUnavailable):
        return Refusal(503, "Store not available", str(error))
    if error.retryable:
        return Refusal(503, "Not possible now", str(error))
    return Refusal(400, "Not possible", str(error))


def _bug(request: web.Request, error: Exception) -> web.Response:
    request_id = secrets.token_hex(8)
    # The route, not the path: a path may hold what somebody typed.
    route = request.match_info.route.resource
    _LOG.bug("api.failed", error, request_id=request_id, route=route.canonical if route else "")
    return problem_answer(Refusal(500, "Internal error", requestId=request_id))


def _refused(error: web.HTTPException) -> web.Response:
    """Answers that aiohttp gives by itself, in our form; `Allow` of a 405 is kept."""
    title = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", error.reason).capitalize()
    answer = problem_answer(Refusal(error.status, title))
    if "Allow" in error.headers:
        answer.headers["Allow"] = error.headers["Allow"]
    return answer
