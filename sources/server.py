"""The HTTP front: ports, TLS, swapping routes while running, draining. Has no line about any kind.

`apply` gives it the EventSources that are to be served from now on. A port that stays is never closed; a
port that cannot be opened, or a path that is taken, is a problem of the events that asked for it and disturbs
nobody else.
"""

from __future__ import annotations

import asyncio
import errno
import os
import ssl
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from events.clock import US_PER_S, Clock
from events.errors import KikkakeError, Severity
from events.log import Logger
from events.metrics import Metrics
from events.ports import SecretRef, Secrets, SecretUnavailable
from sources.connection import Connection
from sources.ingest import Route
from sources.limits import ServerSettings
from sources.listening import Listening, Planner, RouteProblem, plan_declared, problems_of
from sources.router import Router
from sources.secret_look import look_at_secrets
from sources.service import Publish, Service
from sources.spec import EventSourceSpec

_TICK_S = 0.5
"""How often deadlines are looked at: a deadline passes at most this much late."""


class TlsBroken(KikkakeError):
    """The certificate or its key cannot be used; the text names the secret."""


class Front:
    """All ports of one gateway."""

    def __init__(
        self,
        settings: ServerSettings,
        publish: Publish,
        secrets: Secrets,
        clock: Clock,
        metrics: Metrics,
        log: Logger,
        *,
        plan: Planner = plan_declared,
    ) -> None:
        self._settings = settings
        self._plan = plan
        self._wanted: Mapping[int, Listening] = {}
        self._secrets = secrets
        self._clock = clock
        self._metrics = metrics
        self._log = log.bind(part="front")
        self._service = Service(settings, publish, secrets, clock, metrics, self._log)
        self._ports: dict[int, _Port] = {}
        self._gone: dict[int, dict[str, tuple[int, str]]] = {}
        self._connections: set[Connection] = set()
        self._peers: Counter[str] = Counter()
        self._ticker: asyncio.TimerHandle | None = None
        self._applying = asyncio.Lock()
        self._told: list[RouteProblem] = []
        self.refused_ports: set[int] = set()
        """Numbers of the plan that were in use by somebody else at the last `apply`."""
        self.applied: Callable[[], None] = lambda: None
        """Called after each `apply`."""

    async def apply(self, specs: Iterable[EventSourceSpec]) -> list[RouteProblem]:
        """Serve exactly these from now on, and say which of their events cannot be served.

        Where two want the same port and path the earlier one in `specs` has it. Paths that are no longer
        served answer 410 for an hour.
        """
        async with self._applying:
            plan = self._plan(specs)
            wanted, problems = plan.ports, plan.problems
            self.refused_ports.clear()
            self._remember_gone(wanted)
            for number in [
                number for number in self._ports if number not in wanted and not self._gone.get(number)
            ]:
                await self._ports.pop(number).close()
            for number, listening in wanted.items():
                problems += await self._serve_port(number, listening)
            for number, port in self._ports.items():
                if number not in wanted:
                    port.router = Router((), self._gone[number])
            self._wanted = wanted
            self._service.old_secrets.keep_only(self._routes())
            self.applied()
            return [*problems, *self._limits_beyond_the_bus()]

    def addresses(self) -> dict[int, tuple[str, int]]:
        """Declared port -> where it listens."""
        return {number: port.address for number, port in self._ports.items()}

    def urls(self, namespace: str, event_source: str) -> tuple[str, ...]:
        """Where the events of an EventSource are delivered on this machine."""
        wanted = (namespace, event_source)
        return tuple(
            f"{port.base}{route.pattern.text}"
            for number, listening in self._wanted.items()
            if (port := self._ports.get(number)) is not None
            for route in listening.routes
            if (route.topic.namespace, route.topic.event_source) == wanted
        )

    @property
    def body_bytes_in_flight(self) -> int:
        """Bytes of bodies that are held right now."""
        return self._service.body_bytes

    async def drain(self) -> None:
        """Stop taking in: close the listeners, answer 503 on open connections, finish what is being answered.

        Returns when nothing is in flight any more, or after `drain_timeout_s`.
        """
        self._service.is_draining = True
        for port in self._ports.values():
            port.stop_listening()
        for connection in list(self._connections):
            connection.drain()
        tasks = {connection.task for connection in self._connections if connection.task is not None}
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self._settings.drain_timeout_s)
            if late:
                self._log.warning("front.drain_incomplete", requests=len(late))

    async def close(self) -> None:
        """Close everything now; requests that are still in flight get no answer."""
        self._service.is_draining = True
        for port in self._ports.values():
            port.stop_listening()
        tasks = {connection.task for connection in self._connections if connection.task is not None}
        for connection in list(self._connections):
            connection.abort()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for port in self._ports.values():
            await port.close()
        self._ports.clear()
        if self._ticker is not None:
            self._ticker.cancel()
            self._ticker = None

    def opened(self, connection: Connection) -> bool:
        """Register a connection; False = there are too many, in all or of its peer."""
        self._connections.add(connection)
        self._peers[connection.peer] += 1
        self._metrics.connections.set(len(self._connections))
        if self._ticker is None:
            self._ticker = asyncio.get_running_loop().call_later(self._tick_s(), self._tick)
        return (
            len(self._connections) <= self._settings.max_connections
            and self._peers[connection.peer] <= self._settings.max_connections_per_peer
        )

    def closed(self, connection: Connection) -> None:
        """Forget a connection."""
        self._connections.discard(connection)
        self._peers[connection.peer] -= 1
        if self._peers[connection.peer] <= 0:
            del self._peers[connection.peer]
        self._metrics.connections.set(len(self._connections))

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        for connection in list(self._connections):
            connection.check_deadline(now_s)
        self._metrics.body_bytes_in_flight.set(self._service.body_bytes)
        # Without connections nothing ticks: an idle gateway costs nothing.
        self._ticker = loop.call_later(self._tick_s(), self._tick) if self._connections else None

    def _tick_s(self) -> float:
        settings = self._settings
        shortest_s = min(
            settings.head_timeout_s, settings.body_timeout_s, settings.idle_timeout_s, settings.linger_s
        )
        return min(_TICK_S, shortest_s / 4)

    async def look_at_secrets(self) -> list[RouteProblem]:
        """Routes that answer 503 for now, and secrets that are odd."""
        return await look_at_secrets(self._routes(), self._secrets, self._settings.publish_timeout_s)

    def old_secrets(self) -> Iterator[RouteProblem]:
        """Former secrets that still prove deliveries."""
        return self._service.old_secrets.problems()

    def _limits_beyond_the_bus(self) -> Iterator[RouteProblem]:
        """Endpoints that take more than the bus does: known now, not only when such a delivery comes."""
        bus_limit = self._settings.max_event_bytes
        # On the shared port and on its own a route has the same limit.
        for route in {route.topic: route for route in self._routes()}.values():
            if bus_limit is not None and route.endpoint.max_body_bytes > bus_limit:
                yield from problems_of(
                    [route],
                    "PayloadLimitMismatch",
                    f"`maxPayloadSize` is {route.endpoint.max_body_bytes} bytes, and the store takes events of "
                    f"{bus_limit} (`max_event_bytes`): larger ones are answered 413",
                    severity=Severity.WARNING,
                )

    def _routes(self) -> Iterator[Route]:
        return (route for listening in self._wanted.values() for route in listening.routes)

    def tell(self, problems: list[RouteProblem]) -> None:
        """Log what was not there at the last look; looks are repeated until everything is well."""
        for problem in problems:
            if problem not in self._told:
                is_refused = problem.severity is Severity.ERROR
                say = self._log.error if is_refused else self._log.warning
                say(
                    "route.refused" if is_refused else "route.odd",
                    event_source=f"{problem.namespace}/{problem.event_source}",
                    event_name=problem.event_name,
                    code=problem.code,
                    detail=problem.what,
                )
        self._told = problems

    def _remember_gone(self, wanted: Mapping[int, Listening]) -> None:
        now_us = self._clock.now_us()
        until_us = now_us + round(self._settings.gone_s * US_PER_S)
        for number, port in self._ports.items():
            gone = self._gone.setdefault(number, {})
            for route in port.router.routes:
                gone[route.pattern.text] = (until_us, route.event_source)
            for path in [path for path, entry in gone.items() if entry[0] <= now_us]:
                del gone[path]
        for number, listening in wanted.items():
            for route in listening.routes:
                self._gone.get(number, {}).pop(route.pattern.text, None)

    async def _serve_port(self, number: int, listening: Listening) -> list[RouteProblem]:
        routes = listening.routes
        cert, key = (_read_by(ref, routes[0].account) for ref in (listening.cert, listening.key))
        router = Router(routes, self._gone.setdefault(number, {}))
        port = self._ports.get(number)
        try:
            if port is not None and port.is_tls == (cert is not None):
                port.router = router
                if port.tls is not None:
                    await self._load_certificate(port.tls, cert, key)
                return []
            tls = await self._tls_context(cert, key)
            if port is not None:
                await self._ports.pop(number).close()
            port = _Port(self, self._service, router, tls)
            await port.listen(self._settings.host, self._settings.ports.get(number, number), self._settings)
            self._ports[number] = port
        except SecretUnavailable as error:
            return problems_of(routes, error.code, f"port {number} has no (new) certificate: {error}")
        except TimeoutError:
            return problems_of(
                routes, "SecretNotFound", f"port {number}: its certificate was not read in time"
            )
        except TlsBroken as error:
            return problems_of(routes, "SecretNotFound", f"port {number}: {error}")
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                self.refused_ports.add(number)
            # asyncio wraps the system's words into a sentence of its own around the address.
            reason = os.strerror(error.errno) if error.errno else "the system refused it"
            where = self._settings.ports.get(number, number)
            what = f"port {where} cannot be opened on {self._settings.host} ({reason})"
            text = f"{what}; free it or choose another one"
            return problems_of(routes, "PortUnavailable", text)
        return []

    async def _tls_context(self, cert: SecretRef | None, key: SecretRef | None) -> ssl.SSLContext | None:
        if cert is None or key is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        await self._load_certificate(context, cert, key)
        return context

    async def _load_certificate(
        self, context: ssl.SSLContext, cert: SecretRef | None, key: SecretRef | None
    ) -> None:
        """Into a context that may be in use: new connections get the new certificate."""
        if cert is None or key is None:
            return
        async with asyncio.timeout(self._settings.publish_timeout_s):
            pem = await self._secrets.read(cert)
            key_pem = await self._secrets.read(key)
        try:
            await asyncio.to_thread(load_certificate, context, pem, key_pem)
        except (ssl.SSLError, OSError) as error:
            raise TlsBroken(f"{cert} and {key} are not a PEM certificate and its key") from error


