"""The life of a serving process: start, say what is served, stop in order at a signal."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import click

from kikkake.cli.failure import ExitCode, give_up_stdout

if TYPE_CHECKING:
    from kikkake.settings import ClusterSettings, RunSettings

_ONE_SIGNAL_S = 1.0
"""`timeout`, shells and wrappers send a signal to the process and to its group: both are one wish."""


def serve_until_stopped(settings: RunSettings, *, as_json: bool) -> None:
    """Run a gateway until a signal, or until it cannot go on."""
    import uvloop  # noqa: PLC0415 - not for --help

    uvloop.run(_run(settings, as_json=as_json))


async def _run(settings: RunSettings, *, as_json: bool) -> None:
    from kikkake.compose import Gateway  # noqa: PLC0415 - imports the HTTP server and pydantic
    from kikkake.greeting import greeting  # noqa: PLC0415

    stopping = _Stopping()
    gateway = Gateway(settings, stopping.tell, as_json=as_json)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.signalled)
    await gateway.start()
    _tame_collector()
    for line in greeting(gateway):
        click.echo(line, err=as_json)
    sys.stdout.flush()
    waiting = [
        asyncio.create_task(stopping.asked.wait(), name="run:signal"),
        asyncio.create_task(gateway.wait(), name="run:gateway"),
    ]
    try:
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
        await gateway.stop()
    for task in done:
        task.result()
    if stopping.is_pipe_closed:
        sys.exit(ExitCode.PIPE_CLOSED)


def _tame_collector() -> None:
    """Look for cycles less often, and never among what lives as long as the process.

    A parsed event is hundreds of containers without a cycle; with Python's default (a look each 700) the collector
    took a fifth of the CPU of an event, and its long looks were in the 99th percentile of the latency.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


class _Stopping:
    """Why the process is to stop: a signal, or nobody reads what a dry run prints."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.is_pipe_closed = False
        self._since_s = 0.0

    def signalled(self) -> None:
        """The first signal stops in order; a later one does not wait for anything."""
        now_s = time.monotonic()
        if not self.asked.is_set():
            self._since_s = now_s
            self.asked.set()
        elif now_s - self._since_s > _ONE_SIGNAL_S:
            sys.stderr.write("stopped at once\n")
            signal.raise_signal(signal.SIGKILL)

    def tell(self, text: str) -> None:
        """Print a preview. When the reader has gone (`| head`), nothing can be told any more: stop in order."""
        if self.is_pipe_closed:
            return
        try:
            click.echo(text)
        except BrokenPipeError:
            give_up_stdout()
            self.is_pipe_closed = True
            self.asked.set()


def cluster_of(context: str, kubeconfig: str) -> ClusterSettings:
    """The cluster that a serving process belongs to: what is named, else that of the pod, else $KUBECONFIG's."""
    from kikkake.settings import ClusterSettings  # noqa: PLC0415 - not for --help

    is_in_pod = not (context or kubeconfig) and "KUBERNETES_SERVICE_HOST" in os.environ
    return ClusterSettings(context=context, kubeconfig=kubeconfig, in_cluster=is_in_pod)
