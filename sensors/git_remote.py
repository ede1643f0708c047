"""Which repository, which reference, which file: what a git location says, read strictly. Pure.

Only https, http and ssh: `file://` and paths would read the gateway's own disk, `ext::` would run a command, and `git://`
proves neither side (spec: security).
"""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from events.errors import KikkakeError
from sensors.artifact_spec import GitLocation

_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*|[0-9A-Fa-f:.]+", re.ASCII)
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*", re.ASCII)
_SCP = re.compile(r"(?:(?P<user>[^@/:]+)@)?(?P<host>[^@/:]+):(?P<path>[^:].*)", re.DOTALL)
_NO_REFERENCE = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^[-/]|[/.]$")
"""What git allows in no name; a leading hyphen never reaches a command line here either."""
_COMMIT = re.compile(r"[0-9a-f]{40}", re.ASCII)
_NOT_IN_A_PATH = ("..", "~", "\\")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class LocationRefused(KikkakeError):
    """The location cannot be read from, now or later; the text never holds a password."""

    def __init__(self, member: tuple[str, ...], what: str, fix: str) -> None:
        self.member = member
        self.what = what
        self.fix = fix
        super().__init__(f"{'.'.join(member)} {what}; {fix}")


@dataclass(frozen=True, slots=True)
class Remote:
    """Where a repository is served."""

    scheme: str
    """`https`, `http` or `ssh`."""
    host: str
    port: int | None
    path: str
    """For ssh as the other side's shell sees it, else the path of the URL."""
    user: str = ""
    password: str = field(default="", repr=False)
    """From the URL; empty for ssh."""

    @property
    def url(self) -> str:
        """Without user and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port is None else f":{self.port}"
        return f"{self.scheme}://{host}{port}/{self.path.lstrip('/')}"


def read_remote(location: GitLocation) -> Remote:
    """Where to read: the first of `remote.urls`, else `url`. Raises LocationRefused."""
    if location.remote is not None and location.remote.urls:
        return _parse(location.remote.urls[0], ("remote", "urls"))
    return _parse(location.url, ("url",))


def _parse(text: str, member: tuple[str, ...]) -> Remote:
    refused = LocationRefused(
        member, "is no repository to fetch from", "write https://..., ssh://... or user@host:path"
    )
    if _CONTROL.search(text):
        raise refused
    if "://" not in text:
        match = _SCP.fullmatch(text)
        if match is None or "::" in text:
            raise refused
        return _checked(Remote("ssh", match["host"], None, match["path"], match["user"] or "git"), refused)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise refused from error
    if parts.scheme == "ssh":
        return _checked(
            Remote("ssh", parts.hostname or "", port, unquote(parts.path), parts.username or "git"), refused
        )
    if parts.scheme not in {"http", "https"}:
        raise refused
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return _checked(Remote(parts.scheme, parts.hostname or "", port, parts.path, user, password), refused)


def _checked(remote: Remote, refused: LocationRefused) -> Remote:
    has_host = _HOST.fullmatch(remote.host) is not None
    has_path = remote.path.strip("/") != "" and not remote.path.startswith("-")
    if not has_host or not has_path or (remote.scheme == "ssh" and not _USER.fullmatch(remote.user)):
        raise refused
    return remote


@dataclass(frozen=True, slots=True)
class Reference:
    """What is read: the first of `names` that the repository has, or a commit."""

    names: tuple[bytes, ...]
    commit: bytes | None = None


def read_reference(location: GitLocation) -> Reference:
    """`ref`, else `tag`, else `branch`, else the branch `master` (spec-sensors 8). Raises LocationRefused."""
    for member, prefix in (("ref", ""), ("tag", "refs/tags/"), ("branch", "refs/heads/")):
        name = getattr(location, member)
        if not name:
            continue
        if _NO_REFERENCE.search(name) or name.endswith(".lock"):
            raise LocationRefused((member,), "is no name of a reference", "write it as git does")
        if prefix or name.startswith("refs/") or name == "HEAD":
            return Reference((f"{prefix}{name}".encode("utf-8", "surrogatepass"),))
        commit = name.encode() if _COMMIT.fullmatch(name) else None
        encoded = name.encode("utf-8", "surrogatepass")
        return Reference((b"refs/heads/" + encoded, b"refs/tags/" + encoded), commit)
    return Reference((b"refs/heads/master",))


def read_path(location: GitLocation) -> tuple[bytes, ...]:
    """The names from the root of the repository to the file. Raises LocationRefused, with upstream's text."""
    for member, value in (("filePath", location.file_path), ("cloneDirectory", location.clone_directory)):
        for text in _NOT_IN_A_PATH:
            if text in value:
                shown = text.replace("\\", "\\\\")
                raise LocationRefused((member,), f'"{shown}" is not allowed in the {member}', "remove it")
    names = tuple(
        name.encode("utf-8", "surrogatepass")
        for name in location.file_path.split("/")
        if name not in {"", "."}
    )
    if not names:
        raise LocationRefused(("filePath",), "is missing", "give the path of the file in the repository")
    return names


def mode_fault(mode: int, *, is_last: bool) -> str:
    """Why an entry of a tree is not walked through, or as the last one not read; else an empty text."""
    if stat.S_ISLNK(mode):
        return "is a symbolic link"
    if mode == 0o160000:
        return "is a submodule, which is not fetched"
    if stat.S_ISDIR(mode):
        return "is a folder" if is_last else ""
    return "" if is_last else "is no folder"
