"""`make demo`: the gateway with two sources and two Sensors, six signed deliveries, and what came of each.

A dry run that prints the manifests; `--context NAME` or `--kubeconfig FILE` creates the objects there instead.
Everything it needs is made anew in `.demo/`: random secrets, and a store. Each step is a command that a person
could type; the ports are free ones.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

EXAMPLES = Path(__file__).parent
ROOT = EXAMPLES.parent
STATE = ROOT / ".demo"
KIKKAKE = [sys.executable, "-m", "kikkake"]
START_TIMEOUT_S = 30.0
JUDGE_TIMEOUT_S = 20.0

DELIVERIES = (
    ("a push to main", "github/push", "github/push.json", "demo-push-main"),
    ("a push to another branch", "github/push", "github/push-branch.json", "demo-push-branch"),
    ("the first push again, as GitHub redelivers it", "github/push", "github/push.json", "demo-push-main"),
    ("a new version of the image", "harbor/storefront", "harbor/push.json", ""),
    ("its signature, pushed to the same repository", "harbor/storefront", "harbor/push-signature.json", ""),
    ("the image push again, as Harbor retries it", "harbor/storefront", "harbor/push.json", ""),
)
"""What is sent: in words, to which event, the body, and the delivery id (Harbor's default format has none)."""


def main(arguments: list[str]) -> int:
    """Run the demo; the exit code is 0 when everything happened as it should be seen."""
    prepare()
    ports = {name: free_port() for name in ("deliveries", "admin", "metrics")}
    with gateway(arguments, ports) as process:
        say("Six deliveries, signed as their senders sign them:")
        for what, target, body, delivery_id in DELIVERIES:
            send(what, target, body, delivery_id, ports)
        wait_until_judged(process, ports["admin"])
        server = f"http://127.0.0.1:{ports['admin']}"
        say("What arrived (kikkake events):")
        events = ask_json("events", "--server", server)
        show("events", "--server", server)
        for event in reversed(events):
            say(f"Why (kikkake explain {event['sequence']}):")
            show("explain", str(event["sequence"]), "--server", server)
    say("What the gateway printed (kikkake run):")
    print((STATE / "run.log").read_text(encoding="utf-8"))
    say(
        "Now change the branch in examples/github/sensor.yaml (value: ['^refs/heads/main$']) and run `make demo`"
        " again:\nthe first push is filtered then, and the demo says why."
    )
    return 0


def prepare() -> None:
    """A fresh folder with random secrets, as two Secrets of a cluster would hold them."""
    shutil.rmtree(STATE, ignore_errors=True)
    for name, key, value in (
        ("github", "secret", secrets.token_hex(20)),
        ("harbor", "authorization", f"Bearer {secrets.token_hex(20)}"),
    ):
        folder = STATE / "secrets" / name
        folder.mkdir(parents=True)
        (folder / key).write_text(value, encoding="utf-8")


@contextlib.contextmanager
def gateway(arguments: list[str], ports: dict[str, int]) -> Iterator[subprocess.Popen[bytes]]:
    """The running gateway; it is stopped as Ctrl-C stops it, whatever happens."""
    command = [
        *KIKKAKE,
        *("run", str(EXAMPLES / "github"), str(EXAMPLES / "harbor"), "--secrets", str(STATE / "secrets")),
        *("--data", str(STATE / "data"), "--port", f"12000={ports['deliveries']}", "--log-level", "warning"),
        *("--admin-port", str(ports["admin"]), "--metrics-port", str(ports["metrics"]), "--no-watch"),
        *arguments,
    ]
    say("Starting the gateway: kikkake run examples/github examples/harbor")
    with (STATE / "run.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=ROOT)
        try:
            wait_until_ready(process, ports["metrics"])
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    """Until /readyz says 200."""
    end = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2),
        ):
            return
        time.sleep(0.05)
    sys.exit(f"the gateway did not start:\n{(STATE / 'run.log').read_text(encoding='utf-8')}")


def wait_until_judged(process: subprocess.Popen[bytes], admin_port: int) -> None:
    """Until every event is decided and every effect has ended."""
    end = time.monotonic() + JUDGE_TIMEOUT_S
    while time.monotonic() < end and process.poll() is None:
        with urllib.request.urlopen(f"http://127.0.0.1:{admin_port}/api/v1/status", timeout=5) as answer:
            store = json.load(answer)["store"]
        if store["judgedUpTo"] >= store["head"] and store["openEffects"] == 0:
            return
        time.sleep(0.05)


def send(what: str, target: str, body: str, delivery_id: str, ports: dict[str, int]) -> None:
    """One delivery, by the command that a person would type."""
    source = target.partition("/")[0]
    path = "/github" if source == "github" else "/harbor"
    command = [
        "send",
        target,
        str(EXAMPLES / body),
        "--path",
        str(EXAMPLES / source),
        "--secrets",
        str(STATE / "secrets"),
    ]
    command += ["--url", f"http://127.0.0.1:{ports['deliveries']}{path}"]
    command += ["--id", delivery_id] if delivery_id else []
    done = subprocess.run([*KIKKAKE, *command], capture_output=True, text=True, check=False, cwd=ROOT)
    lines = (done.stdout + done.stderr).strip().splitlines()
    print(f"\n  {what}", *(f"    {line.strip()}" for line in lines), sep="\n", flush=True)
    if done.returncode:
        sys.exit(f"sending failed with exit code {done.returncode}")


def show(*command: str) -> None:
    """Run a command and let it print."""
    sys.stdout.flush()
    subprocess.run([*KIKKAKE, *command], check=True, cwd=ROOT)


def ask_json(*command: str) -> list[dict[str, object]]:
    """What a command prints with `-o json`."""
    done = subprocess.run(
        [*KIKKAKE, *command, "-o", "json"], check=True, capture_output=True, text=True, cwd=ROOT
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def say(text: str) -> None:
    """A heading."""
    print(f"\n== {text}", flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
