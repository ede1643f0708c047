"""The command: what it prints, its exit codes, what it imports."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner

from kikkake.cli.main import main
from tests.kikkake.testing.support import BRANCH, HEAD, MAIN, SENSOR

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture
def folder(tmp_path):
    cases = f"""
    cases:
    - {{name: fires, events: [{MAIN}], expect: {{fired: [{{trigger: build}}]}}}}
    - {{name: fails, events: [{BRANCH}], expect: {{fired: [{{trigger: build}}]}}}}
    """
    tmp_path.joinpath("sensor.yaml").write_text(textwrap.dedent(SENSOR), encoding="utf-8")
    tmp_path.joinpath("ci_test.yaml").write_text(
        textwrap.dedent(HEAD) + textwrap.dedent(cases), encoding="utf-8"
    )
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(main, ["test", *map(str, arguments)])


def test_text_is_a_line_a_case_and_a_closing_line(folder):
    answer = run(folder)
    lines = answer.output.splitlines()
    assert answer.exit_code == 1
    assert lines[0] == f"ok    {folder}/ci_test.yaml  ci: fires"
    assert lines[1].startswith(f"FAIL  {folder}/ci_test.yaml:10  ci: fails")
    assert lines[-1] == "1 passed, 1 failed"
    assert any("look at   push: data[0]: body.ref is `refs/heads/dev`" in line for line in lines)


def test_json_is_one_object_a_line(folder):
    answer = run(folder, "-o", "json")
    found = [json.loads(line) for line in answer.output.splitlines()]
    assert [(each["case"], each["ok"]) for each in found] == [("fires", True), ("fails", False)]
    assert answer.exit_code == 1


def test_a_report_is_written(folder):
    run(folder, "--junit", folder / "report.xml")
    assert 'failures="1"' in folder.joinpath("report.xml").read_text(encoding="utf-8")


def test_a_test_may_come_from_standard_input(folder, monkeypatch):
    monkeypatch.chdir(folder)
    text = folder.joinpath("ci_test.yaml").read_text(encoding="utf-8")
    answer = CliRunner().invoke(main, ["test", "-"], input=text)
    assert answer.output.splitlines()[0] == "ok    -  ci: fires"


def test_no_path_is_the_current_folder(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert run().output.splitlines()[0] == "ok    ci_test.yaml  ci: fires"


def test_no_test_at_all_is_a_failure(tmp_path):
    answer = run(tmp_path)
    assert answer.exit_code == 1
    assert "no test in" in answer.output
    assert "_test.yaml" in answer.output


def test_a_path_that_is_not_there_is_a_failure(tmp_path):
    answer = run(tmp_path / "nowhere_test.yaml")
    assert answer.exit_code == 1
    assert "nowhere_test.yaml" in answer.output


def test_every_example_passes_its_tests():
    answer = run(EXAMPLES)
    assert answer.exit_code == 0, answer.output
    for name in ("github/source_test", "github/sensor_test", "harbor/source_test", "harbor/sensor_test"):
        assert f"examples/{name}.yaml" in answer.output


def test_nothing_is_written_to_the_log_and_the_cluster_client_is_not_imported(folder):
    script = (
        "import sys\nfrom kikkake.cli.main import main\n"
        "try: main()\nfinally: print('\\nMODULES', *sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script, "test", str(folder)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )
    modules = set(answer.stdout.rpartition("MODULES ")[2].split())
    assert {"kubernetes_asyncio", "aiokafka"}.isdisjoint(modules)
    assert answer.stderr == ""
    assert answer.returncode == 1
