"""Threads that end when their time is over."""

import asyncio
import socket
import threading

import pytest

from sensors.addresses import AddressPolicy
from sensors.blocking import Cutoff, Workers
from sensors.guarded_pool import Guard
from sensors.http_client import AddressNotAllowed


@pytest.fixture
def workers():
    made = Workers("test", 1)
    yield made
    made.close()


async def test_the_answer_and_the_error_come_back(workers):
    assert await workers.run(lambda cutoff: cutoff.remaining_s() <= 5, 5) is True

    def fail(_cutoff):
        raise LookupError("x")

    with pytest.raises(LookupError):
        await workers.run(fail, 5)


@pytest.fixture
def silent():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


async def test_a_thread_that_reads_is_woken_when_its_time_is_over(workers, silent):
    """It would read for ever: the one thread is free for the next work only since its connection was shut."""

    def read(cutoff):
        with Guard(cutoff, None).connect("127.0.0.1", silent) as connection:
            connection.settimeout(None)
            assert connection.recv(1) == b""
        ended.set()

    ended = threading.Event()
    with pytest.raises(TimeoutError):
        await workers.run(read, 0.1)
    assert await workers.run(lambda _cutoff: "free", 5) == "free"
    assert ended.is_set()


async def test_a_thread_ends_with_the_caller(workers, silent):
    began = asyncio.Event()
    loop = asyncio.get_running_loop()

    def read(cutoff):
        with Guard(cutoff, None).connect("127.0.0.1", silent) as connection:
            loop.call_soon_threadsafe(began.set)
            connection.settimeout(None)
            connection.recv(1)

    running = asyncio.create_task(workers.run(read, 60), name="caller")
    await began.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await workers.run(lambda _cutoff: "free", 5) == "free"


def test_what_comes_late_is_closed_at_once():
    cutoff, closed = Cutoff(60), []
    cutoff.guard(lambda: closed.append(1))
    cutoff.cut()
    cutoff.guard(lambda: closed.append(2))
    assert closed == [1, 2]
    with pytest.raises(TimeoutError):
        cutoff.remaining_s()


def test_no_time_is_over_at_once():
    with pytest.raises(TimeoutError):
        Cutoff(0).remaining_s()


def test_an_address_is_judged_before_it_is_connected_to(silent):
    guard = Guard(Cutoff(5), AddressPolicy())
    for host in ("127.0.0.1", "localhost", "2130706433", "0x7f.1"):
        with pytest.raises(AddressNotAllowed):
            guard.connect(host, silent)
        with pytest.raises(AddressNotAllowed):
            guard.allowed_address(host, silent)


def test_proxies_of_the_environment_are_used_unless_addresses_are_judged(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "inner.example.com")
    open_guard, strict = Guard(Cutoff(5), None), Guard(Cutoff(5), AddressPolicy())
    assert open_guard.pool("https", "git.example.com").proxy is not None
    assert open_guard.pool("https", "inner.example.com").proxy is None
    assert open_guard.pool("http", "git.example.com").proxy is None
    assert strict.pool("https", "git.example.com").proxy is None
