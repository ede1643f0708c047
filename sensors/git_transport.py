"""Talking to a git server: dulwich's protocol over connections of our own.

http: redirects stay on the host, so that a password goes nowhere else; nothing but a smart server is spoken to. ssh:
the system's program, told everything on its command line and given no environment. Both are judged by address, count
what they read, and end at the cutoff.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

import urllib3
from dulwich.client import AbstractHttpGitClient, SSHGitClient, SSHVendor, SubprocessWrapper
from dulwich.protocol import Protocol

from events.errors import KikkakeError
from sensors.git_remote import Remote
from sensors.guarded_pool import Guard

MAX_PACK_BYTES = 268_435_456
"""Of one fetch: a repository whose newest tree is larger is not read from."""
_MAX_HOPS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAY_PASS = frozenset({408, 425, 429})


class GitRefused(KikkakeError):
    """The server will not give it, now or later."""


class GitUnavailable(KikkakeError):
    """The server did not give it now."""


class Meter:
    """Counts what is read, and ends the reading where it is too much or too late."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._left = MAX_PACK_BYTES

    def metered(self, read: Callable[[int], bytes]) -> Callable[[int], bytes]:
        """`read` with the count. Raises GitRefused, TimeoutError."""

        def reading(size: int) -> bytes:
            self._guard.cutoff.remaining_s()
            piece = read(size)
            self._left -= len(piece)
            if self._left < 0:
                raise GitRefused(f"the repository is larger than {MAX_PACK_BYTES} bytes")
            return piece

        return reading


class HttpClient(AbstractHttpGitClient):
    """One repository over http or https."""

    def __init__(self, remote: Remote, credentials: tuple[str, str] | None, guard: Guard) -> None:
        super().__init__(remote.url)
        self._guard = guard
        self._pool = guard.pool(remote.scheme, remote.host)
        self._meter = Meter(guard)
        self._credentials = urllib3.make_headers(basic_auth=":".join(credentials)) if credentials else {}

    def close(self) -> None:
        self._pool.clear()

    def _http_request(
        self,
        url: str,
        headers: dict[str, str] | None = None,
        data: bytes | Iterator[bytes] | None = None,
        raise_for_status: bool = True,  # noqa: FBT001, FBT002 - the library's signature
    ) -> tuple[Any, Callable[[int], bytes]]:
        """The library asks for an answer with `content_type` and `redirect_location` besides."""
        del raise_for_status
        answer, at = self._follow(url, headers or {}, data)
        content_type = answer.headers.get("Content-Type") or ""
        if not content_type.startswith("application/x-git-"):
            answer.close()
            raise GitRefused("answers nothing that a git server answers")
        answer.content_type = content_type  # type: ignore[attr-defined]  # the library's own addition
        answer.redirect_location = at if at != url else ""  # type: ignore[attr-defined]  # likewise
        return answer, self._meter.metered(answer.read)

    def _follow(
        self, url: str, headers: dict[str, str], data: bytes | Iterator[bytes] | None
    ) -> tuple[urllib3.BaseHTTPResponse, str]:
        for _ in range(_MAX_HOPS + 1):
            answer = self._pool.request(
                "GET" if data is None else "POST",
                url,
                body=data,
                headers={"User-Agent": "git/kikkake", **headers, **self._credentials},
                redirect=False,
                preload_content=False,
                timeout=self._guard.timeout(),
            )
            location = answer.headers.get("Location")
            if answer.status not in _REDIRECTS or location is None or data is not None:
                _raise_for(answer)
                return answer, url
            answer.drain_conn()
            url = _redirected(url, location)
        raise GitRefused(f"more than {_MAX_HOPS} redirects")


def _redirected(url: str, location: str) -> str:
    target = urljoin(url, location)
    old, new = urlsplit(url), urlsplit(target)
    is_upgrade = (old.scheme, new.scheme) == ("http", "https")
    if new.hostname != old.hostname or not (new.scheme == old.scheme or is_upgrade):
        raise GitRefused(f"leads to {new.scheme}://{new.hostname}: write that address into the location")
    return target


