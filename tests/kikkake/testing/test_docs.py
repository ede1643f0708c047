"""docs/reference/tests.md: its files and its commands are run as they stand there."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from kikkake.cli.main import main
from tests.kikkake.testing.support import run_files, told

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "tests.md"
TEXT = PAGE.read_text(encoding="utf-8")
FILES = dict(re.findall(r"```yaml\n# ([a-z_]+\.yaml)\n(.*?)```", TEXT, re.DOTALL))
COMMANDS = [
    line.partition("#")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("kikkake") and " explain " not in line
]
PAYLOADS = {
    "push.json": '{"body": {"after": "3b18e51"}, "commit": "aaa"}',
    "image.json": '{"artifact": {"tags": ["v1.2.0"]}}',
    "approval.json": "{}",
}


async def test_the_tests_of_the_page_pass(tmp_path):
    assert set(FILES) >= {"sensor.yaml", "source.yaml", "fetched.yaml", "build.yaml", "waiting.yaml"}
    results = await run_files(tmp_path, **{name.replace(".", "__"): text for name, text in FILES.items()})
    assert [told(result) for result in results if not result.ok] == []
    assert {result.test for result in results} >= {"deploy", "hooks", "fetched", "waiting"}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_of_the_page_work(tmp_path, monkeypatch, command):
    for name, text in {**FILES, **PAYLOADS, "build_test.yaml": FILES["sensor_test.yaml"]}.items():
        tmp_path.joinpath(name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    answer = CliRunner().invoke(main, shlex.split(command)[1:])
    assert answer.exit_code == 0, answer.output
    if " render " in command:
        assert "would" in answer.output or '"fired"' in answer.output


def test_the_page_shows_every_command():
    assert len(COMMANDS) >= 9
    for word in ("--update", "--junit", "render", "--artifact", "--wait"):
        assert any(word in command for command in COMMANDS), word
