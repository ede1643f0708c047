"""What a worker process may do: calculate. Real processes, spoken to over their pipes."""

import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sensors.sandbox.protocol import Frames, Reply, Request, Status, Task, frame
from sensors.sandbox.worker import command

MEMORY = 128 << 20


class Child:
    """One worker, one question at a time."""

    def __init__(self, idle_s: float = 0.0) -> None:
        self.process = subprocess.Popen(
            command(MEMORY, idle_s), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={}, cwd="/", bufsize=0
        )
        assert self.process.stdout is not None
        assert self.read() == Reply(Status.OK)

    def read(self) -> Reply | None:
        frames = Frames()
        assert self.process.stdout is not None
        while data := self.process.stdout.read(1 << 16):
            if reply := frames.feed(data):
                return reply
        return None

    def ask(self, task: Task, data: bytes = b"{}", deadline_s: float = 5.0) -> Reply | None:
        assert self.process.stdin is not None
        self.process.stdin.write(frame(Request(task, data, None, deadline_s)))
        return self.read()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()


@pytest.fixture
def child() -> Iterator[Child]:
    started = Child()
    yield started
    started.close()


def jq(program: str) -> Task:
    return Task("jq", "transform", program)


def test_it_transforms_filters_and_checks(child):
    assert child.ask(jq(".a = 1")) == Reply(Status.OK, b'{"a":1}')
    assert child.ask(Task("lua", "transform", "event.a = 2 return event")) == Reply(Status.OK, b'{"a":2}')
    assert child.ask(Task("lua", "filter", "return true")) == Reply(Status.OK, b"1")
    assert child.ask(Task("lua", "filter", "return 1")) == Reply(Status.OK)
    assert child.ask(Task("jq", "check", "while true: 1")).status is Status.FAILED
    assert child.ask(Task("lua", "check", "while true do end")) == Reply(Status.OK)


def test_a_failure_is_told_with_its_line_and_the_next_call_works(child):
    reply = child.ask(jq(".a\n| foo"))
    assert (reply.status, reply.line) == (Status.FAILED, 2)
    assert child.ask(Task("lua", "filter", "\nerror('x')")).line == 2
    assert child.ask(jq("{}")).status is Status.OK


def test_its_environment_is_empty_and_it_has_three_descriptors(child):
    proc = Path(f"/proc/{child.process.pid}")
    if not proc.exists():
        pytest.skip("needs /proc")
    assert (proc / "environ").read_bytes() == b""
    assert sorted(each.name for each in (proc / "fd").iterdir()) == ["0", "1", "2"]


def test_its_limits_cannot_be_raised_again(child):
    if not hasattr(resource, "prlimit"):
        pytest.skip("needs prlimit")
    for name in ("RLIMIT_NOFILE", "RLIMIT_FSIZE", "RLIMIT_CORE", "RLIMIT_NPROC"):
        assert resource.prlimit(child.process.pid, getattr(resource, name)) == (0, 0), name
    soft, hard = resource.prlimit(child.process.pid, resource.RLIMIT_AS)
    assert soft == hard != resource.RLIM_INFINITY


RESTRICTED = """
import sys; sys.path += sys.argv[1:]
import errno, os, socket
from sensors.sandbox import limits
limits.restrict(1 << 28)
def refused(call, *arguments):
    try:
        call(*arguments)
    except OSError as error:
        return error.errno in (errno.EMFILE, errno.EINVAL)
    return False
assert refused(os.open, "/etc/passwd", os.O_RDONLY)
assert refused(socket.socket)
assert refused(os.pipe)
assert refused(os.dup, 1)
try:
    bytearray(1 << 30)
except MemoryError:
    os.write(1, b"restricted")
"""


def test_nothing_can_be_opened_connected_or_filled_once_it_is_restricted():
    done = subprocess.run(
        [sys.executable, "-I", "-c", RESTRICTED, *command(MEMORY)[7:]],
        capture_output=True,
        timeout=20,
        check=True,
    )
    assert done.stdout == b"restricted"


