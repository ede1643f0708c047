"""Deliveries of a case: signed as their sender signs them, and taken in by the front's own code without a socket."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from events.bus import Publication, Receipt, Standing
from events.log import Logger
from events.metrics import Metrics
from events.ports import SecretRef, SecretUnavailable
from kikkake.testing.delivery_document import Delivery, Sign
from kikkake.testing.inputs import delivery_body
from kikkake.testing.outside import StandIns
from kikkake.testing.pull import Feed
from kikkake.testing.reading import LoadedTest, RefusedTest
from kikkake.testing.store import Gateway
from sources.delivery import RawRequest, Rejected
from sources.ingest import Reply, Route, make_route
from sources.limits import ServerSettings
from sources.router import Router
from sources.service import Service
from sources.signing import signed_request
from sources.source import PushSource
from sources.spec import EventSourceSpec

_FORM = "application/x-www-form-urlencoded"
_CAUSE = re.compile(r"/problems/([a-z0-9-]+)$")


@dataclass(slots=True)
class Sent:
    """One delivery, repeated or not: the last answer, and all that was stored."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    """As JSON where it is, else its text."""
    rejected: str = ""
    is_duplicate: bool = False
    stored: list[Publication] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Prepared:
    router: Router
    head: RawRequest
    body: bytes


class Front:
    """The endpoints of some EventSources, in front of one gateway."""

    def __init__(
        self, specs: Sequence[EventSourceSpec], gateway: Gateway, secrets: StandIns, metrics: Metrics
    ) -> None:
        self._gateway = gateway
        self._secrets = secrets
        self._metrics = metrics
        self._routes = [
            make_route(event.source, spec.event_bus_name)
            for spec in specs
            for event in spec.events
            if isinstance(event.source, PushSource)
        ]
        ports = sorted({route.endpoint.port for route in self._routes})
        self._routers = {
            port: Router([route for route in self._routes if route.endpoint.port == port], {})
            for port in ports
        }
        self._feed = Feed(specs, gateway, secrets, metrics)
        self._published: list[tuple[Publication, Receipt]] = []
        self.restarted()

    def restarted(self) -> None:
        """What the process knew is gone: rates of endpoints."""
        self._service = _Service(self._publish, self._secrets, self._gateway, self._metrics)

    async def send(self, test: LoadedTest, step: Delivery, path: tuple[str | int, ...], number: int) -> Sent:
        """Send what stands at `path` of the test. Raises RefusedTest when it cannot be made."""
        if step.record is not None:
            return await self._take(test, step.record, step.repeat, (*path, "record"))
        prepared = await self._prepare(test, step, path, number)
        sent = Sent()
        for _ in range(step.repeat):
            self._published.clear()
            reply = await self._request(prepared)
            _note(sent, reply, self._published, self._service.cause)
        return sent

    async def _take(
        self, test: LoadedTest, record: dict[str, Any], repeat: int, path: tuple[str | int, ...]
    ) -> Sent:
        """A record has no answer: what became of it is all there is."""
        sent = Sent()
        for _ in range(repeat):
            _note_stored(sent, await self._feed.take(test, record, path))
        for publication in sent.stored:
            sent.rejected = str(publication.event.extensions.get("rejectcause", ""))
        return sent

    async def _request(self, prepared: _Prepared) -> Reply:
        self._service.cause = ""
        exchange = self._service.begin(prepared.router, prepared.head, len(prepared.body))
        return exchange if isinstance(exchange, Reply) else await self._service.serve(exchange, prepared.body)

    async def _publish(self, publications: list[Publication]) -> list[Receipt]:
        receipts = await self._gateway.publish(publications)
        self._published += zip(publications, receipts, strict=True)
        return receipts

    async def _prepare(
        self, test: LoadedTest, step: Delivery, path: tuple[str | int, ...], number: int
    ) -> _Prepared:
        body = delivery_body(test, step, path)
        request_path = step.path.partition("?")[0]
        route = self._named(step.to) if step.to else self._at(request_path, step.port)
        port = step.port or (route.endpoint.port if route is not None else min(self._routers, default=0))
        router = self._routers.get(port) or Router([], {})
        headers = {name: value for name, value in step.headers.items() if value is not None}
        given = {name.lower() for name in step.headers}
        if step.form is not None and "content-type" not in given:
            headers["Content-Type"] = _FORM
        if route is not None:
            values = await self._secret_values(test, route, step, (*path, "sign"))
            signed = signed_request(
                route, body, headers, values, delivery_id=str(number), is_signed=step.sign is not False
            )
            headers = signed.headers
            request_path = request_path or signed.path
        if isinstance(step.sign, Sign) and step.sign.tamper:
            body += b" "
        removed = {name.lower() for name, value in step.headers.items() if value is None}
        lowered = {name.lower(): (value,) for name, value in headers.items() if name.lower() not in removed}
        method = step.method or (route.source.methods[0] if route is not None else "POST")
        query = step.query or step.path.partition("?")[2]
        head = RawRequest(method=method, path=request_path, query=query, headers=lowered, peer=step.peer)
        return _Prepared(router, head, body)

    def _named(self, name: str) -> Route | None:
        for route in self._routes:
            if name in {route.topic.event_name, f"{route.topic.event_source}/{route.topic.event_name}"}:
                return route
        return None

    def _at(self, request_path: str, port: int | None) -> Route | None:
        for number, router in self._routers.items():
            found = router.find(request_path) if port in {None, number} else None
            if found is not None:
                return found[0]
        return None

    async def _secret_values(
        self, test: LoadedTest, route: Route, step: Delivery, path: tuple[str | int, ...]
    ) -> Mapping[SecretRef, bytes]:
        refs, sign = route.proof.refs, step.sign
        if isinstance(sign, Sign) and sign.secret:
            value = _chosen(test, sign.secret, (*path, "secret"))
            return dict.fromkeys(refs, value)
        values: dict[SecretRef, bytes] = {}
        for ref in refs:
            try:
                values[ref] = await self._secrets.read(ref)
            except SecretUnavailable as error:
                if sign is not False and ref == refs[0]:
                    raise RefusedTest([test.fault(path, f"cannot be signed: {error}")]) from error
                # Without a proof only a token in the path is asked for, and none is known.
                values[ref] = b"unknown"
        return values


class _Service(Service):
    """The front's service, which tells the cause of a refusal also where the sender must not learn it."""

    def __init__(self, publish: Any, secrets: StandIns, gateway: Gateway, metrics: Metrics) -> None:
        super().__init__(ServerSettings(), publish, secrets, gateway.clock, metrics, Logger("testing"))
        self.cause = ""

    def refuse(
        self, rejected: Rejected, peer: str, route: Route | None = None, *, event_source: str = ""
    ) -> Reply:
        self.cause = rejected.cause
        return super().refuse(rejected, peer, route, event_source=event_source)


