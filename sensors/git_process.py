"""Starts the processes that read repositories: a few at once, each with an end, and what they leave is removed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections import OrderedDict
from pathlib import Path

import msgspec

from sensors.git_call import GitCall, GitReply

_COMMAND = (sys.executable, "-m", "sensors.git_child")
_PACKAGES = str(Path(__file__).parent.parent)
_AT_ONCE = 4
_KEPT_BYTES = 16_777_216
_PASSED_ON = (
    *("PATH", "HOME", "SSH_KNOWN_HOSTS", "SSL_CERT_FILE", "SSL_CERT_DIR", "TMPDIR"),
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
)
"""Of the environment, what a connection needs; the rest may hold secrets."""


class GitProcesses:
    """Reads files; what a commit holds is kept, by repository and path, up to 16 MiB in all.

    Whoever asks has to be let in by the server first: it is asked for the reference each time.
    """

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._kept: OrderedDict[tuple[str, tuple[bytes, ...], bytes], bytes] = OrderedDict()
        self._size = 0

    async def read(self, call: GitCall) -> GitReply:
        """The reply, with the content of the file also where the commit was known. `call.folder` and `call.known`
        are filled in here. Raises TimeoutError.
        """
        async with asyncio.timeout(call.timeout_s), self._slots:
            known = tuple(
                commit for url, path, commit in self._kept if (url, path) == (call.remote.url, call.path)
            )
            reply = await self._run(msgspec.structs.replace(call, known=known))
        key = (call.remote.url, call.path, reply.commit)
        if reply.content is not None:
            self._keep(key, reply.content)
        elif key in self._kept:
            return msgspec.structs.replace(reply, content=self._kept[key])
        return reply

    async def _run(self, call: GitCall) -> GitReply:
        folder = await asyncio.to_thread(tempfile.mkdtemp, prefix="kikkake-git-")
        try:
            return await _reply_of(msgspec.structs.replace(call, folder=folder))
        finally:
            # On cancellation too; a pack may be hundreds of megabytes, so not in the loop.
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))

    def _keep(self, key: tuple[str, tuple[bytes, ...], bytes], content: bytes) -> None:
        self._kept[key] = content
        self._size += len(content)
        while self._size > _KEPT_BYTES:
            self._size -= len(self._kept.popitem(last=False)[1])


async def _reply_of(call: GitCall) -> GitReply:
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        *_COMMAND,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**environment, "PYTHONPATH": _PACKAGES, "PYTHONSAFEPATH": "1"},
        start_new_session=True,  # its ssh ends with it
    )
    try:
        answer, _nothing = await process.communicate(msgspec.json.encode(call))
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    try:
        return msgspec.json.decode(answer, type=GitReply)
    except msgspec.DecodeError:
        if process.returncode == -signal.SIGALRM:
            raise TimeoutError("not done in time") from None
        return GitReply(unavailable=f"its process ended with {process.returncode}")
