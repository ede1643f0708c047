"""Giving templates what the operator lets them reach: the environment, and names of hosts."""

from __future__ import annotations

import concurrent.futures
import os
import socket

from kikkake.settings import ReachSettings
from sensors import templates

_LOOKUP_TIMEOUT_S = 2.0
"""A template waits this long for DNS, and everybody with it: the setting says so."""


def allow_outside(reach: ReachSettings) -> None:
    """Set it for this process, once at its start."""
    templates.allow_outside(
        templates.Outside(
            environment=dict(os.environ) if reach.environment else None,
            resolve_host=_resolve if reach.dns else None,
        )
    )


def _resolve(host: str) -> str:
    """An IPv4 or IPv6 address, or "" where there is none in time, as sprig's `getHostByName`."""
    pool = concurrent.futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix="template-dns")
    try:
        found = pool.submit(socket.getaddrinfo, host, None, 0, socket.SOCK_STREAM).result(_LOOKUP_TIMEOUT_S)
    except (OSError, UnicodeError, TimeoutError):
        return ""
    finally:
        # A lookup that hangs ends by itself; nobody waits for it.
        pool.shutdown(wait=False)
    return str(found[0][4][0]) if found else ""
