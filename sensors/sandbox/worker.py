"""One worker process, seen from the gateway."""

from __future__ import annotations

import asyncio
import functools
import importlib.util
import signal
import sys
from pathlib import Path
from typing import cast

from sensors.sandbox.errors import SandboxUnavailable
from sensors.sandbox.protocol import Frames, Reply

BOOTSTRAP = "import sys; sys.path += sys.argv[3:]; from sensors.sandbox.child import main; main()"
START_TIMEOUT_S = 30.0
"""A worker takes a tenth of a second to start; a machine that swaps takes longer."""
END_TIMEOUT_S = 5.0


class Ended(Exception):
    """The process is gone. `signal` ended it, or it is 0."""

    def __init__(self, code: int | None) -> None:
        self.signal = -code if code is not None and code < 0 else 0
        name = signal.Signals(self.signal).name if self.signal else f"exit code {code}"
        super().__init__(name)

    @property
    def by_deadline(self) -> bool:
        """Whether its own clock ended it."""
        return self.signal in {signal.SIGPROF, signal.SIGXCPU}


@functools.lru_cache(maxsize=8)
def command(memory_bytes: int, idle_s: float = 0.0) -> tuple[str, ...]:
    """The command of a worker: without the environment, the site's folders and the current folder."""
    paths = [str(Path(__file__).parents[2])]
    for package in ("msgspec", "orjson", "lupa", "re2"):
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            paths.append(str(Path(spec.origin).parents[1]))
    return (
        *(sys.executable, "-I", "-S", "-c", BOOTSTRAP, str(memory_bytes), str(idle_s)),
        *dict.fromkeys(paths),
    )


class Worker(asyncio.SubprocessProtocol):
    """A process that answers one call at a time."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.calls = 0
        """How many it has been given."""
        self._frames = Frames()
        self._waiting: asyncio.Future[Reply] = loop.create_future()
        self._gone: asyncio.Future[None] = loop.create_future()
        self._transport: asyncio.SubprocessTransport | None = None
        self._pipe: asyncio.WriteTransport | None = None

    @property
    def is_gone(self) -> bool:
        """Whether the process has ended, as far as is known."""
        return self._gone.done()

    @classmethod
    async def start(cls, memory_bytes: int) -> Worker:
        """A worker that is ready. Raises SandboxUnavailable."""
        loop = asyncio.get_running_loop()
        worker = cls()
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await loop.subprocess_exec(
                    lambda: worker,
                    *command(memory_bytes),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.DEVNULL,
                    env={},
                    cwd="/",
                    start_new_session=True,
                )
                await worker._waiting
        except (OSError, TimeoutError, Ended) as error:
            await worker.close()
            raise SandboxUnavailable(f"no worker process could be started: {error!r}") from error
        except asyncio.CancelledError:
            await worker.close()
            raise
        return worker

    async def call(self, request: bytes, wall_s: float) -> Reply:
        """The answer. Raises Ended when the process is gone, TimeoutError when it has to be killed."""
        if self._pipe is None or self._gone.done():
            raise Ended(None)
        self.calls += 1
        self._waiting = asyncio.get_running_loop().create_future()
        self._pipe.write(request)
        async with asyncio.timeout(wall_s):
            return await self._waiting

    def kill(self) -> None:
        """End it at once."""
        if self._transport is not None and not self._gone.done():
            try:
                self._transport.kill()
            except ProcessLookupError:
                return  # it was faster

    async def close(self) -> None:
        """End it, and wait until it is gone."""
        self.kill()
        if self._transport is not None:
            async with asyncio.timeout(END_TIMEOUT_S):
                await self._gone
            self._transport.close()

    # asyncio.SubprocessProtocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Other event loops have transports that inherit nothing.
        self._transport = cast("asyncio.SubprocessTransport", transport)
        self._pipe = cast("asyncio.WriteTransport | None", self._transport.get_pipe_transport(0))

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        del fd
        try:
            reply = self._frames.feed(data)
        except ValueError:
            self.kill()
            return
        if reply is not None and not self._waiting.done():
            self._waiting.set_result(reply)

    def process_exited(self) -> None:
        if not self._gone.done():
            self._gone.set_result(None)
        if not self._waiting.done():
            code = None if self._transport is None else self._transport.get_returncode()
            self._waiting.set_exception(Ended(code))
            # Nobody may be waiting: an idle worker that ended is found out when it is asked.
            self._waiting.exception()
