"""What runs in a worker process: it reads calls from standard input, and ends when that ends.

    python -I -S -c BOOTSTRAP memory_bytes idle_s PATH...

Everything is imported and used once before the limits are set: afterwards no file can be opened.
"""

from __future__ import annotations

import contextlib
import functools
import os
import select
import sys
import threading

from events.languages import jq, lua
from sensors.sandbox import limits
from sensors.sandbox.protocol import (
    LENGTH_BYTES,
    MAX_RESULT_BYTES,
    Reply,
    Request,
    Status,
    Task,
    decode_request,
    frame,
)

_STACK_BYTES = 64 << 20
_RECURSION = 10_000
"""Levels that a program may call itself; each takes a few of Python's, and a few kilobytes of that stack."""
_PROGRAMS = 256
"""Compiled programs that are kept."""

_compile_jq = functools.lru_cache(maxsize=_PROGRAMS)(jq.compile_program)


def answer(request: Request) -> Reply:
    """Carry out one call."""
    try:
        result = _carry_out(request.task, request.data, request.now_s)
    except lua.OutOfMemory as error:
        return Reply(Status.MEMORY, error=str(error))
    except MemoryError:
        return Reply(Status.MEMORY, error="it wanted more memory than a worker has")
    except (jq.JqError, lua.LuaError) as error:
        return Reply(Status.FAILED, error=str(error)[:_MAX_ERROR], line=error.line)
    except RecursionError:
        return Reply(Status.FAILED, error="the program or its data is nested too deeply")
    if len(result) > MAX_RESULT_BYTES:
        text = f"the result has {len(result)} bytes; {MAX_RESULT_BYTES} are allowed"
        return Reply(Status.FAILED, error=text)
    return Reply(Status.OK, result)


_MAX_ERROR = 1000
"""Characters of a language's own text, which may quote its data."""


def _carry_out(task: Task, data: bytes, now_s: float | None) -> bytes:
    match task.language, task.action:
        case "jq", "transform":
            return _compile_jq(task.program).transform(data, now_s=now_s)
        case "jq", _:
            _compile_jq(task.program)
        case "lua", "transform":
            return lua.transform(task.program, data, now_s=now_s)
        case "lua", "filter":
            return b"1" if lua.passes(task.program, data, now_s=now_s) else b""
        case "lua", "check":
            lua.check_script(task.program)
    return b""


def _warm_up() -> None:
    """Load what is loaded on first use."""
    program = '{a: (try error("x") catch .), d: (0 | todate | fromdate), m: ("ab" | [match("(?<x>b)"; "g")])}'
    for task in (
        Task("jq", "transform", program),
        Task("jq", "transform", '{t: tojson, f: (1 / 3 | tostring), b: (@base64 "\\(.x)"), u: ("a" | @uri)}'),
        Task("jq", "transform", "{a: .[0]}"),
        Task("lua", "transform", 'event.d = os.date("%Y") event.k = {[1.5] = tostring(1/3)} return event'),
        Task("lua", "transform", "error('x')"),
        Task("lua", "filter", "return event.a =="),
        Task("lua", "filter", "return string.rep('a', 2^31)"),
    ):
        answer(
            Request(
                task, '{"x": "é", "f": 1e-7, "g": 12345678901234567890, "h": "\\ud800"}'.encode(), 0.0, 0.0
            )
        )


def _read(count: int) -> bytes:
    """So many bytes of input, or fewer where it ends."""
    pieces = []
    while count:
        piece = os.read(0, min(count, 1 << 20))
        if not piece:
            break
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)


def _say(reply: Reply) -> None:
    rest = memoryview(frame(reply))
    while rest:
        rest = rest[os.write(1, rest) :]


def serve(idle_s: float) -> None:
    """Answer calls until the input ends, or until `idle_s` seconds bring none; 0 waits for ever."""
    while True:
        if idle_s and not select.select([0], [], [], idle_s)[0]:
            return
        head = _read(LENGTH_BYTES)
        if len(head) < LENGTH_BYTES:
            return
        request = decode_request(_read(int.from_bytes(head, "big")))
        limits.start_deadline(request.deadline_s)
        reply = answer(request)
        limits.start_deadline(0)
        _say(reply)


def main() -> None:
    """The process."""
    memory_bytes, idle_s = int(sys.argv[1]), float(sys.argv[2])
    limits.set_signals()
    sys.setrecursionlimit(_RECURSION)
    # A stack that a deep program cannot fill: the interpreter's own limit comes first.
    threading.stack_size(_STACK_BYTES)
    work = threading.Thread(target=_work, args=(memory_bytes, idle_s), name="sandbox")
    work.start()
    work.join()


def _work(memory_bytes: int, idle_s: float) -> None:
    with contextlib.suppress(BrokenPipeError):  # who asked is gone
        _warm_up()
        limits.restrict(memory_bytes)
        _say(Reply(Status.OK))
        serve(idle_s)
    # Without the interpreter's farewell, which may want to open something.
    os._exit(0)