def _raise_for(answer: urllib3.BaseHTTPResponse) -> None:
    if answer.status == 200:
        return
    answer.close()
    if answer.status in _MAY_PASS or answer.status >= 500:
        raise GitUnavailable(f"status code {answer.status}")
    if answer.status in {401, 403}:
        raise GitRefused(f"status code {answer.status}: these credentials may not read it")
    raise GitRefused(f"status code {answer.status}")


class _Ssh(SSHVendor):
    """Runs `ssh` for one connection."""

    def __init__(self, guard: Guard, key_file: Path | None, *, ignores_host_key: bool) -> None:
        self._guard = guard
        self._key_file = key_file
        self._ignores_host_key = ignores_host_key

    def run_command(  # noqa: PLR0913, PLR0917 - the library's signature
        self,
        host: str,
        command: bytes,
        username: str | None = None,
        port: int | None = None,
        password: str | None = None,
        key_filename: str | None = None,
        ssh_command: str | None = None,
        protocol_version: int | None = None,
    ) -> SubprocessWrapper:
        del password, key_filename, ssh_command, protocol_version  # the library's; ours are known already
        process = subprocess.Popen(  # noqa: S603 - host, user and port are checked by `git_remote`
            [*self._options(host, port), "--", f"{username}@{host}", command],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        )
        self._guard.cutoff.guard(process.kill)
        connection = SubprocessWrapper(process)
        connection.read = Meter(self._guard).metered(connection.read)  # type: ignore[assignment]  # the same, counted
        return connection

    def _options(self, host: str, port: int | None) -> list[str]:
        options = {
            "BatchMode": "yes",
            "ConnectTimeout": "10",
            "ClearAllForwardings": "yes",
            "IdentitiesOnly": "yes",
            "LogLevel": "ERROR",
            "StrictHostKeyChecking": "no" if self._ignores_host_key else "yes",
        }
        if self._ignores_host_key:
            options["UserKnownHostsFile"] = options["GlobalKnownHostsFile"] = "/dev/null"
        elif known := os.environ.get("SSH_KNOWN_HOSTS"):
            options["UserKnownHostsFile"] = known
        if self._guard.addresses is not None:
            # To the very address that was judged; its key is still that of the name.
            options["HostName"] = self._guard.allowed_address(host, port or 22)
            options["HostKeyAlias"] = host
        arguments = ["ssh", "-x", "-T", "-a", "-F", "none"]
        for name, value in options.items():
            arguments += ["-o", f"{name}={value}"]
        if port is not None:
            arguments += ["-p", str(port)]
        return arguments if self._key_file is None else [*arguments, "-i", str(self._key_file)]


class _SshClient(SSHGitClient):
    """Closes its connection also where the library, after a hang-up, does not."""

    _protocol: Protocol | None = None

    def _connect(
        self, cmd: bytes, path: str | bytes, protocol_version: int | None = None
    ) -> tuple[Protocol, Callable[[], bool], IO[bytes] | None]:
        connected = super()._connect(cmd, path, protocol_version)
        self._protocol = connected[0]
        return connected

    def close(self) -> None:
        if self._protocol is not None:
            self._protocol.close()


@contextlib.contextmanager
def opened_ssh(
    remote: Remote, key: bytes | None, guard: Guard, folder: Path, *, ignores_host_key: bool
) -> Iterator[SSHGitClient]:
    """A client over ssh; the key stands in `folder`, which only we may read, as long as the connection does."""
    key_file = None
    if key is not None:
        key_file = folder / "key"
        with open(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:  # noqa: PTH123 - with its mode from the start
            opened.write(key.rstrip() + b"\n")
    vendor = _Ssh(guard, key_file, ignores_host_key=ignores_host_key)
    try:
        with contextlib.closing(_SshClient(remote.host, remote.port, remote.user, vendor)) as client:
            yield client
    finally:
        if key_file is not None:
            key_file.unlink()
