"""The routes of the admin API under /api/v1: each asks one question or gives one order, in JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from aiohttp import web

from events.bus import DeadLetter, DeadLetterQuery
from kikkake.api import parameters
from kikkake.api.answers import facts_answer, finding_answer, gone_item, plan_items
from kikkake.api.inquiry import Inquiry
from kikkake.api.kinds import known_kinds
from kikkake.api.problem import json_answer
from kikkake.api.refusal import Refusal
from kikkake.api.services import ApiServices, ResourceReport
from sensors.replay import EventGone

_MAX_REPLAYED = 1000
"""Dead letters that one order may take: more are replayed by asking again."""


class AdminRoutes:
    """Handlers over the running process."""

    def __init__(self, services: ApiServices) -> None:
        self._services = services
        self._inquiry = Inquiry(services.reader, services.preparer)

    def add_to(self, app: web.Application) -> None:
        for method, path, handler in (
            ("GET", "events", self.events),
            ("GET", "events/{reference}", self.event),
            ("GET", "events/{reference}/explanation", self.explanation),
            ("GET", "events/{reference}/material", self.material),
            ("POST", "events/{reference}/replay", self.replay_event),
            ("POST", "replay", self.replay_failed),
            ("GET", "dead-letters", self.dead_letters),
            ("POST", "dead-letters/{number}/replay", self.replay_letter),
            ("GET", "resources", self.resources),
            ("GET", "kinds", self.kinds),
            ("GET", "status", self.status),
        ):
            app.router.add_route(method, f"/api/v1/{path}", handler)

    async def events(self, request: web.Request) -> web.Response:
        """Newest first, a page at a time; `next` is the `before` of the next page."""
        return json_answer(await self._inquiry.events(parameters.event_query(request.query)))

    async def event(self, request: web.Request) -> web.Response:
        """One event; its data only with `?data=1`."""
        with_data = parameters.flag(request.query, "data")
        return json_answer(await self._inquiry.event(request.match_info["reference"], with_data=with_data))

    async def explanation(self, request: web.Request) -> web.Response:
        """Why it did or did not fire."""
        return json_answer(await self._inquiry.explanation(request.match_info["reference"]))

    async def material(self, request: web.Request) -> web.Response:
        """What a test of it is made of."""
        return json_answer(await self._inquiry.material(request.match_info["reference"]))

    async def replay_event(self, request: web.Request) -> web.Response:
        """Plan or do one event again."""
        wanted: parameters.EventReplay = parameters.read_body(await request.read(), parameters.EventReplay)
        stored = await self._inquiry.one_event(request.match_info["reference"])
        plan = await self._services.replay(
            stored.sequence,
            sensor=await self._inquiry.sensor_uid(wanted.sensor) if wanted.sensor else None,
            as_new=wanted.as_new,
            dry_run=wanted.dry_run,
        )
        return _items_answer(list(plan_items(plan)), dry_run=wanted.dry_run)

    async def replay_failed(self, request: web.Request) -> web.Response:
        """Plan or do again what was given up, oldest first; at most `_MAX_REPLAYED` an order."""
        wanted: parameters.FailedReplay = parameters.read_body(await request.read(), parameters.FailedReplay)
        if not wanted.failed:
            raise Refusal(400, "Bad body", "`failed` must be true: nothing else can be replayed in bulk")
        letters, has_more = await self._failed_letters(wanted)
        items: list[dict[str, Any]] = []
        # One replay makes sure of everything that a Sensor owes an event, however many letters that are.
        for sequence, sensor in dict.fromkeys((letter.sequence, letter.sensor) for letter in letters):
            items += await self._replay_one(sequence, sensor, dry_run=wanted.dry_run)
        return _items_answer(items, dry_run=wanted.dry_run, has_more=has_more)

    async def _replay_one(self, sequence: int, sensor: str, *, dry_run: bool) -> list[dict[str, Any]]:
        try:
            plan = await self._services.replay(sequence, sensor=sensor, as_new=False, dry_run=dry_run)
        except EventGone as gone:
            return [gone_item(sequence, await self._inquiry.sensor_label(sensor), str(gone))]
        return list(plan_items(plan))

    async def _failed_letters(self, wanted: parameters.FailedReplay) -> tuple[list[DeadLetter], bool]:
        uid = await self._inquiry.sensor_uid(wanted.sensor) if wanted.sensor else ""
        query = DeadLetterQuery(
            sensor=uid,
            reason=wanted.reason,
            since_us=parameters.since_us(wanted.since),
            limit=_MAX_REPLAYED + 1,
        )
        found = await self._services.reader.dead_letters(query)
        return found[:_MAX_REPLAYED][::-1], len(found) > _MAX_REPLAYED

    async def dead_letters(self, request: web.Request) -> web.Response:
        """What was given up, newest first. `sensor` is NAMESPACE/NAME."""
        return json_answer(await self._inquiry.dead_letters(parameters.dead_letter_query(request.query)))

    async def replay_letter(self, request: web.Request) -> web.Response:
        """Plan or do one dead letter again."""
        wanted: parameters.LetterReplay = parameters.read_body(await request.read(), parameters.LetterReplay)
        letter = await self._inquiry.dead_letter(request.match_info["number"])
        items = await self._replay_one(letter.sequence, letter.sensor, dry_run=wanted.dry_run)
        return _items_answer(items, dry_run=wanted.dry_run)

    async def resources(self, _request: web.Request) -> web.Response:
        """Every EventSource and Sensor, its state and what is wrong with it."""
        return json_answer({"resources": list(_resource_answers(self._services))})

    async def kinds(self, _request: web.Request) -> web.Response:
        """What this build knows."""
        return json_answer({"kinds": [msgspec.to_builtins(kind) for kind in known_kinds()]})

    async def status(self, _request: web.Request) -> web.Response:
        """The process and its store at a glance."""
        facts = facts_answer(await self._services.reader.facts())
        not_ready = list(self._services.not_ready())
        return json_answer(
            {**self._services.about(), "ready": not not_ready, "notReady": not_ready, "store": facts}
        )


def _items_answer(items: list[dict[str, Any]], *, dry_run: bool, has_more: bool = False) -> web.Response:
    return json_answer({"dryRun": dry_run, "items": items, "hasMore": has_more})


def _resource_answers(services: ApiServices) -> Iterator[dict[str, Any]]:
    for report in services.resources():
        yield _resource_answer(report)


def _resource_answer(report: ResourceReport) -> dict[str, Any]:
    return {
        "kind": report.kind,
        "namespace": report.namespace,
        "name": report.name,
        "file": report.file,
        "state": report.state,
        "lag": report.lag,
        "urls": list(report.urls),
        "findings": [finding_answer(finding) for finding in report.findings],
    }
