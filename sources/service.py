"""One request after the other: route, checks, body, secrets, proof, bus, answer. Knows no socket and no kind."""

from __future__ import annotations

import base64
import math
import os
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from events.bus import BusFull, BusUnavailable, EventTooLarge, Publication, Receipt, Standing
from events.clock import Clock
from events.deadline import Deadlines
from events.log import Logger
from events.metrics import Metrics
from events.ports import SecretRef, Secrets, SecretUnavailable
from events.topic import Topic
from sources.delivery import Answered, RawRequest, Rejected
from sources.event_filter import Verdict
from sources.ingest import (
    Accepted,
    Reply,
    Route,
    admit,
    answered_reply,
    check_head,
    problem,
    stored_reply,
    too_large,
)
from sources.limits import ServerSettings
from sources.old_secrets import OldSecrets
from sources.router import Router
from sources.verify import not_ready

Publish = Callable[[list[Publication]], Awaitable[list[Receipt]]]

HEALTHY = Reply(200, b"OK", "text/plain; charset=utf-8", {})
_ULID_LETTERS = bytes.maketrans(b"0123456789ABCDEFGHIJKLMNOPQRSTUV", b"0123456789ABCDEFGHJKMNPQRSTVWXYZ")


class Exchange(msgspec.Struct, frozen=True):
    """A request that found its route and may send its body."""

    route: Route
    segments: Mapping[str, str]
    head: RawRequest
    started_us: int


