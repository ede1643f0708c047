"""Run EventSources and Sensors from files in one process; a dry run unless a cluster is named."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kikkake.cli.failure import ExitCode, give_up_stdout
from kikkake.cli.output import output_option

if TYPE_CHECKING:
    from kikkake.settings import ClusterSettings, RunSettings


_ONE_SIGNAL_S = 1.0
"""`timeout`, shells and wrappers send a signal to the process and to its group: both are one wish."""
_PORT = click.IntRange(0, 65535)
"""0 takes a free one."""


@click.command()
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@click.option(
    "--data", type=click.Path(path_type=Path), help="Folder of the store. [default: .kikkake/TARGET]"
)
@click.option("--context", metavar="NAME", default="", help="Create in this context of the kubeconfig.")
@click.option("--kubeconfig", metavar="FILE", default="", help="Create in the cluster of this kubeconfig.")
@click.option("--in-cluster", is_flag=True, help="Create with the service account of the pod.")
@click.option(
    "--secrets",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder with NAME/KEY files that stand in for Secrets and ConfigMaps; may be repeated. Variables"
    " KIKKAKE_SECRET__NAME__KEY come after it.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Where sources listen.")
@click.option(
    "--port",
    "ports",
    multiple=True,
    metavar="DECLARED=ACTUAL",
    help="Move a source's port; ACTUAL 0 takes a free one.",
)
@click.option(
    "--metrics-port", type=_PORT, default=7777, show_default=True, help="/metrics, /healthz and /readyz."
)
@click.option(
    "--admin-port", type=_PORT, default=7778, show_default=True, help="The API that the commands ask."
)
@click.option(
    "--artifact-files",
    metavar="DIR",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder below which `source.file` of a trigger may read. [default: nowhere]",
)
@click.option(
    "--template-env", is_flag=True, help="Let templates read environment variables (env, expandenv)."
)
@click.option("--template-dns", is_flag=True, help="Let templates look up hosts (getHostByName).")
@click.option("--no-watch", is_flag=True, help="Do not reload files when they change.")
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info", show_default=True
)
@output_option()
def run(
    paths: tuple[str, ...],
    data: Path | None,
    context: str,
    kubeconfig: str,
    in_cluster: bool,
    secrets: tuple[Path, ...],
    host: str,
    ports: tuple[str, ...],
    metrics_port: int,
    admin_port: int,
    artifact_files: Path | None,
    template_env: bool,
    template_dns: bool,
    no_watch: bool,
    log_level: str,
    output: str,
) -> None:
    """Run EventSources and Sensors from files; reload them when they change.

    Without PATH: the current folder with all below it. Nothing is created in a cluster unless --context,
    --kubeconfig or --in-cluster says where; a dry run prints what would be created.

    \b
      kikkake run examples --secrets .demo/secrets
      kikkake run deploy/ --context kind-dev --data /var/lib/kikkake
    """
    from events.log import configure  # noqa: PLC0415 - not for --help
    from kikkake.settings import ListenSettings, ReachSettings, RunSettings  # noqa: PLC0415

    configure(level=log_level.upper(), form="json" if output == "json" else "text")
    cluster = _cluster(context, kubeconfig, in_cluster)
    settings = RunSettings(
        paths=paths,
        data=data or Path(".kikkake") / _folder_name(cluster),
        cluster=cluster,
        secrets=secrets,
        listen=ListenSettings(
            deliveries_host=host,
            ports=dict(_port(text) for text in ports),
            metrics_port=metrics_port,
            admin_port=admin_port,
        ),
        reach=ReachSettings(files=artifact_files, environment=template_env, dns=template_dns),
        watch=not no_watch,
    )
    _serve(settings, as_json=output == "json")


def _serve(settings: RunSettings, *, as_json: bool) -> None:
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


def _cluster(context: str, kubeconfig: str, in_cluster: bool) -> ClusterSettings | None:
    from kikkake.settings import ClusterSettings  # noqa: PLC0415 - not for --help

    if in_cluster and (context or kubeconfig):
        raise click.UsageError("--in-cluster cannot be combined with --context or --kubeconfig")
    if not (context or kubeconfig or in_cluster):
        return None
    return ClusterSettings(context=context, kubeconfig=kubeconfig, in_cluster=in_cluster)


def _folder_name(cluster: ClusterSettings | None) -> str:
    """A store for each target: what a dry run has "done" must not count as done in a cluster."""
    if cluster is None:
        return "dry-run"
    name = cluster.context or Path(cluster.kubeconfig).stem or "in-cluster"
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name)


def _port(text: str) -> tuple[int, int]:
    declared, _, actual = text.partition("=")
    numbers = [int(part) if part.isascii() and part.isdigit() else -1 for part in (declared, actual)]
    if not all(0 <= number <= 65535 for number in numbers):
        raise click.UsageError(
            f"--port {text}: write DECLARED=ACTUAL, such as 12000=8080; each at most 65535"
        )
    return numbers[0], numbers[1]
