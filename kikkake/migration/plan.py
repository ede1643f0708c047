"""The whole answer of `kikkake migrate`, for each namespace: resources, rights, differences, steps. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kikkake.grants import Account, Resolve, can_be_granted, guess_resource, needs_by_account
from kikkake.migration.differences import Difference, differences_of
from kikkake.migration.inventory import Inventory, NamespaceInventory
from kikkake.migration.resources import ResourceReport, report_resources, specs_of
from kikkake.migration.rights import Rights
from kikkake.migration.steps import Step, steps_of
from kikkake.roles import TEAM_ROLE, Grant, grants_of
from sensors.access import Needs


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespacePlan:
    """One namespace."""

    namespace: str
    is_enabled: bool
    bindings: Sequence[str]
    """ClusterRoles that are to be bound to the gateway."""
    reports: Sequence[ResourceReport]
    needs: Mapping[Account, Needs]
    grants: Sequence[Grant]
    """To be made; of an account that has everything there is none."""
    unasked: Sequence[Account]
    """Accounts of which nobody could say what they may do already: all that they need is printed."""
    differences: Sequence[Difference]
    steps: Sequence[Step]

    @property
    def unknown(self) -> list[str]:
        """Rights that nobody can print in advance."""
        return [each for needs in self.needs.values() for each in needs.unknown]

    @property
    def is_whole(self) -> bool:
        """Whether everything works as it is written."""
        return not any(report.broken for report in self.reports)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One namespace before anybody was asked for rights."""

    inventory: NamespaceInventory
    reports: Sequence[ResourceReport]
    needs: Mapping[Account, Needs]
    """What a Role can grant of it; of the rest the reports tell."""


def draft_of(namespace: NamespaceInventory) -> Draft:
    """What its resources say."""
    reports = report_resources(namespace)
    needs = needs_by_account(specs_of(reports))
    grantable = {
        account: replace(found, accesses=tuple(filter(can_be_granted, found.accesses)))
        for account, found in needs.items()
    }
    return Draft(inventory=namespace, reports=reports, needs=grantable)


def plan_of(
    inventory: Inventory,
    draft: Draft,
    *,
    rights: Rights | None = None,
    bindings: Sequence[str] = (TEAM_ROLE,),
    resolve: Resolve = guess_resource,
    files: Sequence[str] = (),
) -> NamespacePlan:
    """The plan; without `rights` every grant is in it."""
    wanted = draft.needs if rights is None else rights.to_print
    grants = [grant for grant in grants_of(wanted, resolve) if grant.rules]
    namespace = draft.inventory
    return NamespacePlan(
        namespace=namespace.name,
        is_enabled=namespace.is_enabled,
        bindings=bindings,
        reports=draft.reports,
        needs=draft.needs,
        grants=grants,
        unasked=rights.unasked if rights is not None else (),
        differences=differences_of(specs_of(draft.reports)),
        steps=steps_of(inventory, namespace, grants, bindings=bindings, files=files),
    )
