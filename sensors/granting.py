"""The `kubectl` commands that give somebody a right, as messages print them. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from events.shell import commands

_ACCOUNT = re.compile(r"system:serviceaccount:([^:]+):([^:]+)")
_LONGEST_WORD = 63
_LONGEST_NAME = 253


def grant_commands(
    user: str, verbs: Sequence[str], resource: str, *, namespace: str | None, name: str = ""
) -> str:
    """A role and its binding for `user` on `resource` (`jobs.batch`); `namespace` None = in the whole cluster.

    The role's name says all of it: whoever meets several messages can carry out one after the other.
    """
    account = _ACCOUNT.fullmatch(user)
    subject = f"--serviceaccount={account[1]}:{account[2]}" if account else f"--user={user}"
    scope, kind = (("-n", namespace), "role") if namespace else ((), "clusterrole")
    role = _role_name([*_who(user, namespace), resource, name, *verbs])
    named = [f"--resource-name={name}"] if name else []
    what = (f"--verb={','.join(verbs)}", f"--resource={resource}", *named)
    return commands(
        ("kubectl", "create", kind, role, *what, *scope),
        ("kubectl", "create", f"{kind}binding", role, f"--{kind}={role}", subject, *scope),
    )


def _who(user: str, namespace: str | None) -> tuple[str, ...]:
    """Elsewhere with the account's namespace, since many may have an account of that name."""
    account = _ACCOUNT.fullmatch(user)
    if account is None:
        return (user,)
    return (account[2],) if account[1] == namespace else (account[1], account[2])


def _role_name(parts: Sequence[str]) -> str:
    words = [re.sub(r"[^a-z0-9]+", "-", part.lower(), flags=re.ASCII).strip("-") for part in parts]
    whole = "-".join(["kikkake", *(word[:_LONGEST_WORD] for word in words if word)])
    return whole[:_LONGEST_NAME].rstrip("-")
