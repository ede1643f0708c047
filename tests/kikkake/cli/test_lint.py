import json
import textwrap

import pytest
from click.testing import CliRunner

from kikkake.cli.main import main

SENSOR = textwrap.dedent("""\
    apiVersion: argoproj.io/v1alpha1
    kind: Sensor
    metadata: {name: build}
    spec:
      dependencies:
      - name: push
        eventSourceName: github
        eventName: push
      triggers:
      - template:
          name: say
          conditions: push && (
          k8s: {operation: create, source: {resource: {apiVersion: v1, kind: ConfigMap, metadata: {generateName: x-}}}}
    """)


@pytest.fixture
def lint(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*arguments, files=None, **more):
        for name, text in (files or {}).items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)
        return CliRunner().invoke(main, ["lint", *arguments], **more)

    return run


def test_a_fault_has_its_place_its_reason_and_what_it_stops(lint):
    answer = lint(files={"sensor.yaml": SENSOR})
    assert answer.exit_code == 1
    lines = answer.output.splitlines()
    assert lines[0].startswith("sensor.yaml:12:7: error: spec.triggers[0].template.conditions: ")
    assert "    stops trigger `say`; the rest works" in lines
    assert lines[-1] == ("1 file, 1 Sensor: 1 error; for the reasons: kikkake lint --explain InvalidTriggers")


def test_good_files_end_with_a_count(lint):
    good = SENSOR.replace("push && (", "push")
    answer = lint(files={"sensor.yaml": good, "deploy.yaml": "apiVersion: v1\nkind: Service\n"})
    assert answer.exit_code == 0
    assert answer.output == "2 files, 1 Sensor (1 document of other kinds left alone): no fault found\n"


def test_json_gives_one_object_a_line(lint):
    answer = lint("-o", "json", files={"sensor.yaml": SENSOR})
    assert answer.exit_code == 1
    [finding] = [json.loads(line) for line in answer.output.splitlines()]
    assert (finding["file"], finding["line"], finding["severity"]) == ("sensor.yaml", 12, "error")
    assert {"column", "at", "what", "fix", "code", "scope", "part"} <= set(finding)


def test_github_gets_annotations_on_one_line_each(lint):
    answer = lint(
        "-o", "github", files={"a,b.yaml": SENSOR.replace("conditions: push && (", "conditions: push & 1%")}
    )
    [line] = answer.output.splitlines()
    assert line.startswith("::error file=a%2Cb.yaml,line=12,col=7,title=InvalidTriggers invalid-triggers::")
    assert "::spec.triggers[0].template.conditions: `push & 1%25`" in line


def test_standard_input_is_a_file(lint):
    answer = lint("-", input=SENSOR)
    assert answer.exit_code == 1
    assert answer.output.startswith("-:12:7: error: ")


def test_test_files_are_left_out(lint):
    good = SENSOR.replace("push && (", "push")
    broken = "apiVersion: kikkake/v1\nkind: [\n"
    answer = lint(files={"sensor.yaml": good, "sensor_test.yaml": broken, "tests/x.yaml": broken})
    assert answer.exit_code == 0


def test_a_path_that_is_not_there_is_an_error(lint):
    answer = lint("nowhere")
    assert (answer.exit_code, answer.stderr) == (1, "error: nowhere: no such file or folder\n")


def test_nothing_to_check_is_an_error_that_says_what_was_looked_at(lint):
    answer = lint(files={"deploy.yaml": "apiVersion: v1\nkind: Service\n"})
    assert answer.exit_code == 1
    assert "no EventSource, Sensor or EventBus in the current folder (looked at 1 YAML" in answer.stderr


def test_a_secret_in_a_wrong_place_is_not_repeated(lint):
    source = textwrap.dedent("""\
        apiVersion: argoproj.io/v1alpha1
        kind: EventSource
        metadata: {name: a}
        spec:
          github:
            push:
              owner: o
              repository: r
              webhook: {port: "1", endpoint: /x, method: POST}
              webhookSecret: s3cr3t-value
        """)
    answer = lint(files={"a.yaml": source})
    assert answer.exit_code == 1
    assert "webhookSecret" in answer.output
    assert "s3cr3t-value" not in answer.output


def test_control_characters_of_a_file_do_not_reach_the_terminal(lint):
    answer = lint(files={"a.yaml": SENSOR.replace("push && (", '"a\\e[31m && ("')})
    assert answer.exit_code == 1
    assert "\x1b" not in answer.output


WARNED = SENSOR.replace("conditions: push && (", "name: x").replace(
    "name: say\n      name: x", "name: say it"
)


def test_a_warning_ends_with_its_code_and_the_last_line_tells_once_how_to_ask(lint):
    answer = lint(files={"a.yaml": WARNED, "b.yaml": WARNED.replace("name: build", "name: other")})
    assert answer.exit_code == 0
    lines = answer.output.splitlines()
    assert [line.rpartition(" ")[2] for line in lines if ": warning: " in line] == ["[KK144]", "[KK144]"]
    assert answer.output.count("--explain") == 1
    assert lines[-1] == "2 files, 2 Sensors: 2 warnings; for the reasons: kikkake lint --explain KK144"


def test_the_name_of_a_rule_is_told_to_programs_and_to_github(lint):
    assert json.loads(lint("-o", "json", files={"a.yaml": WARNED}).output)["rule"] == "name-is-no-label"
    assert ",title=KK144 name-is-no-label::" in lint("-o", "github", files={"a.yaml": WARNED}).output


def test_a_suppressed_warning_is_silent(lint):
    silenced = WARNED.replace(
        "{name: build}", '{name: build, annotations: {kikkake/lint-ignore: "KK144:trigger/say it"}}'
    )
    answer = lint(files={"a.yaml": silenced})
    assert (answer.exit_code, answer.output) == (0, "1 file, 1 Sensor: no fault found\n")
