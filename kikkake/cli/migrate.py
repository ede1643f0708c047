"""Print what moving a namespace over from Argo Events takes: what stays, what changes, what to do."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from kikkake.cli.failure import CommandFailed, ExitCode
from kikkake.cli.kube_names import ACCOUNT, NAMESPACE_NAME

if TYPE_CHECKING:
    from kikkake.kube_client import KubeClient
    from kikkake.migration.inventory import Inventory
    from kikkake.migration.plan import NamespacePlan


@click.command()
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@click.option("--namespace", metavar="NAME", type=NAMESPACE_NAME, help="The namespace to look at.")
@click.option("--all-namespaces", is_flag=True, help="Every namespace with EventSources or Sensors.")
@click.option("--context", metavar="NAME", default="", help="A context of the kubeconfig.")
@click.option(
    "--kubeconfig", metavar="FILE", default="", help="[default: $KUBECONFIG, else the home folder's]"
)
@click.option("--all-grants", is_flag=True, help="Print rights too that the accounts have already.")
@click.option(
    "--gateway",
    type=ACCOUNT,
    default="kikkake/kikkake",
    show_default=True,
    metavar="NAMESPACE/NAME",
    help="The account of the gateway.",
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "yaml", "json"]),
    default="text",
    show_default=True,
    help="yaml: only the Roles and RoleBindings, for kubectl apply. json: one object a namespace.",
)
@click.pass_context
def migrate(
    ctx: click.Context,
    paths: tuple[str, ...],
    namespace: str | None,
    all_namespaces: bool,
    context: str,
    kubeconfig: str,
    all_grants: bool,
    gateway: tuple[str, str],
    output: str,
) -> None:
    """Print what moving a namespace over from Argo Events takes. Nothing is changed, and no Secret is read.

    It looks at the cluster with your own rights, or at files without one. Exit code 1: something does not work as it is
    written (text and json).

    \b
      kikkake migrate --namespace team-a
      kikkake migrate --namespace team-a -o yaml | kubectl apply -f -
      kikkake migrate deploy/
    """
    if all_namespaces == bool(paths or namespace):
        raise click.UsageError("give --namespace, --all-namespaces or files to look at")
    if paths and (context or kubeconfig):
        raise click.UsageError("files are looked at without a cluster: leave --context and --kubeconfig away")
    from kikkake.cli.migrating import as_json, as_yaml, tell  # noqa: PLC0415 - models are no part of --help

    if paths:
        inventory, plans = _of_files(paths, namespace or "", own=gateway[0])
    else:
        inventory, plans = asyncio.run(
            _of_cluster(namespace or "", context, kubeconfig, gateway, all_grants=all_grants)
        )
    match output:
        case "yaml":
            click.echo(as_yaml(plans, gateway), nl=False)
            return
        case "json":
            for plan in plans:
                click.echo(as_json(inventory, plan))
        case _:
            tell(inventory, plans)
    if not all(plan.is_whole for plan in plans):
        ctx.exit(ExitCode.WRONG)


def _of_files(paths: tuple[str, ...], namespace: str, *, own: str) -> tuple[Inventory, list[NamespacePlan]]:
    from kikkake.files import load_resources  # noqa: PLC0415
    from kikkake.migration.inventory import from_documents  # noqa: PLC0415
    from kikkake.migration.plan import draft_of, plan_of  # noqa: PLC0415

    loaded = load_resources(paths)
    if loaded.findings:
        raise CommandFailed("\n".join(f"{each.file}:{each.line}: {each}" for each in loaded.findings))
    inventory = from_documents(loaded.documents, namespace=namespace)
    if not inventory.namespaces:
        where = f" of namespace {namespace}" if namespace else ""
        raise CommandFailed(f"no EventSource, Sensor or EventBus{where} in {', '.join(paths)}")
    inventory = _servable(inventory, own=own)
    drafts = map(draft_of, inventory.namespaces)
    return inventory, [plan_of(inventory, draft, files=paths) for draft in drafts]


async def _of_cluster(
    namespace: str, context: str, kubeconfig: str, gateway: tuple[str, str], *, all_grants: bool
) -> tuple[Inventory, list[NamespacePlan]]:
    from kikkake.grants import Account  # noqa: PLC0415 - models are no part of --help
    from kikkake.migration.plan import draft_of, plan_of  # noqa: PLC0415
    from kikkake.migration.rights import ask_rights, discover, missing_bindings  # noqa: PLC0415
    from kikkake.outfit import connect  # noqa: PLC0415
    from kikkake.settings import ClusterSettings  # noqa: PLC0415

    kube = await connect(ClusterSettings(context=context, kubeconfig=kubeconfig))
    try:
        inventory = _servable(await _look(kube, namespace), own=gateway[0])
        drafts = [draft_of(each) for each in inventory.namespaces]
        resolve = await discover(kube, [needs for draft in drafts for needs in draft.needs.values()])
        plans = []
        for draft in drafts:
            rights = None if all_grants else await ask_rights(kube, draft.needs, resolve)
            bindings = await missing_bindings(kube, Account(*gateway), draft.inventory)
            plans.append(plan_of(inventory, draft, rights=rights, bindings=bindings, resolve=resolve))
        return inventory, plans
    finally:
        await kube.close()


def _servable(inventory: Inventory, *, own: str) -> Inventory:
    """What a label can have served; the rest is told. `own`: the gateway's namespace."""
    from kikkake.cluster.resources import NEVER_SERVED, is_never_served  # noqa: PLC0415 - models are no part of --help

    never = [each.name for each in inventory.namespaces if is_never_served(each.name, own)]
    told = [f"namespace {name} {NEVER_SERVED}" for name in never]
    served = tuple(each for each in inventory.namespaces if each.name not in never)
    if not served:
        raise CommandFailed("\n".join(told))
    for line in told:
        click.echo(f"warning: {line}", err=True)
    return replace(inventory, namespaces=served)


async def _look(kube: KubeClient, namespace: str) -> Inventory:
    from kikkake.migration.live import Looker, NothingToMigrate  # noqa: PLC0415 - models are no part of --help

    try:
        inventory = await Looker(kube).look([namespace] if namespace else [])
    except NothingToMigrate as error:
        raise CommandFailed(str(error), code=ExitCode.OUTSIDE) from error
    if not any(each.documents for each in inventory.namespaces):
        where = f"namespace {namespace}" if namespace else "the cluster"
        raise CommandFailed(f"no EventSource, Sensor or EventBus in {where}: there is nothing to move")
    return inventory
