"""One listening socket with one application: started whole or not at all, and a taken port is a clear error."""

from __future__ import annotations

import asyncio
import errno
import ssl

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from events.errors import KikkakeError

_MAX_CONNECTIONS = 100
"""A scraper, the probes, a console and some commands need ten."""

_KEEPALIVE_TIMEOUT_S = 75.0
"""Above the 60 s in which Prometheus and kubelet ask again at the latest, so that they keep their connection."""
_STOP_TIMEOUT_S = 3.0
"""Open questions get this long when the process stops; everything they read is on disk."""


class ListenFailed(KikkakeError):
    """The address cannot be listened on; the text names the flag that moves it."""

    retryable = True


class Listener:
    """Serves `app` on `host`:`port` from `start` to `stop`. Port 0 takes a free one."""

    def __init__(
        self,
        app: web.Application,
        *,
        name: str,
        host: str,
        port: int,
        flag: str,
        tls: ssl.SSLContext | None = None,
        first_request_timeout_s: float = 10.0,
    ) -> None:
        """`tls` may get another certificate while it is in use. `first_request_timeout_s`: from connecting to the end
        of the first headers, which aiohttp leaves open.
        """
        self._name = name
        self._host = host
        self._port = port
        self._flag = flag
        self._tls = tls
        self._first_request_timeout_s = first_request_timeout_s
        self._silent: dict[web.RequestHandler, asyncio.TimerHandle] = {}
        self._server: asyncio.Server | None = None
        app.middlewares.insert(0, _noting(self._silent))
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            keepalive_timeout=_KEEPALIVE_TIMEOUT_S,
            lingering_time=1.0,
            shutdown_timeout=_STOP_TIMEOUT_S,
        )

    @property
    def port(self) -> int:
        """The port that is listened on; the one asked for before `start`."""
        return int(self._server.sockets[0].getsockname()[1]) if self._server is not None else self._port

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'http' if self._tls is None else 'https'}://{host}:{self.port}"

    async def start(self) -> None:
        """Listen. Raises ListenFailed."""
        await self._runner.setup()
        try:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(
                self._connect,
                self._host,
                self._port,
                ssl=self._tls,
                ssl_handshake_timeout=None if self._tls is None else self._first_request_timeout_s,
            )
        except OSError as error:
            await self._runner.cleanup()
            raise ListenFailed(self._explain(error)) from error

    async def stop(self) -> None:
        """Close the socket, give open questions `_STOP_TIMEOUT_S`, close their connections."""
        if self._server is not None:
            self._server.close()
        async with asyncio.timeout(2 * _STOP_TIMEOUT_S):
            await self._runner.cleanup()
        for timer in self._silent.values():
            timer.cancel()

    def _connect(self) -> asyncio.Protocol:
        server = self._runner.server
        if server is None or len(server.connections) >= _MAX_CONNECTIONS:
            return _Busy()
        connection = server()
        loop = asyncio.get_running_loop()
        self._silent[connection] = loop.call_later(self._first_request_timeout_s, self._expire, connection)
        return connection

    def _expire(self, connection: web.RequestHandler) -> None:
        self._silent.pop(connection, None)
        connection.force_close()

    def _explain(self, error: OSError) -> str:
        where = f"{self._name}: cannot listen on {self._host}:{self._port}"
        if error.errno == errno.EADDRINUSE:
            return (
                f"{where}: the port is taken, perhaps by another kikkake; stop that one or choose another port "
                f"with {self._flag} PORT"
            )
        if error.errno == errno.EACCES:
            return f"{where}: ports below 1024 need a privilege; choose another port with {self._flag} PORT"
        if error.errno == errno.EADDRNOTAVAIL:
            return f"{where}: this machine has no such address"
        return f"{where}: {error.strerror or error}"


class _Busy(asyncio.Protocol):
    """Closes at once: too many are connected."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


def _noting(silent: dict[web.RequestHandler, asyncio.TimerHandle]) -> Middleware:
    @web.middleware
    async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
        timer = silent.pop(request.protocol, None)
        if timer is not None:
            timer.cancel()
        return await handler(request)

    return note
