"""The gateway under test: the real command as a child process, started, killed and asked from outside."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import aiohttp

from tests.crash.home import Home
from tests.servers.process import ServerFailed, ServerProcess, quiet_ports

_ROOT = Path(__file__).parents[2]
_PACKAGES = ("events", "sources", "sensors", "kikkake", "tests/crash")

_READY_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 100.0
_ASK_TIMEOUT_S = 20.0
_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Start:
    """A start that became ready, and the edit that lay on disk when it was launched."""

    ready_at: float
    edit: int
    took_s: float


@dataclass(frozen=True, slots=True)
class Store:
    """What the admin API says of the store."""

    events: int
    head: int
    judged_up_to: int
    open_effects: int
    dead_letters: int
    behind: int
    """Events that a Sensor has not judged yet: one with a program has a place of its own."""


class Gateway:
    """One data folder, one set of ports, many processes. `async with Gateway(...) as gateway:`."""

    def __init__(
        self, folder: Path, kubeconfig: Path, *, home: Home, program: Sequence[str], namespace: str
    ) -> None:
        """`home` is where its resources are, in `namespace`; `program` stands before its command."""
        self._namespace = namespace
        self._code = folder / "code"
        copy_code(self._code)
        self.data = folder / "data"
        self.log = folder / "gateway.log"
        self.starts: list[Start] = []
        self.launches = 0
        self._port, self._admin_port, self._metrics_port = quiet_ports(3)
        self._command = [
            *(sys.executable, "-m", *program, *home.arguments(self._port), "--data", str(self.data)),
            *("--kubeconfig", str(kubeconfig), "--admin-port", str(self._admin_port)),
            *("--metrics-port", str(self._metrics_port), "--log-level", "warning"),
        ]
        self._environment = home.environment
        self._process: ServerProcess | None = None
        self._session: aiohttp.ClientSession | None = None
        self._launched = 0.0
        self._edit = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        # A new connection each time: the process at the other end may be another one.
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.kill()
        if self._session is not None:
            await self._session.close()

    def launch(self, edit: int) -> None:
        """Start a process; `edit` is what lies on disk."""
        self._launched, self._edit = time.monotonic(), edit
        self.launches += 1
        # The folder in which `python -m` runs comes first on its path.
        self._process = ServerProcess(self._command, log=self.log, cwd=self._code, env=self._environment)

    async def wait_ready(self) -> None:
        """Until /readyz says 200. Raises ServerFailed when the process ends instead, TimeoutError."""
        async with asyncio.timeout(_READY_TIMEOUT_S):
            while not await self._answers(self._metrics_port, "/readyz"):
                if self._process is None or not self._process.is_running:
                    raise ServerFailed(f"the gateway ended before it was ready:\n{self.log_end()}")
                await asyncio.sleep(_POLL_S)
        self.starts.append(Start(time.time(), self._edit, time.monotonic() - self._launched))

    @property
    def exit_code(self) -> int | None:
        """Of the newest process; None while it runs."""
        return self._process.exit_code if self._process is not None else None

    def kill(self) -> None:
        """SIGKILL. Harmless when it has ended."""
        if self._process is not None:
            self._process.kill()

    async def stop(self) -> int:
        """SIGTERM; the exit code, once it has ended by itself."""
        assert self._process is not None
        await asyncio.to_thread(self._process.stop, grace_s=_STOP_TIMEOUT_S)
        return self._process.exit_code or 0

    async def store(self) -> Store | None:
        """The store's figures, and those of the run's Sensors; None where nobody answers."""
        found = await self._ask(self._admin_port, "/api/v1/status")
        listed = await self._ask(self._admin_port, "/api/v1/resources")
        if found is None or listed is None:
            return None
        store = found["store"]
        return Store(
            events=store["events"],
            head=store["head"],
            judged_up_to=store["judgedUpTo"],
            open_effects=store["openEffects"],
            dead_letters=store["deadLetters"],
            behind=max(
                (each["lag"] for each in listed["resources"] if each["namespace"] == self._namespace),
                default=0,
            ),
        )

    def log_end(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])

    async def _answers(self, port: int, path: str) -> bool:
        async with self._get(port, path) as answer:
            return answer is not None and answer.status == 200

    async def _ask(self, port: int, path: str) -> Any:
        async with self._get(port, path) as answer:
            if answer is None or answer.status != 200:
                return None
            return await answer.json()

    @contextlib.asynccontextmanager
    async def _get(self, port: int, path: str) -> AsyncIterator[aiohttp.ClientResponse | None]:
        assert self._session is not None
        async with contextlib.AsyncExitStack() as stack:
            answer = None
            with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
                async with asyncio.timeout(_ASK_TIMEOUT_S):
                    answer = await stack.enter_async_context(
                        self._session.get(f"http://127.0.0.1:{port}{path}")
                    )
                    await answer.read()
            yield answer


def copy_code(folder: Path) -> None:
    """The program as it is now, for a run of many minutes and starts: somebody may be working on it."""
    for name in _PACKAGES:
        shutil.copytree(_ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "tests" / "__init__.py").touch()
    # Where the version is read from, in a checkout.
    shutil.copy(_ROOT / "pyproject.toml", folder)
