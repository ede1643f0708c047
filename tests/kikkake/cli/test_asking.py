import asyncio
import socket
from contextlib import closing

import pytest
from click.testing import CliRunner

from events.topic import Topic
from kikkake.cli import asking
from kikkake.cli.main import main
from tests.kikkake.api.process import running_process


@pytest.fixture
def nobody():
    """The URL of a port on which nobody listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    return f"http://127.0.0.1:{port}"


async def _stopped(folder):
    async with running_process(folder) as process:
        await process.publish("d1")
        await process.give_up(1)


def test_without_a_process_the_text_says_what_to_do(nobody):
    answer = CliRunner().invoke(main, ["events", "--server", nobody])
    assert answer.exit_code == 3
    assert answer.stderr.startswith(f"error: no Kikkake answers at {nobody} (Connection refused)")
    for way in ("kikkake run", "--server URL", "KIKKAKE_SERVER", "--data DIR"):
        assert way in answer.stderr


def test_a_replay_needs_a_process_and_offers_no_store(nobody):
    answer = CliRunner().invoke(main, ["replay", "1", "--server", nobody])
    assert answer.exit_code == 3
    assert "only a running process can replay" in answer.stderr
    assert "--data" not in answer.stderr


def test_a_named_store_is_read_without_a_process(tmp_path):
    asyncio.run(_stopped(tmp_path / "data"))
    before = {path.name: path.read_bytes() for path in (tmp_path / "data").iterdir()}
    answer = CliRunner().invoke(main, ["events", "--data", str(tmp_path / "data")])
    assert (answer.exit_code, answer.stderr) == (0, "")
    assert "d1" in answer.output
    answer = CliRunner().invoke(
        main, ["dead-letters", "--data", str(tmp_path / "data"), "--sensor", "ci/build"]
    )
    assert "Forbidden" in answer.output
    after = {path.name: path.read_bytes() for path in (tmp_path / "data").iterdir()}
    assert after["bus.db"] == before["bus.db"]


def test_the_store_in_the_current_folder_is_read_when_nobody_answers(tmp_path, monkeypatch, nobody):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(asking, "DEFAULT_SERVER", nobody)
    asyncio.run(_stopped(tmp_path / ".kikkake" / "dry-run"))
    answer = CliRunner().invoke(main, ["events"])
    assert answer.exit_code == 0
    assert "reading the store .kikkake/dry-run as it was left" in answer.stderr
    assert "d1" in answer.stdout


def test_a_folder_without_a_store_is_a_clear_error(tmp_path):
    answer = CliRunner().invoke(main, ["events", "--data", str(tmp_path)])
    assert answer.exit_code == 1
    assert "Traceback" not in answer.output
    assert str(tmp_path) in answer.stderr


def test_a_store_refuses_what_a_server_refuses(tmp_path):
    asyncio.run(_stopped(tmp_path))
    answer = CliRunner().invoke(main, ["explain", "nope", "--data", str(tmp_path)])
    assert answer.exit_code == 1
    assert answer.stderr.startswith("error: no event goes by `nope`")


@pytest.mark.parametrize("url", ["ftp://x", "http://", "://"])
def test_a_url_that_is_none_is_refused(url):
    answer = CliRunner().invoke(main, ["events", "--server", url])
    assert answer.exit_code == 1
    assert "write http://HOST:PORT" in answer.stderr


async def test_another_program_on_the_port_is_told_apart():
    async def speak(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        arguments = ["events", "--server", f"http://127.0.0.1:{port}"]
        answer = await asyncio.to_thread(CliRunner().invoke, main, arguments)
    assert answer.exit_code == 3
    assert "not as Kikkake's admin API does" in answer.stderr


async def test_an_ambiguous_id_lists_the_candidates(process, kikkake):
    await process.publish("d1")
    await process.publish("d1", topic=Topic("ci", "default", "github", "release"))
    answer = await kikkake("explain", "d1")
    assert answer.exit_code == 1
    first, *candidates = answer.stderr.splitlines()
    assert first == "error: 2 events go by `d1`; give the number of one of them"
    assert [line.split()[0] for line in candidates] == ["2", "1"]
    assert "ci/github/release" in candidates[0]
