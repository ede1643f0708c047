"""A TCP or TLS listener on loopback that owns its connections."""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

# The longest head that `read_head` takes.
_READ_LIMIT_BYTES = 1 << 20


class Listener:
    """Calls `serve` for each connection; a connection that is lost is nothing to report.

    `close` also cuts what is open, and `open` takes the same port again, so that both together are an outage.
    """

    def __init__(self, serve: Serve, tls: ssl.SSLContext | None = None) -> None:
        self.port = 0
        self._serve = serve
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen; the first time on a free port."""
        self._server = await asyncio.start_server(
            self._own, "127.0.0.1", self.port, ssl=self._tls, limit=_READ_LIMIT_BYTES
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Refuse new connections and cut the open ones; returns when they are gone."""
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _own(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Not the task that asyncio made for this call: cancelling that one is reported as an error.
        task = asyncio.create_task(self._serve_until_lost(reader, writer), name=f"connection:{self.port}")
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve_until_lost(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
                await self._serve(reader, writer)
        finally:
            # At once and with a reset: a test that cuts a connection means it.
            writer.transport.abort()