def _read_by(ref: SecretRef | None, account: str | None) -> SecretRef | None:
    return None if ref is None else ref.read_by(account)


def load_certificate(context: ssl.SSLContext, pem: bytes, key_pem: bytes) -> None:
    """Put a certificate and its key into a context. Raises ssl.SSLError: then it is as it was."""
    # The ssl module reads files only; the folder is private to this process and gone at once.
    with tempfile.TemporaryDirectory(prefix="kikkake-tls-") as folder:
        cert_file, key_file = Path(folder, "tls.crt"), Path(folder, "tls.key")
        cert_file.write_bytes(pem)
        key_file.write_bytes(key_pem)
        # One that does not fit would leave a context in use without any; a rotation may come in two halves.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert_file, key_file)
        context.load_cert_chain(cert_file, key_file)


class _Port:
    """One listening socket; `router` is replaced when its routes change."""

    def __init__(self, front: Front, service: Service, router: Router, tls: ssl.SSLContext | None) -> None:
        self.router = router
        self.service = service
        self.tls = tls
        self.address = ("", 0)
        self._front = front
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()

    @property
    def is_tls(self) -> bool:
        return self.tls is not None

    @property
    def base(self) -> str:
        """Scheme, host and port, for a URL."""
        host, number = self.address
        return f"{'https' if self.is_tls else 'http'}://{host}:{number}"

    async def listen(self, host: str, number: int, settings: ServerSettings) -> None:
        """Raises OSError."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self, loop),
            host,
            number,
            ssl=self.tls,
            backlog=1024,
            ssl_handshake_timeout=settings.head_timeout_s if self.tls is not None else None,
        )
        found = self._server.sockets[0].getsockname()
        self.address = (found[0], found[1])

    def opened(self, connection: Connection) -> bool:
        self._connections.add(connection)
        return self._front.opened(connection)

    def closed(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self._front.closed(connection)

    def stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()

    async def close(self) -> None:
        """Stop listening; open connections end after what is being answered."""
        self.stop_listening()
        for connection in list(self._connections):
            connection.drain()
        tasks = [connection.task for connection in self._connections if connection.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=self.service.settings.publish_timeout_s)