@pytest.mark.parametrize(
    "task",
    [
        pytest.param(jq("[range(1e12)]"), id="jq list"),
        pytest.param(jq("last(range(1e12))"), id="jq loop"),
        pytest.param(jq("{a: (0 | until(false; . + 1))}"), id="jq until"),
        pytest.param(jq("def f: 1, f; last(f)"), id="jq recursion"),
        pytest.param(jq('reduce repeat("a") as $x (""; . + $x)'), id="jq repeat"),
        pytest.param(Task("lua", "filter", "while true do end"), id="lua loop"),
        pytest.param(
            Task("lua", "filter", "while true do pcall(function() while true do end end) end"), id="lua pcall"
        ),
        pytest.param(
            Task(
                "lua", "filter", "xpcall(function() while true do end end, function() while true do end end)"
            ),
            id="lua xpcall",
        ),
        pytest.param(
            Task("lua", "filter", "return string.find(string.rep('a', 1e6), '.-.-.-.-b')"),
            id="lua string.find",
        ),
        pytest.param(
            Task("lua", "filter", "local c = coroutine.wrap(function() while true do end end) c()"),
            id="lua coroutine",
        ),
        pytest.param(
            Task("lua", "filter", "return ('a'):rep(1e7):gsub('.', '%0%0'):gsub('.', '%0%0')"), id="lua gsub"
        ),
    ],
)
def test_a_bomb_ends_the_process_by_its_own_clock_or_fails(child, task):
    started = time.monotonic()
    reply = child.ask(task, deadline_s=0.1)
    assert time.monotonic() - started < 10
    if reply is None:
        assert child.process.wait(10) == -signal.SIGPROF
    else:
        assert reply.status in {Status.FAILED, Status.MEMORY}


@pytest.mark.parametrize(
    "task",
    [
        pytest.param(jq('{a: ("x" * 2000000000)}'), id="jq text"),
        pytest.param(jq("[limit(20000000; repeat(1.5 * 2))]"), id="jq list"),
        pytest.param(Task("lua", "filter", "return string.rep('a', 2^30)"), id="lua text"),
        pytest.param(Task("lua", "filter", "local t = {} for i = 1, 1e9 do t[i] = i end"), id="lua table"),
    ],
)
def test_a_program_that_fills_the_memory_is_told_so(child, task):
    reply = child.ask(task, deadline_s=30.0)
    assert reply.status is Status.MEMORY
    assert "memory" in reply.error


@pytest.mark.parametrize(
    "program", ["def f: f; f", "def f: 1 + f; f", "def f: [f]; f", "def f(g): f(g | g); f(.)"]
)
def test_endless_recursion_of_jq_is_an_error(child, program):
    reply = child.ask(jq(program), deadline_s=20.0)
    assert reply.status is Status.FAILED
    assert "too deeply" in reply.error


def test_deep_recursion_that_ends_is_no_error(child):
    program = "def down: if . == 0 then 0 else . - 1 | down end; {r: (1000 | down)}"
    assert child.ask(jq(program)) == Reply(Status.OK, b'{"r":0}')


def test_a_result_may_not_be_larger_than_a_mebibyte(child):
    assert "1048576 are allowed" in child.ask(jq('{a: ("x" * 2000000)}')).error


def test_it_ends_when_its_parent_is_killed_also_in_the_middle_of_a_program():
    script = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={}, cwd='/')\n"
        "child.stdout.read(4)\n"
        "sys.stdout.write(f'{child.pid}\\n'); sys.stdout.flush()\n"
        "child.stdin.write(bytes.fromhex(sys.stdin.readline())); child.stdin.flush()\n"
        "sys.stdout.write('asked\\n'); sys.stdout.flush()\n"
        "time.sleep(60)\n"
    )
    for program in ("last(range(1e12))", "{}"):
        parent = subprocess.Popen(
            [sys.executable, "-c", script, *command(MEMORY)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert parent.stdin is not None
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        request = frame(Request(jq(program), b"{}", None, 0.2))
        parent.stdin.write(request.hex() + "\n")
        parent.stdin.flush()
        assert parent.stdout.readline() == "asked\n"
        parent.kill()
        parent.wait()
        parent.stdin.close()
        parent.stdout.close()
        assert _is_gone(pid, within_s=10.0)


def test_it_ends_by_itself_when_nobody_asks():
    idle = Child(idle_s=0.2)
    assert idle.process.wait(10) == 0
    idle.close()


def _is_gone(pid: int, within_s: float) -> bool:
    """Whether the process ends; one that nobody waits for may stay as a zombie."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            if state == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.01)
    return False
