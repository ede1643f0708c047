"""A look at the secrets of all routes: what is missing or odd is known at once, not only when a delivery comes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from events.errors import Severity
from events.ports import SecretRef, Secrets, SecretUnavailable
from sources.ingest import Route
from sources.listening import RouteProblem, problems_of
from sources.secret_fitness import advice

_AT_ONCE = 16


async def look_at_secrets(routes: Iterable[Route], secrets: Secrets, timeout_s: float) -> list[RouteProblem]:
    """Routes that answer 503 for now, and warnings; a read that takes longer than `timeout_s` counts as missing."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def look(route: Route, ref: SecretRef) -> list[RouteProblem]:
        try:
            async with room, asyncio.timeout(timeout_s):
                value = await secrets.read(ref.read_by(route.account))
        except SecretUnavailable as error:
            return problems_of([route], error.code, f"deliveries are answered 503: {error}")
        except TimeoutError:
            what = f"deliveries are answered 503: {ref} was not read in time"
            return problems_of([route], SecretUnavailable.code, what)
        if (fault := route.proof.unfit(ref, value)) is not None:
            return problems_of([route], fault.code, f"deliveries are answered 503: {ref} {fault.what}")
        if (odd := advice(value)) is not None:
            return problems_of([route], odd.code, f"{ref} {odd.what}", severity=Severity.WARNING)
        return []

    # On the shared port and on its own a route has the same secrets.
    wanted = {(route.topic, ref): route for route in routes for ref in route.proof.refs}
    found = await asyncio.gather(*(look(route, ref) for (_, ref), route in wanted.items()))
    return [problem for problems in found for problem in problems]
