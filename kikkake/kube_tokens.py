"""How the gateway acts as a Sensor's own account: tokens by TokenRequest, and what keeps it from acting as one."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple
from urllib.parse import quote

import orjson

from events.ports import KubeError, KubeInDoubt, KubeNotSent, Object
from events.shell import commands

_NO_ACCOUNT = "NoServiceAccount"
_FORBIDDEN = "AccountForbidden"
ACCOUNT_REASONS = frozenset({_NO_ACCOUNT, _FORBIDDEN})
"""Reasons of a 403 that says nothing of the account's own rights: nobody could act as it."""
_LIFETIME_S = 600
"""Asked for: the shortest that an API server gives, so that a stolen token is worth little (spec: security 3)."""
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
"""What an object's name may be. The API server takes an escaped `/` for one that parts a path: what stands in a
resource must not choose what the gateway asks for as itself."""
_IMPERSONATION = re.compile(r'User "(?P<user>[^"]*)" cannot impersonate(?:-on)?[:\w]* resource')
"""Newer API servers try the finer verbs of constrained impersonation first, and name those."""
_ACCOUNT = re.compile(r"system:serviceaccount:([^:]+):([^:]+)")
_RENEW_AFTER = 0.8
"""Of its lifetime, as kubelet does for mounted tokens."""


class _Token(NamedTuple):
    """A token, and until when on the monotonic clock it is used, and is good."""

    text: str
    renew_at: float
    ends_at: float


class AccountTokens:
    """One token for each account, renewed before it ends."""

    def __init__(
        self,
        post: Callable[[str, bytes], Awaitable[Object]],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`post` sends a body to a path and gives the object that is answered; it raises as `Kube` does."""
        self._post = post
        self._monotonic = monotonic
        self._tokens: dict[str, _Token] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def token(self, account: str) -> str:
        """A token for `account` (NAMESPACE/NAME). Raises KubeError; an empty account is refused, never "mine"."""
        namespace, name = split_account(account)
        async with self._locks.setdefault(account, asyncio.Lock()):
            known = self._tokens.get(account)
            asked_at = self._monotonic()
            if known is not None and asked_at < known.renew_at:
                return known.text
            try:
                answer = await self._ask(namespace, name)
            except (KubeError, KubeNotSent) as error:
                is_away = isinstance(error, KubeNotSent) or error.status >= 500 or error.status == 429
                if known is None or not is_away or asked_at >= known.ends_at:
                    raise
                # The API server cannot give a new one just now, and takes the old one a while yet.
                return known.text
            lifetime_s = float(answer.get("spec", {}).get("expirationSeconds") or _LIFETIME_S)
            text = str(answer["status"]["token"])
            self._forget_ended(asked_at)
            self._tokens[account] = _Token(text, asked_at + lifetime_s * _RENEW_AFTER, asked_at + lifetime_s)
            return text

    async def _ask(self, namespace: str, name: str) -> Object:
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": _LIFETIME_S},
        }
        path = f"/api/v1/namespaces/{quote(namespace, safe='')}/serviceaccounts/{quote(name, safe='')}/token"
        try:
            return await self._post(path, orjson.dumps(body))
        except KubeError as error:
            raise _refusal(error, namespace, name) from error
        except KubeInDoubt as error:
            # A token too many changes nothing; what was to be done with it was not sent.
            raise KubeNotSent(f"asking for a token of {namespace}/{name}: {error}") from error

    def forget(self, account: str, refused: str | None) -> None:
        """After a 401 with the header `refused`: ask for a new one next time, unless somebody has one already."""
        known = self._tokens.get(account)
        if known is not None and refused == f"Bearer {known.text}":
            del self._tokens[account]

    def forget_namespace(self, namespace: str) -> None:
        """Its accounts are nobody's business any more."""
        for account in [each for each in self._tokens if each.startswith(f"{namespace}/")]:
            del self._tokens[account]

    def _forget_ended(self, now: float) -> None:
        """Of accounts that nobody acts as any more."""
        for account in [each for each, token in self._tokens.items() if token.ends_at <= now]:
            del self._tokens[account]
            if not self._locks[account].locked():
                del self._locks[account]


def split_account(account: str) -> tuple[str, str]:
    """Namespace and name of NAMESPACE/NAME. Raises KubeError: what is no name, or empty, is refused, never "mine"."""
    namespace, _, name = account.partition("/")
    if not namespace or not name:
        raise KubeError(403, "Forbidden", "no ServiceAccount to act as: give NAMESPACE/NAME")
    if not (_NAME.fullmatch(namespace) and _NAME.fullmatch(name)):
        what = f"`{name[:64]}` is no name of a ServiceAccount; mend spec.template.serviceAccountName"
        raise KubeError(403, _NO_ACCOUNT, what)
    return namespace, name


def impersonation_refusal(error: KubeError, account: str) -> KubeError:
    """The same of a gateway that impersonates; any other error as it is."""
    found = _IMPERSONATION.search(error.message) if error.status == 403 else None
    if found is None:
        return error
    namespace, name = split_account(account)
    role = f"kikkake-as-{name}"
    gateway = _ACCOUNT.fullmatch(found["user"])
    subject = f"--serviceaccount={gateway[1]}:{gateway[2]}" if gateway else f"--user={found['user']}"
    allow = commands(
        (
            *("kubectl", "-n", namespace, "create", "role", role, "--verb=impersonate"),
            *("--resource=serviceaccounts", f"--resource-name={name}"),
        ),
        ("kubectl", "-n", namespace, "create", "rolebinding", role, f"--role={role}", subject),
    )
    what = f"the gateway may not act as ServiceAccount {account}: {error.message}; to allow: {allow}"
    return KubeError(403, _FORBIDDEN, what)


def _refusal(error: KubeError, namespace: str, name: str) -> KubeError:
    """What keeps the gateway from acting as the account, said so that it is not taken for the account's own rights."""
    who = f"ServiceAccount {namespace}/{name}"
    if error.status == 404:
        what = f"{who} does not exist: create it, or name another one in spec.template.serviceAccountName"
        return KubeError(403, _NO_ACCOUNT, what)
    if error.status == 403:
        what = f"the gateway may not act as {who}: {error.message}"
        return KubeError(403, _FORBIDDEN, what)
    return error
