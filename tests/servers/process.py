"""Child processes of the tests: started in a session of their own, ended with the tests, never by name."""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


class ServerFailed(Exception):
    """A server did not start or ended too early; the message holds the end of its log."""


class ServerProcess:
    """One running server process and its log file.

    On Linux (where util-linux is) the kernel kills it when the thread that started it ends, so that a killed test
    run leaves nothing behind. Start servers from the main thread.
    """

    def __init__(
        self, command: Sequence[str | Path], *, log: Path, cwd: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self.name = Path(command[0]).name
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [*_dying_with_parent(), *(str(part) for part in command)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        return self._process.poll()

    def stop(self, *, grace_s: float) -> None:
        """Ask it to end, and kill it after `grace_s` seconds. Harmless when it has ended."""
        self.resume()
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(grace_s)
        self.kill()

    def kill(self) -> None:
        """SIGKILL, as a crash; returns when it is gone."""
        self._process.kill()
        self._process.wait()

    def pause(self) -> None:
        """SIGSTOP: connections are accepted by the kernel, and nobody answers."""
        if self.is_running:
            os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        if self.is_running:
            os.kill(self.pid, signal.SIGCONT)

    def wait_until(self, is_ready: Callable[[], bool], *, timeout_s: float) -> None:
        """Poll `is_ready` until it holds.

        Raises:
            ServerFailed: the process ended first, or the time is over.
        """
        deadline = time.monotonic() + timeout_s
        while not is_ready():
            if not self.is_running:
                raise ServerFailed(f"{self.name} ended with {self._process.returncode}:\n{self.log_end()}")
            if time.monotonic() > deadline:
                raise ServerFailed(f"{self.name} is not ready after {timeout_s:.0f} s:\n{self.log_end()}")
            time.sleep(0.05)

    def log_end(self, lines: int = 20) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def _dying_with_parent() -> list[str]:
    # Not `preexec_fn`: from Python 3.12 on it warns in a process with threads, and rightly so.
    return ["setpriv", "--pdeathsig", "KILL"] if sys.platform == "linux" and shutil.which("setpriv") else []


def free_ports(count: int) -> list[int]:
    """Different TCP ports on loopback that were free a moment ago."""
    with contextlib.ExitStack() as probes:
        sockets = [probes.enter_context(socket.socket()) for _ in range(count)]
        for probe in sockets:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in sockets]


def quiet_ports(count: int) -> list[int]:
    """Free ports below those that the kernel gives to clients.

    A client that tries again and again where nobody listens is given that very port one day, as its own, and then
    speaks to itself; and the server that comes back finds its port taken.
    """
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    found: list[int] = []
    chance = random.Random(os.urandom(8))
    while len(found) < count:
        port = chance.randrange(max(1024, lowest - 12_000), lowest)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in found:
                found.append(port)
    return found


def cache_folder(name: str) -> Path:
    """A folder of that name in the user's cache; it may not exist yet."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / name
