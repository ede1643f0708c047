"""The admin API: JSON under /api/v1 for the commands and the console of this machine.

It is one listener; /metrics and the probes have another (`observability.py`), since those may be reached from afar.
"""

from __future__ import annotations

from aiohttp import web
from prometheus_client import CollectorRegistry

from kikkake.api.guarding import local_callers_only, require_loopback, safe_headers
from kikkake.api.listener import Listener
from kikkake.api.observability import observability_app
from kikkake.api.problem import problems
from kikkake.api.routes import AdminRoutes
from kikkake.api.services import ApiServices

_MAX_BODY_BYTES = 16_384
"""Orders are small objects."""


def admin_listener(
    services: ApiServices,
    *,
    host: str,
    port: int,
    flag: str = "--admin-port",
    allowed_hosts: frozenset[str] = frozenset(),
) -> Listener:
    """The admin API, not started yet. `allowed_hosts` are further names that a `Host` header may carry.

    Raises AdminExposed unless `host` is loopback.
    """
    require_loopback(host)
    app = web.Application(
        middlewares=[safe_headers, problems, local_callers_only(allowed_hosts)],
        client_max_size=_MAX_BODY_BYTES,
    )
    AdminRoutes(services).add_to(app)
    return Listener(app, name="admin API", host=host, port=port, flag=flag)


def observability_listener(
    services: ApiServices, registry: CollectorRegistry, *, host: str, port: int, flag: str = "--metrics-port"
) -> Listener:
    """/metrics (the families of `registry`), /healthz, /readyz, not started yet."""
    return Listener(observability_app(services, registry), name="metrics", host=host, port=port, flag=flag)
