"""How `kikkake migrate` shows its answer: for people, as YAML that is applied, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import click

from events.ports import Object
from kikkake.cli.output import paint, printable
from kikkake.grants import Account
from kikkake.migration.inventory import Inventory
from kikkake.migration.plan import NamespacePlan
from kikkake.migration.resources import ResourceReport
from kikkake.roles import MEANING, binding_of, documents_of, grant_documents, yaml_of

_DOCS = "docs"


def as_yaml(plans: Sequence[NamespacePlan], gateway: tuple[str, str]) -> str:
    """Roles and RoleBindings that are missing; what nobody can print in advance stands in comments."""
    documents: list[tuple[str, Object]] = []
    comments: list[str] = []
    for plan in plans:
        documents += [
            (MEANING[role], binding_of(role, plan.namespace, Account(*gateway))) for role in plan.bindings
        ]
        documents += list(grant_documents(plan.grants))
        namespace = printable(plan.namespace)
        comments += [f"# {namespace}: {printable(each)}" for each in plan.unknown]
        if not plan.grants and not plan.bindings:
            comments.append(f"# {namespace}: nothing is missing; --all-grants prints what is needed")
    return "\n".join([*comments, yaml_of(documents)]) if documents else "\n".join([*comments, ""])


def as_json(inventory: Inventory, plan: NamespacePlan) -> str:
    """One line."""
    value: dict[str, Any] = {
        "namespace": plan.namespace,
        "enabled": plan.is_enabled,
        "whole": plan.is_whole,
        "resources": [_resource(report) for report in plan.reports],
        "bindings": list(plan.bindings),
        "grants": [document for grant in plan.grants for document in documents_of(grant)],
        "unknown": plan.unknown,
        "unasked": [str(account) for account in plan.unasked],
        "differences": [each._asdict() for each in plan.differences],
        "steps": [asdict(step) for step in plan.steps],
        "foreignCRDs": list(inventory.foreign_crds),
        "unseen": list(inventory.unseen),
    }
    return json.dumps(value, ensure_ascii=False)


def _resource(report: ResourceReport) -> dict[str, Any]:
    members = ("kind", "name", "stays", "changes", "broken", "hints")
    return {member: getattr(report, member) for member in members}


def tell(inventory: Inventory, plans: Sequence[NamespacePlan]) -> None:
    """For people."""
    for number, plan in enumerate(plans):
        if number:
            click.echo()
        _tell_namespace(plan)
    _tell_cluster(inventory)


def _tell_namespace(plan: NamespacePlan) -> None:
    state = "enabled" if plan.is_enabled else "not enabled"
    _head(f"Namespace {printable(plan.namespace)} ({state})")
    for report in plan.reports:
        click.echo(f"\n{paint(f'{report.kind} {printable(report.name)}', 'cyan')}")
        _lines("stays   ", report.stays, "green")
        _lines("changes ", report.changes, "yellow")
        _lines("broken  ", report.broken, "red")
        if report.hints:
            click.echo(f"  hint     {report.hints} more of kikkake lint, which are true in Argo Events too")
    if plan.differences:
        click.echo(f"\n{paint('What is otherwise than in Argo Events', 'cyan')}")
        for difference in plan.differences:
            click.echo(f"  {difference.what} ({_DOCS}/{difference.page})")
    _tell_rights(plan)
    click.echo(f"\n{paint('What to do, in this order', 'cyan')}")
    for number, step in enumerate(plan.steps, 1):
        click.echo(f"  {number}. {printable(step.title + (f': {step.why}' if step.why else ''))}")
        for command in step.commands:
            click.echo(f"       {printable(command)}")


def _tell_rights(plan: NamespacePlan) -> None:
    click.echo(f"\n{paint('Rights', 'cyan')}")
    for grant in plan.grants:
        where = f" in {grant.namespace}" if grant.namespace is not None else " in the whole cluster"
        whose = "; somebody else decides there" if grant.is_foreign else ""
        click.echo(f"  {grant.account.user} gets{where}{whose}:")
        for rule in grant.rules:
            click.echo(f"    {_rule_text(rule)}")
    if not plan.grants:
        click.echo("  nothing to grant: the accounts may do all that their resources need")
    for account in plan.unasked:
        click.echo(f"  you may not ask what {account} may do already: all that it needs is listed")
    for each in plan.unknown:
        click.echo(f"  not known in advance: {printable(each)}")


def _rule_text(rule: Any) -> str:
    resources = [
        f"{name}.{group}" if group else name for group in rule["apiGroups"] for name in rule["resources"]
    ]
    names = f" {', '.join(rule['resourceNames'])}" if rule.get("resourceNames") else ""
    return printable(f"{', '.join(rule['verbs'])} {', '.join(resources)}{names}")


def _tell_cluster(inventory: Inventory) -> None:
    if inventory.foreign_crds:
        click.echo(f"\n{paint('CRDs', 'cyan')}")
        click.echo(
            f"  Argo Events' own: {', '.join(inventory.foreign_crds)}. Kikkake works with them as they are;"
        )
        click.echo(
            "  manifests/overlays/beside-argo-events leaves them alone. To replace them, which Argo Events"
        )
        click.echo("  takes too:")
        click.echo("       kubectl apply --server-side --force-conflicts -k manifests/crds")
    for each in inventory.unseen:
        click.echo(f"not seen: {each}")


def _head(text: str) -> None:
    click.echo(click.style(text, bold=True))


def _lines(word: str, texts: Iterable[str], colour: str) -> None:
    for text in texts:
        click.echo(f"  {paint(word, colour)} {printable(text)}")
