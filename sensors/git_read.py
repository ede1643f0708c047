"""Reading one file out of a repository: the newest commit of a reference is fetched, the file is taken from its tree.

Nothing is checked out: no work tree, no filter, no hook, no submodule; a symbolic link is an object that is refused,
wherever it stands on the way (spec: security, T-GIT). Runs in a process of its own, `git_child`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import urllib3
from dulwich.client import GitClient
from dulwich.errors import HangupException
from dulwich.objects import Blob, Commit, ObjectID, Tag, Tree
from dulwich.repo import Repo

from sensors.git_call import GitCall, GitReply
from sensors.git_remote import mode_fault
from sensors.git_transport import GitRefused, GitUnavailable, HttpClient, opened_ssh
from sensors.guarded_pool import Guard
from sensors.http_client import AddressNotAllowed

_MAX_TAGS = 5
"""Tags of tags that are looked through."""


def read_file(call: GitCall, guard: Guard) -> GitReply:
    """The content of the file, or why not. Blocks. Raises MemoryError."""
    try:
        return _read_file(call, guard)
    except (GitRefused, AddressNotAllowed) as refused:
        return GitReply(refused=str(refused))
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - the library fails in any way on what a hostile server sends
        return GitReply(unavailable=_why(error))


def _read_file(call: GitCall, guard: Guard) -> GitReply:
    choice = _Choice(call)
    folder = Path(call.folder)
    (folder / "repository").mkdir()
    with (
        _opened(call, guard, folder) as client,
        contextlib.closing(Repo.init_bare(folder / "repository")) as repository,
    ):
        path = call.remote.path if call.remote.scheme == "ssh" else ""
        client.fetch(path, repository, choice, depth=1, ref_prefix=call.reference.names)
        tip = choice.tip()
        content = None if tip in call.known else _content(repository, tip, call)
    return GitReply(commit=tip, content=content)


@contextlib.contextmanager
def _opened(call: GitCall, guard: Guard, folder: Path) -> Iterator[GitClient]:
    remote = call.remote
    if remote.scheme == "ssh":
        with opened_ssh(remote, call.ssh_key, guard, folder, ignores_host_key=call.ignores_host_key) as ssh:
            yield ssh
        return
    with contextlib.closing(HttpClient(remote, call.credentials, guard)) as client:
        yield client


class _Choice:
    """What the library asks when it has the references: which objects to fetch."""

    def __init__(self, call: GitCall) -> None:
        self._call = call
        self._tip: bytes | None = None

    def __call__(self, refs: Mapping[Any, Any], depth: int | None = None) -> list[ObjectID]:
        del depth
        reference = self._call.reference
        self._tip = next((refs[name] for name in reference.names if name in refs), reference.commit)
        if self._tip is None:
            names = " nor ".join(name.decode("utf-8", "replace") for name in reference.names)
            raise GitRefused(f"the repository has no {names}")
        return [] if self._tip in self._call.known else [ObjectID(self._tip)]

    def tip(self) -> bytes:
        """The commit (or its tag) that was chosen."""
        if self._tip is None:
            raise GitRefused("the repository is empty")
        return bytes(self._tip)


def _content(repository: Repo, tip: bytes, call: GitCall) -> bytes:
    found = repository.object_store[ObjectID(tip)]
    for _ in range(_MAX_TAGS):
        if isinstance(found, Tag):
            found = repository.object_store[found.object[1]]
    if not isinstance(found, Commit):
        raise GitRefused("the reference leads to no commit")
    sha = found.tree
    for place, name in enumerate(call.path, start=1):
        tree = repository.object_store[sha]
        shown = b"/".join(call.path[:place]).decode("utf-8", "replace")
        if not isinstance(tree, Tree) or name not in tree:
            raise GitRefused(f"filePath: the commit has no {shown}")
        mode, sha = tree[name]
        fault = mode_fault(mode, is_last=place == len(call.path))
        if fault:
            raise GitRefused(f"filePath: {shown} {fault}")
    blob = repository.object_store[sha]
    if not isinstance(blob, Blob):
        raise GitRefused("filePath: is no file")
    if blob.raw_length() > call.max_bytes:
        raise GitRefused(f"is larger than {call.max_bytes} bytes")
    return blob.data


def _why(error: Exception) -> str:
    if isinstance(error, GitUnavailable):
        return str(error)
    if isinstance(error, HangupException):
        # What ssh said last: it is about the connection and holds no secret.
        lines = [line.decode("utf-8", "replace") for line in error.stderr_lines or () if line.strip()]
        said = "".join(char for char in lines[-1] if char.isprintable())[:200] if lines else ""
        return said or "hung up"
    if isinstance(error, urllib3.exceptions.HTTPError | OSError):
        return f"cannot be reached ({type(error).__name__})"
    return f"the server could not be understood ({type(error).__name__})"
