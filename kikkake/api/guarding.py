"""Who may ask the admin API: it has no login, so nothing but a local program may reach it.

A web page in the operator's browser is not such a program: its requests carry a foreign `Host` (DNS rebinding)
or an `Origin`, and a POST of a form cannot carry JSON (spec: security, section 2).
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from events.errors import KikkakeError
from kikkake.api.refusal import Refusal

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}


class AdminExposed(KikkakeError):
    """The admin API was asked to listen where others can reach it."""


def require_loopback(host: str) -> None:
    """Raises AdminExposed unless `host` is this machine itself."""
    if not is_loopback(host):
        raise AdminExposed(
            f"admin API: `{host}` can be reached from outside and the API has no login in this version; "
            "listen on 127.0.0.1 or ::1, and reach it from afar through an SSH tunnel or kubectl port-forward"
        )


def is_loopback(host: str) -> bool:
    """Whether the name or address always means this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def local_callers_only(allowed_hosts: frozenset[str]) -> Middleware:
    """A middleware that refuses foreign `Host` and `Origin` headers and a POST that is not JSON."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        host = _host_name(request.headers.get("Host", ""))
        if not (is_loopback(host) or host in allowed_hosts):
            raise Refusal(421, "Host not served here", "ask by 127.0.0.1 or localhost")
        origin = request.headers.get("Origin")
        if origin is not None and origin != f"http://{request.headers['Host']}":
            raise Refusal(403, "Origin not allowed", "the admin API takes no requests from web pages")
        if request.method == "POST" and request.content_type != "application/json":
            raise Refusal(415, "Content type not supported", "send application/json")
        return await handler(request)

    return guard


@web.middleware
async def safe_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every answer, also a refusal, forbids browsers to sniff, frame, run or keep it."""
    answer = await handler(request)
    answer.headers.update(HEADERS)
    return answer


def _host_name(header: str) -> str:
    try:
        return (urlsplit(f"//{header}").hostname or "").lower()
    except ValueError:
        return ""
