"""Judge EventSources, Sensors and EventBuses when they are applied, as a validating admission webhook."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import click

from kikkake.cli.output import output_option

if TYPE_CHECKING:
    from kikkake.admission.rotation import Rotation, RotationSettings
    from kikkake.api.listener import Listener
    from kikkake.settings import ClusterSettings

_PORT = click.IntRange(0, 65535)
"""0 takes a free one."""


@click.command()
@click.option("--host", default="0.0.0.0", show_default=True, help="Where the API server calls.")
@click.option("--port", type=_PORT, default=9443, show_default=True, help="/validate, over TLS.")
@click.option(
    "--probes-port", type=_PORT, default=7777, show_default=True, help="/healthz and /readyz, without TLS."
)
@click.option(
    "--service",
    default="kikkake-admission",
    show_default=True,
    metavar="NAME",
    help="Service that leads here.",
)
@click.option(
    "--namespace",
    envvar="POD_NAMESPACE",
    show_envvar=True,
    default="kikkake",
    show_default=True,
    metavar="NAME",
    help="Where the Service and the Secret are.",
)
@click.option(
    "--secret",
    default="kikkake-admission-certs",
    show_default=True,
    metavar="NAME",
    help="Secret of the certificates, which all replicas share.",
)
@click.option(
    "--configuration",
    default="kikkake-admission",
    show_default=True,
    metavar="NAME",
    help="ValidatingWebhookConfiguration that is told whom to trust.",
)
@click.option(
    "--dns-name",
    "dns_names",
    multiple=True,
    metavar="NAME",
    help="A further name of this server, for API servers that call it by a URL; may be repeated.",
)
@click.option("--context", metavar="NAME", default="", help="A context of the kubeconfig.")
@click.option(
    "--kubeconfig", metavar="FILE", default="", help="[default: the pod's account, else $KUBECONFIG]"
)
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info", show_default=True
)
@output_option()
def admission(
    host: str,
    port: int,
    probes_port: int,
    service: str,
    namespace: str,
    secret: str,
    configuration: str,
    dns_names: tuple[str, ...],
    context: str,
    kubeconfig: str,
    log_level: str,
    output: str,
) -> None:
    """Judge resources when they are applied: what Argo Events would refuse is refused, other faults are warnings.

    It makes its own certificates, renews them, and tells the API server whom to trust. Optional: without it the same
    is said a moment later, as a condition on the object.

    \b
      kikkake admission                      in a pod
      kikkake admission --context kind-dev --host 127.0.0.1 --dns-name localhost
    """
    import uvloop  # noqa: PLC0415 - not for --help

    from events.log import configure  # noqa: PLC0415
    from kikkake.admission.rotation import RotationSettings  # noqa: PLC0415
    from kikkake.cli.serving import cluster_of  # noqa: PLC0415

    configure(level=log_level.upper(), form="json" if output == "json" else "text")
    settings = RotationSettings(
        namespace=namespace,
        secret=secret,
        configuration=configuration,
        names=(f"{service}.{namespace}.svc", f"{service}.{namespace}.svc.cluster.local", *dns_names),
    )
    uvloop.run(_run(cluster_of(context, kubeconfig), settings, host=host, port=port, probes_port=probes_port))


async def _run(
    cluster: ClusterSettings, settings: RotationSettings, *, host: str, port: int, probes_port: int
) -> None:
    from events.clock import SystemClock  # noqa: PLC0415 - not for --help
    from kikkake.admission.rotation import Rotation  # noqa: PLC0415
    from kikkake.api.admission import admission_app, probes_app  # noqa: PLC0415
    from kikkake.api.listener import Listener  # noqa: PLC0415
    from kikkake.outfit import connect  # noqa: PLC0415

    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    kube = await connect(cluster)
    rotation = Rotation(kube, SystemClock(), settings)
    probes = Listener(
        probes_app(lambda: rotation.trouble), name="probes", host=host, port=probes_port, flag="--probes-port"
    )
    webhook = Listener(
        admission_app(), name="admission", host=host, port=port, flag="--port", tls=rotation.context
    )
    opened: list[Listener] = []
    serving = asyncio.create_task(_serve(rotation, webhook, opened), name="admission")
    try:
        await probes.start()
        opened.append(probes)
        stopping = asyncio.create_task(stopped.wait(), name="admission:signal")
        done, _ = await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        for task in done:
            task.result()
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        for listener in reversed(opened):
            await listener.stop()
        await kube.close()


async def _serve(rotation: Rotation, webhook: Listener, opened: list[Listener]) -> None:
    await rotation.begin()
    await webhook.start()
    opened.append(webhook)
    click.echo(f"admission {webhook.url}/validate")
    await rotation.run()