def new_request_id(now_us: int) -> str:
    """26 letters that sort by time: 48 bits of milliseconds and 80 random ones, as a ULID."""
    raw = (now_us // 1000).to_bytes(6, "big") + os.urandom(10)
    # Base 32 of 128 bits is read from the right in a ULID: four zero bytes in front make 20 bytes, 32 letters.
    return base64.b32hexencode(bytes(4) + raw)[6:].translate(_ULID_LETTERS).decode()


class Service:
    """What the front does with requests; shared by all of its connections."""

    def __init__(
        self,
        settings: ServerSettings,
        publish: Publish,
        secrets: Secrets,
        clock: Clock,
        metrics: Metrics,
        log: Logger,
    ) -> None:
        self.settings = settings
        self.is_draining = False
        self._deadlines = Deadlines()
        self.body_bytes = 0
        self.metrics = metrics
        self.log = log
        self._publish = publish
        self._secrets = secrets
        self._clock = clock
        self._counters: dict[Topic, RouteCounters] = {}
        self._rates: dict[tuple[str, str], float] = {}
        self.old_secrets = OldSecrets()

    def begin(self, router: Router, head: RawRequest, declared_bytes: int) -> Exchange | Reply:
        """Everything that can be said before the body: an `Exchange` means, read it. Raises Rejected."""
        found = router.find(head.path)
        if found is None:
            return self._unrouted(router, head)
        route, segments = found
        if self.is_draining:
            raise restarting()
        if route.is_suspended:
            return self.refuse(_busy("suspended", "Endpoint suspended", 30), head.peer, route)
        try:
            answered = check_head(route, head.method, head.headers)
            if answered is not None:
                return self._answer(route, answered, head)
            if declared_bytes > route.endpoint.max_body_bytes:
                raise too_large(route)
            return Exchange(route, segments, head, self._clock.now_us())
        except Rejected as rejected:
            return self.refuse(rejected, head.peer, route)

    def _unrouted(self, router: Router, head: RawRequest) -> Reply:
        if head.path == "/health":
            return HEALTHY
        gone = router.gone(head.path, self._clock.now_us())
        if gone:
            return self.refuse(Rejected(410, "gone", "Endpoint gone"), head.peer, event_source=gone)
        if self.is_draining:
            raise restarting()
        return self.refuse(Rejected(404, "no-route", "Not found"), head.peer)

    async def serve(self, exchange: Exchange, body: bytes) -> Reply:
        """Prove, parse, store and answer; never raises what a sender could cause."""
        route = exchange.route
        try:
            async with self._deadlines.within(self.settings.publish_timeout_s):
                secrets = await self._read_secrets(route)
                return await self._store(exchange, body, secrets)
        except Rejected as rejected:
            return self.refuse(rejected, exchange.head.peer, route)
        except EventTooLarge as error:
            too_big = Rejected(413, "event-too-large", "Body too large", str(error)).after_proof()
            return self.refuse(too_big, exchange.head.peer, route)
        except BusFull:
            full = _busy("bus-full", "Temporarily out of storage", 30).after_proof()
            return self.refuse(full, exchange.head.peer, route)
        except (BusUnavailable, TimeoutError):
            # Without a link to an explanation: also a secret that is not read in time ends here.
            return self.refuse(
                _busy("bus-unavailable", "Temporarily unavailable", 5), exchange.head.peer, route
            )
        except Exception as error:  # noqa: BLE001  # one request never harms another; the target is zero
            return self.bug(error, route)

    async def _read_secrets(self, route: Route) -> dict[SecretRef, bytes]:
        found: dict[SecretRef, bytes] = {}
        for ref in route.proof.refs:
            try:
                found[ref] = await self._secrets.read(ref.read_by(route.account))
            except SecretUnavailable as error:
                raise not_ready(str(error)) from error
        return found

    async def _store(self, exchange: Exchange, body: bytes, secrets: dict[SecretRef, bytes]) -> Reply:
        route, head = exchange.route, exchange.head
        request = RawRequest(
            method=head.method,
            path=head.path,
            query=head.query,
            headers=head.headers,
            body=body,
            peer=head.peer,
        )
        accepted = admit(
            route, request, exchange.segments, secrets, now_us=exchange.started_us, new_id=self.new_id
        )
        self._check_rate(route)
        if isinstance(accepted, Answered):
            return self._answer(route, accepted, head)
        receipts = await self._publish(accepted.publications) if accepted.publications else []
        self._count(exchange, accepted, receipts)
        request_id = ""
        if accepted.rejected is not None:
            request_id = self.new_id()
            self._note_refusal(accepted.rejected, head.peer, route, "", request_id)
        return stored_reply(route, accepted, receipts, request_id)

    def _note_dropped(self, route: Route, verdict: Verdict, peer: str) -> None:
        """An event that the source's own filter dropped; one on which it failed is worth a look."""
        source, name = route.event_source, route.topic.event_name
        self.metrics.ingest_filtered.labels(source, name, verdict.reason).inc()
        if verdict.failure:
            self.log.limited_warning(
                "ingest.filter_failed",
                (source, name),
                event_source=source,
                event_name=name,
                error=verdict.failure,
                peer=peer,
            )
        else:
            self.log.debug("ingest.filtered", event_source=source, event_name=name)

    def _note_replay(self, route: Route, publication: Publication, peer: str) -> None:
        """A body that came before under another id: stored, judged by no Sensor until somebody replays it."""
        self.log.limited_warning(
            "ingest.suspected_replay",
            (route.event_source,),
            event_source=route.event_source,
            event_name=route.topic.event_name,
            event_id=publication.event.id,
            peer=peer,
        )

    def new_id(self) -> str:
        """A fresh id, for a delivery without one and for answers."""
        return new_request_id(self._clock.now_us())

    def refuse(
        self, rejected: Rejected, peer: str, route: Route | None = None, *, event_source: str = ""
    ) -> Reply:
        """The answer to a refused request; counted, and logged within limits."""
        request_id = self.new_id()
        self._note_refusal(rejected, peer, route, event_source, request_id)
        return problem(rejected, request_id)

    def _note_refusal(
        self, rejected: Rejected, peer: str, route: Route | None, event_source: str, request_id: str
    ) -> None:
        source = route.event_source if route is not None else event_source
        self.metrics.ingest_rejected.labels(source, rejected.cause).inc()
        keys: dict[str, object] = {"event_source": source}
        if route is not None:
            keys["event_name"] = route.topic.event_name
        keys |= {"cause": rejected.cause, "status": rejected.status, "peer": peer, "request_id": request_id}
        if detail := rejected.note or rejected.detail:
            keys["detail"] = detail
        self.log.limited_warning("ingest.rejected", (source, rejected.cause), **keys)

    def bug(self, error: Exception, route: Route | None = None) -> Reply:
        """500 with nothing but the request id."""
        request_id = self.new_id()
        source = route.event_source if route is not None else ""
        self.metrics.ingest_rejected.labels(source, "internal").inc()
        self.log.bug("ingest.bug", error, event_source=source, request_id=request_id)
        return problem(Rejected(500, "internal", "Internal error"), request_id)

    def hold(self, size_bytes: int) -> None:
        """Count bytes of a body that is held from now on. Raises Rejected when all bodies together are too much."""
        if self.body_bytes + size_bytes > self.settings.max_body_bytes_in_flight:
            raise _busy("in-flight", "Too many requests at once", 1)
        self.body_bytes += size_bytes

    def release(self, size_bytes: int) -> None:
        """The bytes are gone."""
        self.body_bytes -= size_bytes

    def _answer(self, route: Route, answered: Answered, head: RawRequest) -> Reply:
        source, name = route.event_source, route.topic.event_name
        self.metrics.ingest_answered.labels(source).inc()
        self.log.limited_info(
            "ingest.answered",
            (source,),
            event_source=source,
            event_name=name,
            method=head.method,
            status=answered.status,
            peer=head.peer,
        )
        return answered_reply(answered)

    def _check_rate(self, route: Route) -> None:
        """An endpoint's own limit: as many at once as fit into a minute, then one each time a place is free."""
        per_minute = route.source.rate_per_minute
        if per_minute is None:
            return
        now_s = self._clock.now_us() / 1e6
        spacing_s = 60 / per_minute
        key = (route.event_source, route.topic.event_name)
        full_at_s = max(self._rates.get(key, 0.0), now_s) + spacing_s
        wait_s = full_at_s - now_s - 60
        if wait_s > 1e-6:
            retry_after = {"Retry-After": str(math.ceil(wait_s))}
            raise Rejected(429, "rate", "Too many requests", headers=retry_after).after_proof()
        self._rates[key] = full_at_s

    def _count(self, exchange: Exchange, accepted: Accepted, receipts: list[Receipt]) -> None:
        route = exchange.route
        counters = self._counters.get(route.topic)
        if counters is None:
            counters = self._counters[route.topic] = RouteCounters(self.metrics, route)
        for verdict in accepted.dropped:
            self._note_dropped(route, verdict, exchange.head.peer)
        for publication, receipt in zip(accepted.publications, receipts, strict=True):
            counters.stored[receipt.standing].inc()
            if receipt.standing is Standing.SUSPECTED_REPLAY:
                self._note_replay(route, publication, exchange.head.peer)
        took_s = (self._clock.now_us() - exchange.started_us) / 1e6
        counters.seconds.observe(took_s)
        if accepted.old_secret is not None:
            counters.old_secret.inc()
            self.old_secrets.note(route, accepted.old_secret, exchange.started_us)
            self.log.limited_warning(
                "secret.old_used",
                (route.event_source,),
                event_source=route.event_source,
                event_name=route.topic.event_name,
            )
        if self.log.is_debug:
            ids = [publication.event.id for publication in accepted.publications]
            took_ms = round(took_s * 1e3, 2)
            self.log.debug("ingest.stored", event_source=route.event_source, event_ids=ids, took_ms=took_ms)


class RouteCounters:
    """The series of one route, looked up once: finding them by labels costs more than counting."""

    def __init__(self, metrics: Metrics, route: Route) -> None:
        source, name = route.event_source, route.topic.event_name
        self.stored = [
            metrics.ingest_events.labels(source, name, standing.name.lower()) for standing in Standing
        ]
        self.seconds = metrics.ingest_seconds.labels(source)
        self.old_secret = metrics.old_secret_used.labels(source, name)


def restarting() -> Rejected:
    """What a request gets while the process stops or starts."""
    headers = {"Retry-After": "5", "Connection": "close"}
    return Rejected(503, "draining", "Restarting", headers=headers)


def _busy(cause: str, title: str, retry_after_s: int) -> Rejected:
    return Rejected(503, cause, title, headers={"Retry-After": str(retry_after_s)})
