"""Run EventSources and Sensors from files in one process; a dry run unless a cluster is named."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kikkake.cli.output import output_option
from kikkake.cli.serving import serve_until_stopped

if TYPE_CHECKING:
    from kikkake.settings import ClusterSettings

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
    serve_until_stopped(settings, as_json=output == "json")


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
