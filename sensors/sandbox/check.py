"""Whether a program can be read, asked while a resource is compiled: in a process of its own, never in this one.

The process is started by the first question and ends by itself when no more come.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import select
import subprocess
import threading
import time
from typing import NamedTuple

from sensors.sandbox.errors import SandboxUnavailable
from sensors.sandbox.protocol import Frames, Language, Reply, Request, Status, Task, frame
from sensors.sandbox.settings import SandboxSettings
from sensors.sandbox.worker import START_TIMEOUT_S, command

DEADLINE_S = 1.0
"""CPU seconds to read a program of 64 KiB."""
_WALL_S = 10.0
_IDLE_S = 20.0
"""The process ends after so many seconds without a question."""


class Problem(NamedTuple):
    """Why a program cannot be used."""

    text: str
    line: int
    """From 1; 0 where no place is known."""


def check_program(language: Language, text: str) -> Problem | None:
    """What is wrong with a program; None if it can be read.

    None also where no process can be started: the program is not known to be wrong, and running it will tell.
    """
    try:
        return _checked(language, text)
    except SandboxUnavailable:
        return None


@functools.lru_cache(maxsize=4096)
def _checked(language: Language, text: str) -> Problem | None:
    return _checker.check(language, text)


class _Checker:
    """One process that is asked, one question at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def check(self, language: Language, text: str) -> Problem | None:
        request = frame(Request(Task(language, "check", text), b"", None, DEADLINE_S))
        with self._lock:
            # Twice: the process may have gone to sleep, or been killed from outside, between two questions.
            reply = self._ask(request) or self._ask(request)
        if reply is None:
            return Problem(f"reading it took longer than {DEADLINE_S:.0f} s, or ended the process", 0)
        return None if reply.status is Status.OK else Problem(reply.error, reply.line)

    def close(self) -> None:
        with self._lock:
            self._end()

    def _ask(self, request: bytes) -> Reply | None:
        process = self._process
        if process is None or process.poll() is not None:
            self._end()
            process = self._process = _start()
            if self._read(process, START_TIMEOUT_S) is None:
                self._end()
                raise SandboxUnavailable("the process that reads programs ended while it started")
        try:
            if process.stdin is None:
                return None
            process.stdin.write(request)
            reply = self._read(process, _WALL_S)
        except OSError:
            reply = None
        if reply is None or reply.status is Status.MEMORY:
            self._end()
        return reply

    def _read(self, process: subprocess.Popen[bytes], wall_s: float) -> Reply | None:
        """The next answer; None when the process ends or takes too long."""
        frames, deadline = Frames(), time.monotonic() + wall_s
        while process.stdout is not None:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
                return None
            data = process.stdout.read(1 << 16)
            if not data:
                return None
            reply = frames.feed(data)
            if reply is not None:
                return reply
        return None

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def _start() -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - our own module, with nothing of anybody's in the command
            command(SandboxSettings().memory_bytes, _IDLE_S),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={},
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        raise SandboxUnavailable(f"no process could be started: {error!r}") from error


_checker = _Checker()
atexit.register(_checker.close)
