"""The admission webhook's endpoint: one POST of an AdmissionReview, over TLS, and a probe."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import orjson
from aiohttp import web

from kikkake.admission.review import ReviewUnreadable, review
from kikkake.api.guarding import safe_headers
from kikkake.api.problem import json_answer, problems
from kikkake.api.refusal import Refusal

_MAX_BODY_BYTES = 4_194_304
"""A resource of 1.5 MiB comes twice in an update, once as it was."""


def admission_app() -> web.Application:
    """`/validate`."""
    app = web.Application(middlewares=[safe_headers, problems], client_max_size=_MAX_BODY_BYTES)
    app.router.add_post("/validate", _validate)
    return app


def probes_app(trouble: Callable[[], str]) -> web.Application:
    """`/healthz` (the process answers) and `/readyz` (the API server can trust it), without TLS."""
    app = web.Application(middlewares=[safe_headers, problems], client_max_size=1024)

    async def healthy(_request: web.Request) -> web.Response:
        return json_answer({"ok": True})

    async def ready(_request: web.Request) -> web.Response:
        why = trouble()
        return json_answer({"ok": not why, "reasons": [why] if why else []}, 503 if why else 200)

    app.router.add_get("/healthz", healthy)
    app.router.add_get("/readyz", ready)
    return app


async def _validate(request: web.Request) -> web.Response:
    if request.content_type != "application/json":
        raise Refusal(415, "Wrong content type", "expected application/json")
    try:
        asked = orjson.loads(await request.read())
        # In a thread: a large resource takes tens of milliseconds, and others wait for theirs.
        return json_answer(await asyncio.to_thread(review, asked))
    except (orjson.JSONDecodeError, ReviewUnreadable) as error:
        raise Refusal(400, "Not an AdmissionReview", str(error)) from error
