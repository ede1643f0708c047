import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from kikkake.cli import failure
from kikkake.cli.main import command_files, main

COMMAND = [sys.executable, "-m", "kikkake"]
HEAVY = (
    "aiohttp",
    "aiokafka",
    "kubernetes_asyncio",
    "pydantic",
    "apsw",
    "asyncio",
    "yaml",
    "msgspec",
    "orjson",
)


def run(*arguments, env=None, **more):
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, **(env or {})},
        check=False,
        **more,
    )


def test_help_names_every_command_with_what_it_does():
    answer = run("--help")
    assert answer.returncode == 0
    for name in command_files():
        assert re.search(rf"^  {name} +\S", answer.stdout, re.MULTILINE), name


def test_help_imports_nothing_heavy():
    script = (
        "import sys; sys.argv = ['kikkake', '--help']\n"
        "from kikkake.cli.main import main\n"
        "try: main()\n"
        "finally: print('\\nMODULES', *sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True
    )
    modules = set(answer.stdout.rpartition("MODULES ")[2].split())
    assert "kikkake.docline" in modules
    assert modules.isdisjoint(HEAVY)


@pytest.mark.parametrize(
    "arguments", [["lint", "examples/github"], ["kinds"], ["events", "--data", "nowhere"]]
)
def test_what_only_reads_imports_no_server_and_no_cluster_client(arguments):
    script = (
        "import sys; from kikkake.cli.main import main\n"
        f"try: main({arguments})\n"
        "finally: print('\\nMODULES', *sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    modules = set(answer.stdout.rpartition("MODULES ")[2].split())
    assert "kikkake.cli.output" in modules
    assert modules.isdisjoint({"aiohttp", "kubernetes_asyncio", "aiokafka"})


@pytest.mark.parametrize("name", sorted(command_files()))
def test_every_command_explains_itself_with_an_example(name):
    answer = CliRunner().invoke(main, [name, "--help"], prog_name="kikkake")
    assert answer.exit_code == 0
    assert re.search(rf"^ +(.* \| )?kikkake {name}", answer.output, re.MULTILINE), answer.output


def test_file_names_become_command_names():
    assert command_files()["dead-letters"].name == "dead_letters.py"
    assert "main" not in command_files()
    assert "output" not in command_files()


def test_a_mistyped_command_gets_the_nearest():
    answer = run("evnets")
    assert answer.returncode == 2
    assert "did you mean `events`?" in answer.stderr


def test_version_is_that_of_the_distribution():
    assert re.fullmatch(r"kikkake \d+\.\d+\.\d+\n", run("--version").stdout)


def test_a_closed_pipe_is_no_error():
    with subprocess.Popen([*COMMAND, "kinds"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=30) == failure.ExitCode.PIPE_CLOSED


def test_colour_is_only_for_terminals(tmp_path):
    broken = tmp_path / "a.yaml"
    broken.write_text("kind: [")
    runner = CliRunner()
    assert "\x1b[" not in runner.invoke(main, ["lint", str(broken)]).output
    assert "\x1b[" in runner.invoke(main, ["lint", str(broken)], color=True).output
    assert "\x1b[" not in runner.invoke(main, ["lint", str(broken)], color=True, env={"NO_COLOR": "1"}).output


@pytest.fixture
def failing(monkeypatch):
    """A command that raises what it is told; the only way to meet a bug that is not there."""

    def invoke(error, env=None):
        @click.command("fail")
        def fail():
            raise error

        monkeypatch.setattr(main, "get_command", lambda _ctx, _name: fail)
        monkeypatch.setattr(main, "resolve_command", lambda _ctx, arguments: ("fail", fail, arguments[1:]))
        return CliRunner().invoke(main, ["fail"], env=env)

    return invoke


def test_a_bug_shows_its_place_and_neither_its_text_nor_a_traceback(failing):
    answer = failing(RuntimeError("s3cr3t"))
    assert answer.exit_code == failure.ExitCode.OUTSIDE
    assert "internal error: RuntimeError at test_main.py:" in answer.stderr
    assert "s3cr3t" not in answer.output
    assert "Traceback" not in answer.output


def test_debug_shows_the_traceback(failing):
    assert "Traceback" in failing(RuntimeError("x"), env={"KIKKAKE_DEBUG": "1"}).stderr


def test_an_error_of_the_system_names_its_file(failing):
    answer = failing(PermissionError(13, "Permission denied", "/data/bus.db"))
    assert (answer.exit_code, answer.stderr) == (3, "error: /data/bus.db: Permission denied\n")


def test_ctrl_c_ends_with_130_and_no_traceback(failing):
    answer = failing(KeyboardInterrupt())
    assert answer.exit_code == 130
    assert "Traceback" not in answer.output


def test_the_module_is_the_command():
    assert Path(run("--help").stdout.splitlines()[0]).name.startswith("Usage:")
