"""Routes from YAML texts, recorded deliveries, and secrets that are simply there."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from events.bus import Publication, Receipt, Standing
from events.clock import parse_time
from events.ports import SecretRef, SecretUnavailable
from events.resource import read_documents
from events.topic import event_key
from sources.delivery import RawRequest
from sources.ingest import Accepted, Route, accept, make_route
from sources.signing import signed_request
from sources.spec import EventSourceSpec, read_event_source

ROOT = Path(__file__).parent.parent.parent
PAYLOADS = ROOT / "tests" / "payloads"
RECORDED = ROOT.parent / "shared" / "payloads"
NOW_US = parse_time("2026-11-24T10:00:00Z") or 0
SECRET = b"a secret of at least 22 letters"

needs_recorded = pytest.mark.skipif(
    not RECORDED.is_dir(), reason="recorded deliveries are not beside the project"
)


def spec_of(text: str, *, file: str = "source.yaml") -> EventSourceSpec:
    documents, findings = read_documents(text, file)
    assert findings == []
    return read_event_source(documents[0])


def event_source(kind: str, event: str, *, name: str = "in", namespace: str = "ci") -> str:
    """A whole resource with one event `e` of the kind; `event` is YAML in flow style."""
    return (
        "apiVersion: argoproj.io/v1alpha1\nkind: EventSource\n"
        f"metadata: {{name: {name}, namespace: {namespace}}}\n"
        f"spec: {{{kind}: {{e: {event}}}}}\n"
    )


def route_of(kind: str, event: str) -> Route:
    spec = spec_of(event_source(kind, event))
    assert len(spec.events) == 1, spec.findings
    return make_route(spec.events[0].source, spec.event_bus_name)


def example_route(kind: str) -> Route:
    """The route of examples/sources/KIND.yaml."""
    spec = spec_of((ROOT / "examples" / "sources" / f"{kind}.yaml").read_text())
    return make_route(spec.events[0].source, spec.event_bus_name)


def secrets_of(route: Route) -> dict[SecretRef, bytes]:
    return dict.fromkeys(route.proof.refs, SECRET)


def send(
    route: Route, body: bytes, headers: dict[str, str] | None = None, *, method: str = "POST", query: str = ""
):
    """Run a delivery through the production path as its sender would send it; raises Rejected."""
    secrets = secrets_of(route)
    signed = signed_request(route, body, headers or {}, secrets, delivery_id="d1")
    lowered = {name.lower(): (value,) for name, value in signed.headers.items()}
    request = RawRequest(
        method=method, path=signed.path, query=query, headers=lowered, body=body, peer="10.0.0.9"
    )
    segments = route.pattern.match(signed.path)
    assert segments is not None
    return accept(route, request, segments, secrets, now_us=NOW_US, new_id=lambda: "new-id")


def events_of(route: Route, body: bytes, headers: dict[str, str] | None = None, **more: str):
    accepted = send(route, body, headers, **more)
    assert isinstance(accepted, Accepted)
    return [publication.event for publication in accepted.publications]


def own_payloads(kind: str) -> Iterator[tuple[str, bytes, dict[str, str]]]:
    """Name, body and headers of the deliveries written by hand for a kind."""
    for file in sorted((PAYLOADS / kind).glob("*.json")):
        yield file.stem, file.read_bytes(), headers_beside(file)


def headers_beside(file: Path) -> dict[str, str]:
    beside = file.with_suffix(".headers")
    if not beside.exists():
        return {}
    lines = [line.partition(":") for line in beside.read_text().splitlines() if line]
    return {name: value.strip() for name, _, value in lines}


def data_of(event) -> dict:
    return json.loads(event.data)


class FixedSecrets:
    """Every secret has a value, except those that are listed as missing."""

    def __init__(self, value: bytes = SECRET, missing: frozenset[str] = frozenset()) -> None:
        self.values: dict[str, bytes] = {}
        self.missing = missing
        self._value = value

    async def read(self, ref: SecretRef) -> bytes:
        if ref.name in self.missing:
            raise SecretUnavailable(f"{ref} not found")
        return self.values.get(ref.name, self._value)


class RememberingBus:
    """Takes publications as the bus does: a known key is a duplicate. The real one has its own contract suite."""

    def __init__(self) -> None:
        self.stored: list[Publication] = []
        self.keys: set[bytes] = set()
        self.fault: Exception | None = None

    async def publish(self, publications: list[Publication]) -> list[Receipt]:
        if self.fault is not None:
            raise self.fault
        receipts = []
        for publication in publications:
            key = event_key(publication.topic, publication.event.source, publication.event.id)
            standing = Standing.DUPLICATE if key in self.keys else Standing.NEW
            if standing is Standing.NEW:
                self.keys.add(key)
                self.stored.append(publication)
            receipts.append(Receipt(standing, key, len(self.stored)))
        return receipts
