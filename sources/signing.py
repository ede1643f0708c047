"""A delivery as its genuine sender would send it: for `kikkake send`, `kikkake test` and the demo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from events.ports import SecretRef
from sources.ingest import Route
from sources.verify import PathToken, Signed


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """Path and headers of a POST; the body is the one that was signed."""

    path: str
    headers: dict[str, str]


def signed_request(
    route: Route,
    body: bytes,
    headers: Mapping[str, str],
    secrets: Mapping[SecretRef, bytes],
    *,
    delivery_id: str,
    is_signed: bool = True,
) -> SignedRequest:
    """What the sender of this kind would send; `headers` win over what it adds by itself.

    Without `is_signed` the proof's headers are left out; a token in the path stays, since it is the address.
    Raises KeyError when the first secret of the route is not in `secrets`.
    """
    added = route.source.sender_headers(delivery_id)
    signed = Signed()
    if is_signed or needs_secret_for_path(route):
        signed = route.proof.sign(body, secrets)
    if is_signed:
        added |= {_title(name): value for name, value in signed.headers.items()}
    given = {name.lower() for name in headers}
    kept = {name: value for name, value in added.items() if name.lower() not in given}
    return SignedRequest(route.pattern.fill(dict(signed.segments)), kept | dict(headers))


def needs_secret_for_path(route: Route) -> bool:
    """Whether the address itself holds a secret: then also an unsigned delivery needs it."""
    return f"{{{PathToken.segment}}}" in route.pattern.text


def _title(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))