def _chosen(test: LoadedTest, name: str, path: tuple[str | int, ...]) -> bytes:
    """The value of NAME or NAME/KEY in the document's `secrets`."""
    secret, _, key = name.partition("/")
    keys = test.model.secrets.get(secret, {})
    if key in keys or (not key and len(keys) == 1):
        return (keys[key] if key else next(iter(keys.values()))).encode()
    known = sorted(f"{one}/{its_key}" for one, its_keys in test.model.secrets.items() for its_key in its_keys)
    fix = f"`secrets` has: {', '.join(known)}" if known else "add it to `secrets`"
    raise RefusedTest([test.fault(path, f"`{name}` is not one key of `secrets`", fix)])


def _note(sent: Sent, reply: Reply, published: list[tuple[Publication, Receipt]], cause: str) -> None:
    sent.status = reply.status
    sent.headers = {name.lower(): value for name, value in reply.headers.items()}
    sent.headers["content-type"] = reply.content_type
    sent.body = _json_or_text(reply.body)
    _note_stored(sent, published)
    sent.rejected = cause
    if not cause and isinstance(sent.body, dict):
        # A delivery that is kept in quarantine is refused by the answer alone.
        kept = _CAUSE.search(str(sent.body.get("type", "")))
        sent.rejected = kept[1] if kept else str(sent.body.get("rejected", ""))


def _note_stored(sent: Sent, published: list[tuple[Publication, Receipt]]) -> None:
    standings = [receipt.standing for _publication, receipt in published]
    sent.is_duplicate = bool(standings) and Standing.NEW not in standings
    sent.stored += [publication for publication, receipt in published if receipt.standing is Standing.NEW]


def _json_or_text(body: bytes) -> Any:
    try:
        return orjson.loads(body) if body else None
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "replace")
