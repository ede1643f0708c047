"""Serve the EventSources and Sensors of a cluster."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path

import click

from kikkake.cli.output import output_option
from kikkake.cli.serving import cluster_of, serve_until_stopped

_PORT = click.IntRange(0, 65535)
"""0 takes a free one."""
_SHARE_FOR_ATTEMPTS = 0.6
"""Of a Lease that is renewed six times in its duration: what is left of it even when two renewals came late."""
_ACCOUNT_FOLDER = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    envvar="KIKKAKE_DATA",
    show_envvar=True,
    default=Path("/var/lib/kikkake"),
    show_default=True,
    help="Folder of the store: a volume that stays, used by one gateway.",
)
@click.option(
    "--namespace",
    "namespaces",
    multiple=True,
    metavar="NAME",
    help="Look at this namespace only; may be repeated. [default: all that have the label]",
)
@click.option("--context", metavar="NAME", default="", help="A context of the kubeconfig.")
@click.option(
    "--kubeconfig", metavar="FILE", default="", help="[default: the pod's account, else $KUBECONFIG]"
)
@click.option(
    "--identity",
    type=click.Choice(["token", "impersonate"]),
    default="token",
    show_default=True,
    help="How to act as the ServiceAccount of a resource: with a token of its own, or by impersonation.",
)
@click.option("--host", default="0.0.0.0", show_default=True, help="Where deliveries are taken in.")
@click.option(
    "--port", type=_PORT, default=12000, show_default=True, help="Every source: /NAMESPACE/SOURCE/ENDPOINT."
)
@click.option(
    "--own-ports",
    metavar="FIRST-LAST",
    default="20000-20999",
    show_default=True,
    help="Ports for the listeners of sources that have a Service.",
)
@click.option(
    "--advertise-address",
    metavar="IP",
    envvar="POD_IP",
    show_envvar=True,
    default="",
    help="Where Services of sources lead to.",
)
@click.option(
    "--public-url",
    metavar="URL",
    default="",
    help="What stands before /NAMESPACE/SOURCE/ENDPOINT in a status. [default: this gateway's Service]",
)
@click.option(
    "--metrics-port", type=_PORT, default=7777, show_default=True, help="/metrics, /healthz, /readyz."
)
@click.option(
    "--admin-port",
    type=_PORT,
    default=7778,
    show_default=True,
    help="The API that the commands ask; loopback only.",
)
@click.option(
    "--lease", "name", metavar="NAME", default="kikkake", show_default=True, help="Lease of the one writer."
)
@click.option(
    "--lease-namespace",
    metavar="NAME",
    envvar="POD_NAMESPACE",
    show_envvar=True,
    default="",
    help="Where the Lease is; resources of this namespace are never served. [default: the pod's namespace; "
    "outside of a pod no Lease is held without it]",
)
@click.option(
    "--lease-duration",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    default=60.0,
    show_default=True,
    help="Without a sign of life for so long another gateway takes over.",
)
@click.option(
    "--api-timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    default=30.0,
    show_default=True,
    help="How long an answer of the API server may take.",
)
@click.option(
    "--template-env", is_flag=True, help="Let templates read environment variables (env, expandenv)."
)
@click.option("--template-dns", is_flag=True, help="Let templates look up hosts (getHostByName).")
@click.option(
    "--allow-network",
    "allowed_networks",
    multiple=True,
    metavar="CIDR",
    help="Let triggers connect to these addresses too, of those that are refused: loopback, link-local, a cloud's "
    "metadata service, the gateway's own; for strict Sensors all inner ones. May be repeated.",
)
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info", show_default=True
)
@output_option()
def serve(
    data: Path,
    namespaces: tuple[str, ...],
    context: str,
    kubeconfig: str,
    identity: str,
    host: str,
    port: int,
    own_ports: str,
    advertise_address: str,
    public_url: str,
    metrics_port: int,
    admin_port: int,
    name: str,
    lease_namespace: str,
    lease_duration: float,
    api_timeout: float,
    template_env: bool,
    template_dns: bool,
    allowed_networks: tuple[str, ...],
    log_level: str,
    output: str,
) -> None:
    """Serve the EventSources and Sensors of a cluster, in the namespaces with the label kikkake/enabled=true.

    It acts as the ServiceAccount of each resource (spec.template.serviceAccountName, else `default`), never as itself.

    \b
      kikkake serve                          in a pod
      kikkake serve --context kind-dev --data ./data --host 127.0.0.1
    """
    from events.log import configure  # noqa: PLC0415 - not for --help
    from kikkake.settings import (  # noqa: PLC0415
        Identity,
        ListenSettings,
        ReachSettings,
        RunSettings,
        ServeSettings,
    )

    configure(level=log_level.upper(), form="json" if output == "json" else "text")
    if lease_duration * _SHARE_FOR_ATTEMPTS <= api_timeout + 1:
        raise click.UsageError(
            f"--lease-duration {lease_duration:g} leaves no time for an attempt of {api_timeout:g} s (--api-timeout); "
            f"give more than {(api_timeout + 1) / _SHARE_FOR_ATTEMPTS:.0f}"
        )
    own_namespace = lease_namespace or _own_namespace()
    settings = RunSettings(
        paths=(),
        data=data,
        cluster=cluster_of(context, kubeconfig),
        serve=ServeSettings(
            namespaces=namespaces,
            identity=Identity(identity),
            shared_port=port,
            own_ports=_range(own_ports),
            advertise_address=_address(advertise_address),
            allowed_networks=tuple(_network(text) for text in allowed_networks),
            public_url=public_url or f"http://{name}.{own_namespace or 'kikkake'}.svc:{port}",
            name=name,
            own_namespace=own_namespace,
            pod=os.environ.get("POD_NAME", ""),
            lease_duration_s=lease_duration,
            api_timeout_s=api_timeout,
        ),
        listen=ListenSettings(
            deliveries_host=host, metrics_host=host, metrics_port=metrics_port, admin_port=admin_port
        ),
        reach=ReachSettings(environment=template_env, dns=template_dns),
    )
    serve_until_stopped(settings, as_json=output == "json")


def _own_namespace() -> str:
    file = _ACCOUNT_FOLDER / "namespace"
    return file.read_text(encoding="utf-8").strip() if file.exists() else ""


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text)) if text else ""
    except ValueError:
        raise click.UsageError(f"--advertise-address {text}: write an IP address, such as 10.1.2.3") from None


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise click.UsageError(f"--allow-network {text}: write a network, such as 10.1.2.0/24") from None


def _range(text: str) -> range:
    first, _, last = text.partition("-")
    if not (first.isdecimal() and last.isdecimal() and 0 < int(first) <= int(last) <= 65535):
        raise click.UsageError(f"--own-ports {text}: write FIRST-LAST, such as 20000-20999")
    return range(int(first), int(last) + 1)
