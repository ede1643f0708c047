"""What is asked of the process that reads a repository, and what it answers: one JSON text each, over pipes."""

from __future__ import annotations

import ipaddress

import msgspec

from sensors.addresses import AddressPolicy
from sensors.git_remote import Reference, Remote


class Reachable(msgspec.Struct, frozen=True, kw_only=True):
    """An `AddressPolicy` as it stands in a call."""

    allowed: tuple[str, ...]
    own: tuple[str, ...]
    admitted: tuple[str, ...]
    uses_proxies: bool

    @classmethod
    def of(cls, policy: AddressPolicy | None) -> Reachable | None:
        """None = anywhere."""
        if policy is None:
            return None
        return cls(
            allowed=tuple(str(network) for network in policy.allowed),
            own=tuple(str(network) for network in policy.own),
            admitted=tuple(sorted(policy.admitted)),
            uses_proxies=policy.uses_proxies,
        )

    @property
    def policy(self) -> AddressPolicy:
        """The same again."""
        return AddressPolicy(
            allowed=tuple(ipaddress.ip_network(text) for text in self.allowed),
            own=tuple(ipaddress.ip_network(text) for text in self.own),
            admitted=frozenset(self.admitted),
            uses_proxies=self.uses_proxies,
        )


class GitCall(msgspec.Struct, frozen=True, kw_only=True):
    """One file of one repository, and what it is asked for with. It holds secrets: its repr shows none."""

    remote: Remote
    reference: Reference
    path: tuple[bytes, ...]
    credentials: tuple[str, str] | None = None
    """User and password, for http."""
    ssh_key: bytes | None = None
    ignores_host_key: bool = False
    known: tuple[bytes, ...] = ()
    """Commits of which the file is known already: only the name of the commit is asked for then."""
    folder: str = ""
    """An empty folder for the pack and the key; whoever asks removes it."""
    reach: Reachable | None = None
    """Where connections may go to; None = anywhere."""
    timeout_s: float
    max_bytes: int

    def __repr__(self) -> str:
        return f"GitCall({self.remote.url})"

    @property
    def addresses(self) -> AddressPolicy | None:
        """The policy again."""
        return None if self.reach is None else self.reach.policy


class GitReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A commit and the content of the file, unless it is known; or why not."""

    commit: bytes = b""
    content: bytes | None = None
    refused: str = ""
    """Trying again gives the same."""
    unavailable: str = ""
    """Another try may succeed."""
