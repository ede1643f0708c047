"""From a request to publications, without a socket and without a clock: the front and `kikkake test` both come here.

The order is rule 1 of spec: signatures, section 1: method, headers, (the front reads the body,) proof over the
raw bytes, parsing. What a refused request may learn is decided here too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import orjson

from events.bus import Provenance, Publication, Receipt, Standing
from events.event import Event
from events.ports import SecretRef
from events.topic import Topic
from sources.delivery import Answered, Delivery, Headers, RawRequest, Rejected
from sources.event_filter import EventFilter, Verdict, filter_of
from sources.route import Endpoint, PathPattern, compile_path
from sources.source import Parsed, PushSource
from sources.verify import SIGNATURE_HEADERS, Evidence, Proof, Unproven, refused

PROBLEMS = "/problems/"
"""Prefix of the problem types, relative to wherever the documentation is served; the page is docs/problems.md."""
REJECTED_SUFFIX = "!rejected"
"""Event name of deliveries in quarantine: EVENT plus this. No Sensor sees them unless it names it."""
REJECTED_TYPE = "kikkake.rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One event of one EventSource as the front serves it: everything a request needs, looked up once."""

    source: PushSource
    topic: Topic
    endpoint: Endpoint
    pattern: PathPattern
    proof: Proof
    credential_headers: frozenset[str]
    """Refused when doubled, and never part of an event."""
    keeps_rejected: bool
    event_filter: EventFilter | None
    account: str | None = None
    """ServiceAccount (NAMESPACE/NAME) that its secrets are read with; None = the gateway's own identity."""
    is_suspended: bool = False

    @property
    def event_source(self) -> str:
        """NAMESPACE/NAME, as metrics and logs name it."""
        return f"{self.topic.namespace}/{self.topic.event_source}"


def make_route(
    source: PushSource, event_bus: str, *, account: str | None = None, is_suspended: bool = False
) -> Route:
    """The route of a source that passed `spec.read_event_source`."""
    endpoint = source.endpoint()
    proof = source.proof()
    return Route(
        source=source,
        topic=Topic(source.namespace, event_bus, source.event_source, source.event_name),
        endpoint=endpoint,
        pattern=compile_path(endpoint.path),
        proof=proof,
        credential_headers=SIGNATURE_HEADERS | frozenset(proof.headers),
        keeps_rejected=bool(getattr(source.config, "keep_rejected", False)),
        event_filter=filter_of(source.config),
        account=account,
        is_suspended=is_suspended,
    )


class Accepted(msgspec.Struct, frozen=True):
    """What is to be published before the sender gets its answer; `rejected` says why it is only kept."""

    publications: list[Publication]
    rejected: Rejected | None = None
    old_secret: SecretRef | None = None
    """The former one that proved it."""
    dropped: tuple[Verdict, ...] = ()
    """What the source's own filter said of the events that it dropped."""


class Reply(msgspec.Struct, frozen=True):
    """A finished answer."""

    status: int
    body: bytes
    content_type: str
    headers: Mapping[str, str]


def accept(
    route: Route,
    request: RawRequest,
    segments: Mapping[str, str],
    secrets: Mapping[SecretRef, bytes],
    *,
    now_us: int,
    new_id: Callable[[], str],
) -> Accepted | Answered:
    """All checks on a whole request. `segments` are the path's values as `route.pattern.match` gave them.

    Raises:
        Rejected: nothing may be published.
    """
    answered = check_head(route, request.method, request.headers)
    if answered is not None:
        return answered
    if len(request.body) > route.endpoint.max_body_bytes:
        raise too_large(route)
    return admit(route, request, segments, secrets, now_us=now_us, new_id=new_id)


def check_head(route: Route, method: str, headers: Headers) -> Answered | None:
    """What can be said before the body is read: None = read it. Raises Rejected."""
    source = route.source
    if method not in source.methods:
        if method == "OPTIONS" and (answered := source.preflight(headers)) is not None:
            return answered
        allow = {"Allow": ", ".join(source.methods)}
        raise Rejected(405, "method", "Method not allowed", headers=allow)
    for name, values in headers.items():
        if len(values) > 1:
            _check_doubled(route, name)
    encoding = headers.get("content-encoding")
    if encoding and any(value.strip().lower() not in {"", "identity"} for value in encoding):
        raise Rejected(415, "content-encoding", "Encoding not supported")
    return None


def _check_doubled(route: Route, name: str) -> None:
    if name in route.credential_headers:
        raise refused("duplicate-header", scheme=route.proof.scheme if name == "authorization" else "")
    if name == "content-type" or name in route.source.id_headers:
        raise Rejected(400, "duplicate-header", "Malformed request")


def too_large(route: Route) -> Rejected:
    """413 with the one number that may be told before authentication."""
    limit = route.endpoint.max_body_bytes
    return Rejected(
        413,
        "too-large",
        "Body too large",
        f"limit {limit} bytes",
        note=f"maxPayloadSize of event {route.topic.event_name}",
    )


