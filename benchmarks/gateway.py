"""The gateway under measurement: the real command as a child process, with what it uses of the machine."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import usage

SECRET = b"a secret of the benchmark, 32 bytes"


@dataclass(slots=True)
class Running:
    """A gateway that serves."""

    process: subprocess.Popen[bytes]
    port: int
    admin_port: int
    folder: Path
    start_s: float
    """From the start of the process to /readyz saying 200."""

    def cpu_s(self) -> float:
        """CPU seconds used so far, user and system."""
        return usage.cpu_s(self.process.pid)

    def rss_mib(self) -> float:
        """Resident memory now."""
        return usage.rss_mib(self.process.pid)

    def anonymous_mib(self) -> float:
        """Resident memory that is not mapped from files."""
        return usage.anonymous_mib(self.process.pid)


@contextlib.contextmanager
def gateway(
    resources: str, *, arguments: tuple[str, ...] = (), data: Path | None = None
) -> Iterator[Running]:
    """Run the resources (YAML, source port "12000") until the end of the block."""
    with tempfile.TemporaryDirectory(prefix="kikkake-bench-") as name:
        folder = Path(name)
        (folder / "resources").mkdir()
        (folder / "resources" / "all.yaml").write_text(resources)
        secret = folder / "secrets" / "github" / "secret"
        secret.parent.mkdir(parents=True)
        secret.write_bytes(SECRET)
        ports = _free_ports(3)
        command = [
            *(sys.executable, "-m", "kikkake", "run", str(folder / "resources"), "--no-watch"),
            *("--data", str(data or folder / "data"), "--secrets", str(folder / "secrets")),
            *("--port", f"12000={ports[0]}", "--admin-port", str(ports[1]), "--metrics-port", str(ports[2])),
            *("--log-level", "error", *arguments),
        ]
        start = time.perf_counter()
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
            try:
                _wait_ready(process, ports[2], folder / "log")
                yield Running(process, ports[0], ports[1], folder, time.perf_counter() - start)
            finally:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(timeout=30)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


@contextlib.contextmanager
def bare() -> Iterator[int]:
    """The yardstick: a bare aiohttp handler; gives its port."""
    (port,) = _free_ports(1)
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.bare", str(port)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield port
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _wait_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5),
        ):
            return
        time.sleep(0.005)
    sys.exit(f"the gateway did not start:\n{log.read_text()}")


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports
