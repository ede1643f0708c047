"""Connections for libraries on urllib3 (dulwich, minio): judged by the address, and closed at the cutoff."""

from __future__ import annotations

import contextlib
import socket
import ssl
import urllib.request
from dataclasses import dataclass
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NameResolutionError, NewConnectionError

from sensors.addresses import AddressPolicy
from sensors.blocking import Cutoff
from sensors.http_client import AddressNotAllowed

_CONNECT_TIMEOUT_S = 10.0
"""For each address of a name."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What every connection of one piece of work is opened with."""

    cutoff: Cutoff
    addresses: AddressPolicy | None

    def connect(self, host: str, port: int) -> socket.socket:
        """A connection to the first address that is allowed and answers; what is connected to is what is judged.

        Raises AddressNotAllowed, TimeoutError, OSError.
        """
        failure: OSError | None = None
        refused = ""
        for address in self.resolve(host, port):
            why = self._refusal(address)
            if why:
                refused = f"{host} resolves to the refused address {address[0]} ({why})"
                continue
            try:
                return self._open(address)
            except OSError as error:
                failure = error
        if failure is None and refused:
            raise AddressNotAllowed(refused)
        raise failure or OSError("the name has no address")

    def allowed_address(self, host: str, port: int) -> str:
        """The address to connect to, for a program that connects by itself. Raises as `connect`."""
        addresses = self.resolve(host, port)
        for address in addresses:
            if not self._refusal(address):
                return str(address[0])
        raise AddressNotAllowed(f"{host} resolves to refused addresses only")

    def resolve(self, host: str, port: int) -> list[Any]:
        """The addresses of a name, as the standard library gives them. Raises OSError: it has none."""
        self.cutoff.remaining_s()
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        return [address for _family, _kind, _protocol, _name, address in found]

    def pool(self, scheme: str, host: str, tls: ssl.SSLContext | None = None) -> urllib3.PoolManager:
        """A pool for one piece of work: no retries, no redirects unless asked for.

        The proxies of the environment are used as Go uses them, unless a policy keeps from it: they hide the address.
        """
        proxy = None
        uses_proxies = self.addresses is None or self.addresses.uses_proxies
        if uses_proxies and not urllib.request.proxy_bypass(host):
            proxy = urllib.request.getproxies().get(scheme)
        pool = (
            urllib3.ProxyManager(proxy, ssl_context=tls, retries=False)
            if proxy
            else urllib3.PoolManager(ssl_context=tls, retries=False)
        )
        pool.pool_classes_by_scheme = _pool_classes(self)
        return pool

    def timeout(self) -> urllib3.Timeout:
        """Of one request: every wait for bytes ends with the work's own time."""
        left_s = self.cutoff.remaining_s()
        return urllib3.Timeout(connect=min(_CONNECT_TIMEOUT_S, left_s), read=left_s)

    def _refusal(self, address: Any) -> str:
        return self.addresses.refusal(str(address[0])) if self.addresses is not None else ""

    def _open(self, address: Any) -> socket.socket:
        family = socket.AF_INET6 if len(address) == 4 else socket.AF_INET
        opened = socket.socket(family, socket.SOCK_STREAM)
        try:
            opened.settimeout(min(_CONNECT_TIMEOUT_S, self.cutoff.remaining_s()))
            opened.connect(address)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException:
            opened.close()
            raise
        self.cutoff.guard(_Shutdown(opened.fileno(), opened.family))
        return opened


class _Shutdown:
    """Wakes whoever reads from a socket. Holds a copy of its own, since TLS takes the socket over."""

    def __init__(self, fileno: int, family: int) -> None:
        self._socket = socket.fromfd(fileno, family, socket.SOCK_STREAM)

    def __call__(self) -> None:
        with contextlib.suppress(OSError):  # closed by the other side already
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def _pool_classes(guard: Guard) -> dict[str, type[urllib3.HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _opened(guard, self)

    class Tls(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _opened(guard, self)

    class PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = Plain

    class TlsPool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Tls

    return {"http": PlainPool, "https": TlsPool}


def _opened(guard: Guard, connection: HTTPConnection) -> socket.socket:
    """With the library's own errors, which its callers know."""
    try:
        return guard.connect(connection.host, connection.port or 80)
    except socket.gaierror as error:
        raise NameResolutionError(connection.host, connection, error) from error
    except TimeoutError:
        raise
    except OSError as error:
        raise NewConnectionError(connection, f"cannot connect: {error.strerror or error}") from error