def admit(
    route: Route,
    request: RawRequest,
    segments: Mapping[str, str],
    secrets: Mapping[SecretRef, bytes],
    *,
    now_us: int,
    new_id: Callable[[], str],
) -> Accepted | Answered:
    """Proof and parsing of a request whose head was found right. Raises Rejected."""
    verified = route.proof.verify(Evidence(request.headers, segments, request.body, secrets))
    provenance = Provenance(now_us, request.peer, route.source.kind, verified.how)
    delivery = _delivery(route, request, now_us)
    mac = None
    if route.source.replay_by_mac:
        mac = verified.mac or hashlib.sha256(request.body).digest()
    try:
        found = route.source.events(delivery)
        if isinstance(found, Answered):
            return found
        kept, dropped = _filtered(route, found, now_us)
        publications = [
            Publication(
                route.topic,
                parsed.event if parsed.event.id else msgspec.structs.replace(parsed.event, id=new_id()),
                provenance,
                None if parsed.replay_exempt else mac,
            )
            for parsed in kept
        ]
    except Rejected as rejected:
        return _keep(route, delivery, provenance, rejected.after_proof())
    return Accepted(publications, old_secret=verified.old_secret, dropped=dropped)


def _filtered(
    route: Route, found: Iterable[Parsed], now_us: int
) -> tuple[Iterable[Parsed], tuple[Verdict, ...]]:
    """The events that the source's own filter lets pass, and what it said of the others."""
    if route.event_filter is None:
        return found, ()
    kept: list[Parsed] = []
    dropped: list[Verdict] = []
    for parsed in found:
        verdict = route.event_filter.judge(parsed.event.data, now_us)
        if verdict.is_passed:
            kept.append(parsed)
        else:
            dropped.append(verdict)
    return kept, tuple(dropped)


def _delivery(route: Route, request: RawRequest, now_us: int) -> Delivery:
    topic = route.topic
    credentials = route.credential_headers
    return Delivery(
        namespace=topic.namespace,
        event_source=topic.event_source,
        event_name=topic.event_name,
        method=request.method,
        # The declared path: the one that was asked for may hold a token.
        path=route.pattern.text,
        query=request.query,
        headers={name: values for name, values in request.headers.items() if name not in credentials},
        body=request.body,
        peer=request.peer,
        received_us=now_us,
    )


def _keep(route: Route, delivery: Delivery, provenance: Provenance, rejected: Rejected) -> Accepted:
    """Quarantine an authentic delivery that cannot be used, or raise what it was refused with."""
    is_final = 400 <= rejected.status < 500
    # On request only for senders that proved themselves: nobody else may fill the disk with what is no event.
    keeps = route.keeps_rejected and not isinstance(route.proof, Unproven)
    if not (is_final and (route.source.punishes_4xx or keeps)):
        raise rejected
    event = Event(
        # The same bytes again are the same record: such senders repeat what they were not thanked for.
        id=hashlib.sha256(delivery.body).hexdigest()[:32],
        source=delivery.event_source,
        type=REJECTED_TYPE,
        subject=delivery.event_name,
        time=None,
        datacontenttype=delivery.header("content-type"),
        extensions={"rejectcause": rejected.cause, "rejectdetail": rejected.detail},
        data=delivery.body,
    )
    topic = route.topic._replace(event_name=route.topic.event_name + REJECTED_SUFFIX)
    return Accepted([Publication(topic, event, provenance)], rejected)


def stored_reply(route: Route, accepted: Accepted, receipts: Sequence[Receipt], request_id: str) -> Reply:
    """The answer once the bus has everything (B1)."""
    if accepted.rejected is not None and not route.source.punishes_4xx:
        return problem(accepted.rejected, request_id)
    ids = [publication.event.id for publication in accepted.publications]
    body: dict[str, Any] = {"id": ids[0]} if len(ids) == 1 else {"ids": ids}
    status = route.source.stored_status
    if accepted.rejected is not None:
        status = 202
        body["rejected"] = accepted.rejected.cause
    elif not ids:
        body["filtered"] = True
        if any(verdict.failure for verdict in accepted.dropped):
            # The sender has done nothing wrong: success, as upstream, but visible to who tries the filter out.
            body["filterFailed"] = True
    known = [id_ for id_, receipt in zip(ids, receipts, strict=True) if receipt.standing is not Standing.NEW]
    if known:
        body["duplicate"] = len(known) == len(ids)
        if len(known) < len(ids):
            body["duplicates"] = known
        if any(receipt.standing is Standing.SUSPECTED_REPLAY for receipt in receipts):
            status = 202
    return Reply(status, orjson.dumps(body), "application/json", {})


def answered_reply(answered: Answered) -> Reply:
    """The answer to a lifecycle message."""
    body = b"" if answered.body is None else orjson.dumps(answered.body)
    return Reply(answered.status, body, "application/json", answered.headers)


def problem(rejected: Rejected, request_id: str) -> Reply:
    """RFC 9457; before authentication only title, status and requestId, and a detail where one may be told."""
    body: dict[str, Any] = {}
    if rejected.is_authentic:
        body["type"] = PROBLEMS + rejected.cause
    body |= {"title": rejected.title, "status": rejected.status}
    if rejected.detail:
        body["detail"] = rejected.detail
    body["requestId"] = request_id
    return Reply(rejected.status, orjson.dumps(body), "application/problem+json", rejected.headers)
