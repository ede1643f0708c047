"""The real command as a child process, and what senders and people do with it from outside."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from tests.servers.process import ServerFailed, ServerProcess, quiet_ports
from tests.stories.deliveries import HOOK_SECRET, REGISTRY_SECRET, Delivery

ROOT = Path(__file__).parents[2]
DECLARED_PORT = 12000
"""Of every source of the stories; the process listens on a free one instead."""

_NOWHERE = """
apiVersion: v1
kind: Config
current-context: nowhere
contexts: [{name: nowhere, context: {cluster: nowhere, user: nobody}}]
clusters: [{name: nowhere, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: nobody, user: {token: none}}]
"""
_READY_TIMEOUT_S = 30
_STOP_TIMEOUT_S = 60
_WAIT_S = 20.0
_POLL_S = 0.02

T = TypeVar("T")


class Answer(NamedTuple):
    """What a sender got back."""

    status: int
    headers: dict[str, str]
    """By lower-case name."""
    body: dict[str, Any]


class Told(NamedTuple):
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The output of `-o json`."""
        return [json.loads(line) for line in self.out.splitlines()]


class Process:
    """One command that serves, with a store in `data/`. Ports stay the same over restarts, as they do for people."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "run.log"
        self.port, self.admin_port, self.metrics_port = quiet_ports(3)
        self.program: Sequence[str] = ("kikkake",)
        """What stands behind `python -m`."""
        self.arguments: list[str] = []
        """More arguments of the command."""
        self.environment: dict[str, str] = {}
        self._process: ServerProcess | None = None

    @property
    def run_arguments(self) -> list[str]:
        """What stands behind `kikkake`."""
        raise NotImplementedError

    @property
    def admin(self) -> str:
        return f"http://127.0.0.1:{self.admin_port}"

    def launch(self) -> None:
        """Start the process and return at once."""
        command = [sys.executable, "-m", *self.program, *self.run_arguments]
        environment = {"PYTHONPATH": str(ROOT), **self.environment}
        self._process = ServerProcess(command, log=self.log, cwd=self.folder, env=environment)

    def start(self) -> None:
        """Start the process and return when it says that it is ready. Raises ServerFailed."""
        self.launch()
        self._running.wait_until(self.is_ready, timeout_s=_READY_TIMEOUT_S)

    def stop(self) -> int:
        """SIGTERM; the exit code once it has ended by itself."""
        return self.end_with(signal.SIGTERM)

    def end_with(self, number: signal.Signals) -> int:
        """Send a signal; the exit code once it has ended by itself."""
        self.signal(number)
        return self.wait_ended()

    def signal(self, number: signal.Signals) -> None:
        os.kill(self._running.pid, number)

    def wait_ended(self) -> int:
        """The exit code. Fails when it does not end."""
        wait_until(lambda: not self.is_running, timeout_s=_STOP_TIMEOUT_S)
        code = self._running.exit_code
        assert code is not None
        return code

    def kill(self) -> None:
        """SIGKILL. Harmless when it has ended."""
        if self._process is not None:
            self._process.kill()

    @property
    def _running(self) -> ServerProcess:
        if self._process is None:
            raise ServerFailed("it was not started")
        return self._process

    @property
    def pid(self) -> int:
        return self._running.pid

    @property
    def is_running(self) -> bool:
        return self._running.is_running

    def is_ready(self) -> bool:
        with contextlib.suppress(OSError):
            return self.get(self.metrics_port, "/readyz").status == 200
        return False

    def said(self) -> str:
        """Everything that the process printed so far, over all starts."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def deliver(self, delivery: Delivery) -> Answer:
        """Send it as the sender does."""
        return self.request(self.port, "POST", delivery.path, delivery.headers, delivery.body)

    def get(self, port: int, path: str) -> Answer:
        return self.request(port, "GET", path, {}, None)

    def api(self, path: str) -> dict[str, Any]:
        """What the admin API says."""
        answer = self.get(self.admin_port, f"/api/v1/{path}")
        assert answer.status == 200, answer
        return answer.body

    def request(
        self, port: int, method: str, path: str, headers: dict[str, str], body: bytes | None
    ) -> Answer:
        """One request on a connection of its own; a body that is no JSON is under `text`. Raises OSError."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        except http.client.HTTPException as error:
            raise ConnectionError("no whole answer") from error
        finally:
            connection.close()
        sent = {name.lower(): value for name, value in answer.getheaders()}
        is_json = "json" in sent.get("content-type", "")
        return Answer(
            answer.status,
            sent,
            json.loads(content) if is_json else {"text": content.decode(errors="replace")},
        )

    def resource(self, kind: str, name: str) -> dict[str, Any]:
        """One EventSource or Sensor as the process sees it; empty when it knows none."""
        found = self.api("resources")["resources"]
        return next((one for one in found if (one["kind"], one["name"]) == (kind, name)), {})

    def wait_idle(self) -> dict[str, Any]:
        """Until everything that arrived is judged and no effect is open; the store's figures then."""

        def figures() -> dict[str, Any] | None:
            store: dict[str, Any] = self.api("status")["store"]
            return store if store["judgedUpTo"] >= store["head"] and not store["openEffects"] else None

        return wait_for(figures)

    def command(self, *arguments: str) -> Told:
        """Run another command as a person does, against the running process."""
        run = subprocess.run(
            [sys.executable, "-m", "kikkake", *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "KIKKAKE_SERVER": self.admin},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return Told(run.returncode, run.stdout, run.stderr)


class Kikkake(Process):
    """`kikkake run` on one folder: files in `resources/`, secrets in `secrets/`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.resources = folder / "resources"
        self.data_arguments = ["--data", str(self.data)]
        """Where the store is; empty leaves it to the command."""
        self.resources.mkdir()
        self.write_secret("hook", "secret", HOOK_SECRET)
        self.write_secret("registry", "authorization", REGISTRY_SECRET)

    def write(self, name: str, *texts: str) -> Path:
        """Put resources into a file, in one piece as most editors save."""
        file = self.resources / name
        unfinished = file.with_name(f".{name}.tmp")
        unfinished.write_text("---\n".join(texts), encoding="utf-8")
        return unfinished.rename(file)

    def write_secret(self, name: str, key: str, value: str) -> Path:
        file = self.folder / "secrets" / name / key
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(value, encoding="utf-8")
        return file

    def name_a_cluster(self) -> None:
        """One that is never asked: HTTP triggers fire in earnest only where a cluster is named."""
        (self.folder / "nowhere.yaml").write_text(_NOWHERE, encoding="utf-8")
        self.arguments += ["--kubeconfig", "nowhere.yaml"]

    @property
    def run_arguments(self) -> list[str]:
        """What stands behind `kikkake`."""
        return [
            *("run", "resources", *self.data_arguments, "--secrets", "secrets"),
            *("--port", f"{DECLARED_PORT}={self.port}", "--admin-port", str(self.admin_port)),
            *("--metrics-port", str(self.metrics_port), *self.arguments),
        ]


def wait_for(question: Callable[[], T | None], *, timeout_s: float = _WAIT_S) -> T:
    """The first answer that is true; the test fails when none comes in time."""
    deadline = time.monotonic() + timeout_s
    while not (found := question()):
        assert time.monotonic() < deadline, "what was waited for did not happen"
        time.sleep(_POLL_S)
    return found


def wait_until(condition: Callable[[], bool], *, timeout_s: float = _WAIT_S) -> None:
    """Return when `condition` holds; the test fails when it does not in time."""
    wait_for(condition, timeout_s=timeout_s)
