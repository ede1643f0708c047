"""Print what lets Kikkake serve a namespace; nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click

from events.shell import command
from kikkake.cli.kube_names import ACCOUNT, NAMESPACE_NAME

_STANDING = (
    "# Nobody is asked whether the author of what stands there may use its account: see `kikkake migrate`."
)


@click.command()
@click.argument("namespaces", metavar="NAMESPACE...", nargs=-1, required=True, type=NAMESPACE_NAME)
@click.option(
    "--team/--no-team",
    default=True,
    show_default=True,
    help="Let the gateway keep Services of EventSources, and see whether Argo Events still serves one.",
)
@click.option(
    "--strict", is_flag=True, help="For the strict variant: let the gateway act as accounts of the namespace."
)
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
    type=click.Choice(["text", "yaml"]),
    default="text",
    show_default=True,
    help="text: commands for a shell. yaml: the RoleBindings; the label stands in a comment.",
)
def enable(
    namespaces: tuple[str, ...], team: bool, strict: bool, gateway: tuple[str, str], output: str
) -> None:
    """Print what lets Kikkake serve NAMESPACE: RoleBindings for the gateway, then the label. It asks no cluster.

    The label is no YAML: to apply a Namespace takes away labels that others have applied to it.

    \b
      kikkake enable team-a                                  read it
      kikkake enable team-a | sh                             do it
      kikkake enable team-a --strict -o yaml | kubectl apply -f -
    """
    from kikkake.cluster.resources import NEVER_SERVED, is_never_served  # noqa: PLC0415
    from kikkake.grants import Account  # noqa: PLC0415 - models are no part of --help
    from kikkake.roles import MEANING, TEAM_ROLE, TOKEN_ROLE, binding_of, yaml_of  # noqa: PLC0415

    for namespace in namespaces:
        if is_never_served(namespace, gateway[0]):
            raise click.UsageError(f"namespace {namespace} {NEVER_SERVED}")
    roles = {
        role: MEANING[role] for role, is_wanted in ((TEAM_ROLE, team), (TOKEN_ROLE, strict)) if is_wanted
    }
    if output == "text":
        for line in _commands(namespaces, roles, gateway):
            click.echo(line)
        return
    if not roles:
        raise click.UsageError(
            "-o yaml prints RoleBindings: there are none with --no-team, except by --strict"
        )
    documents = [
        (meaning, binding_of(role, each, Account(*gateway)))
        for each in namespaces
        for role, meaning in roles.items()
    ]
    labels = [f"# Then, as an administrator of the cluster: {_label(each)}" for each in namespaces]
    click.echo("\n".join([*labels, _STANDING, yaml_of(documents)]), nl=False)


def _commands(
    namespaces: tuple[str, ...], roles: Mapping[str, str], gateway: tuple[str, str]
) -> Iterator[str]:
    for namespace in namespaces:
        for role, meaning in roles.items():
            yield f"# {meaning}"
            yield command(
                *("kubectl", "-n", namespace, "create", "rolebinding", role),
                *(f"--clusterrole={role}", f"--serviceaccount={gateway[0]}:{gateway[1]}"),
            )
        yield "# From now on its EventSources and Sensors are served. This takes an administrator of the cluster."
        yield _STANDING
        yield _label(namespace)


def _label(namespace: str) -> str:
    return command("kubectl", "label", "namespace", namespace, "kikkake/enabled=true")
