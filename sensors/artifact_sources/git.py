"""git: a file of a repository, at a branch, a tag, another reference or a commit (spec-sensors 8).

https and http with user and password or a GitHub App, ssh with a key and known hosts. The newest commit alone is
fetched, nothing is checked out, and a file that was read is kept by its commit. A process of its own does it, since a
pack may hold anything (spec: security, T-GIT).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from events.ports import SecretRef
from sensors.access import refs_in
from sensors.artifact_source import (
    ArtifactSource,
    ArtifactUnavailable,
    ArtifactUnusable,
    LocationFault,
    Reach,
)
from sensors.artifact_spec import GitLocation
from sensors.git_call import GitCall, Reachable
from sensors.git_process import GitProcesses
from sensors.git_remote import LocationRefused, Remote, read_path, read_reference, read_remote
from sensors.github_app import GithubTokens

_GITHUB_USER = "x-access-token"


class Git(ArtifactSource[GitLocation]):
    """The content of the file."""

    kind: ClassVar[str] = "git"

    def __init__(self) -> None:
        self._processes = GitProcesses()
        self._tokens = GithubTokens()

    @classmethod
    def faults(cls, member: GitLocation) -> Iterator[LocationFault]:
        for read in (read_remote, read_reference, read_path):
            try:
                read(member)
            except LocationRefused as refused:
                yield LocationFault(refused.member, refused.what, refused.fix)

    @classmethod
    def refs(cls, member: GitLocation, namespace: str) -> tuple[SecretRef, ...]:
        """Of the one login that is used: the key for ssh, else `creds`, else the app's."""
        try:
            is_ssh = read_remote(member).scheme == "ssh"
        except LocationRefused:
            return ()
        return tuple(
            refs_in([member.ssh_key_secret if is_ssh else member.creds or member.github_app], namespace)
        )

    async def read(self, member: GitLocation, reach: Reach) -> bytes:
        remote = read_remote(member)
        call = GitCall(
            remote=remote,
            reference=read_reference(member),
            path=read_path(member),
            credentials=await self._credentials(member, remote, reach),
            ssh_key=await _ssh_key(member, remote, reach),
            ignores_host_key=member.insecure_ignore_host_key,
            reach=Reachable.of(reach.allowed),
            timeout_s=reach.timeout_s,
            max_bytes=reach.max_bytes,
        )
        try:
            reply = await self._processes.read(call)
        except TimeoutError as error:
            raise ArtifactUnavailable(f"{remote.host}: not read within {reach.timeout_s:g} s") from error
        if reply.refused:
            raise ArtifactUnusable(f"{remote.host}: {reply.refused}")
        if reply.content is None:
            raise ArtifactUnavailable(f"{remote.host}: {reply.unavailable or 'no answer'}")
        return reply.content

    async def _credentials(self, member: GitLocation, remote: Remote, reach: Reach) -> tuple[str, str] | None:
        """User and password: `creds`, else the app's, else those of the URL."""
        if remote.scheme == "ssh":
            if member.creds is not None:
                raise ArtifactUnusable("creds: a password is for https; give `sshKeySecret` for ssh")
            return None
        found = (remote.user, remote.password) if remote.user else None
        if member.creds is not None:
            user = await reach.secret(member.creds.username, "creds.username")
            password = await reach.secret(member.creds.password, "creds.password")
            found = (_text(user), _text(password))
        elif member.github_app is not None:
            found = (_GITHUB_USER, await self._tokens.token(member.github_app, reach))
        if found and remote.scheme == "http" and reach.is_strict:
            raise ArtifactUnusable("url: a strict Sensor sends credentials over https only")
        return found


async def _ssh_key(member: GitLocation, remote: Remote, reach: Reach) -> bytes | None:
    if remote.scheme != "ssh" or member.ssh_key_secret is None:
        return None
    return await reach.secret(member.ssh_key_secret, "sshKeySecret")


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")
