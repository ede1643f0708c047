"""`--update`: what happened stands in the file, the rest of it is as before, and a second run changes nothing."""

import json
import textwrap

import pytest
from click.testing import CliRunner

from kikkake.cli.main import main
from tests.kikkake.testing.support import BRANCH, HEAD, IMAGE, MAIN, NOW, SENSOR

SOURCE = """
    apiVersion: argoproj.io/v1alpha1
    kind: EventSource
    metadata: {name: hooks}
    spec:
      webhook:
        in: {endpoint: /in, port: "12000", method: POST, authSecret: {name: hooks, key: token}}
"""


def update(folder, *arguments):
    return CliRunner().invoke(main, ["test", str(folder), *arguments])


def updated(folder, cases, *, head=NOW, sensor=SENSOR):
    """The test file after `--update`, below its head; then it passes and is not touched again."""
    folder.joinpath("sensor.yaml").write_text(textwrap.dedent(sensor), encoding="utf-8")
    file = folder / "ci_test.yaml"
    top = textwrap.dedent(HEAD) + textwrap.dedent(head)
    file.write_text(top + textwrap.dedent(cases), encoding="utf-8")
    answer = update(folder, "--update")
    assert answer.exit_code == 0, answer.output
    after = file.read_text(encoding="utf-8")
    assert after.startswith(top)
    again = update(folder, "--update")
    assert again.exit_code == 0
    assert "updated" not in again.output
    assert file.read_text(encoding="utf-8") == after
    return after.removeprefix(top)


def test_values_change_in_their_places_and_everything_else_stays(tmp_path):
    before = f"""
    # The cases.
    cases:
    - name: one
      events:
      - {MAIN}   # a push
      - expect: {{fired: [{{trigger: build, outcome: dead-letter}}]}}
      # then an image
      - {IMAGE}
      expect:
        verdicts: {{image: filtered}}   # the image

        fired:
        # first the build
        - trigger: build
          with: {{push: "9"}}
          object:
            kind: "Secret"   # in quotes
            data: {{ref: x, more: y}}
        - trigger: notify
          attempts: 7
        - {{trigger: both}}
    """
    after = updated(tmp_path, before)
    assert after == textwrap.dedent(before).replace("dead-letter", "done").replace(
        "image: filtered", "image: passed"
    ).replace('"9"', '"1"').replace('"Secret"', '"ConfigMap"').replace(
        "ref: x, more: y", "ref: refs/heads/main"
    ).replace("attempts: 7", "attempts: 1")


def test_what_fired_beyond_is_written_with_what_was_created(tmp_path):
    after = updated(tmp_path, f"cases: [{{name: one, events: [{MAIN}], expect: {{fired: []}}}}]\n")
    assert after == (
        "cases: [{name: one, events: [{on: github/push, data: {body: {ref: refs/heads/main}}}], "
        "expect: {fired: [{trigger: build, with: {push: '1'}, object: {apiVersion: v1, data: {ref: refs/heads/main}, "
        "kind: ConfigMap, metadata: {generateName: build-, namespace: default}}, outcome: done}]}}]\n"
    )


def test_what_did_not_fire_goes_and_the_order_is_the_real_one(tmp_path):
    after = updated(
        tmp_path,
        f"""
    cases:
    - name: one
      events: [{MAIN}, {IMAGE}]
      expect:
        fired:
        - trigger: both   # of both
        - trigger: build
        - trigger: build
        - trigger: notify
    """,
    )
    assert [line.strip() for line in after.splitlines() if "trigger" in line] == [
        "- trigger: build   # of both",
        "- trigger: notify",
        "- trigger: both",
    ]


@pytest.mark.parametrize(
    ("events", "before", "after"),
    [
        ([BRANCH], "{because: {push: nothing}}", "wanted `\\^refs/heads/main\\$`"),
        ([BRANCH], "{because: {push: dev}, fired: [{trigger: build}]}", "{because: {push: dev}, fired: []}"),
        ([MAIN], "{waiting: {}}", "{waiting: {both: {has: {push: '1'}, needs: [image]}}}"),
        ([MAIN], "{waiting: {both: {needs: [push]}, build: {}}}", "{waiting: {both: {needs: [image]}, build: null}}"),
        ([MAIN], "{waiting: {both: null}}", "{waiting: {both: {has: {push: '1'}, needs: [image]}}}"),
        ([BRANCH], "{waiting: {both: {has: {push: '1'}}}}", "{waiting: {both: null}}"),
        ([MAIN], "{verdicts: {push: filtered, image: passed}}", "{verdicts: {push: passed}}"),
        ([MAIN], "{fired: [{trigger: build, absent: [data.ref, data.x]}]}", "absent: [data.x]}"),
        ([MAIN], "{fired: [{trigger: build, at: 2020-01-01T00:00:00Z}]}", "at: '2026-11-23T10:00:00Z'"),
        ([MAIN], "{fired: [{trigger: build, request: {method: GET}}]}", "{generateName: build-, namespace: default}\n"),
        ([MAIN], "{fired: [{trigger: build, reason: x, outcome: done}]}", "{fired: [{trigger: build, outcome: done}]}"),
        ([MAIN], "{fired: [{trigger: build, exactly: {object: {}}}]}", "kikkake/effect-id"),
    ],
)  # fmt: skip
def test_every_member_of_expect_is_written(tmp_path, events, before, after):
    cases = f"cases:\n- name: one\n  events: [{', '.join(events)}]\n  expect: {before}\n"
    assert after in updated(tmp_path, cases)


def test_deliveries_are_written_too(tmp_path):
    tmp_path.joinpath("source.yaml").write_text(textwrap.dedent(SOURCE), encoding="utf-8")
    file = tmp_path / "source_test.yaml"
    text = textwrap.dedent("""
        apiVersion: kikkake/v1
        kind: EventSourceTest
        metadata: {name: hooks}
        eventSource: source.yaml
        secrets: {hooks: {token: only-for-this-test}}
        cases:
        - name: taken
          deliveries:
          - to: in
            body: {a: 1}
            headers: {Idempotency-Key: a1}
            sign: true
            expect: {status: 500, rejected: token, headers: {Content-Type: x}, body: {duplicate: 3}, events: []}
          - {wait: 1m}
          - {to: in, body: {a: 1}, headers: {Idempotency-Key: a1}, sign: true, expect: {duplicate: false, events: [{}]}}
        - name: refused
          delivery: {to: in, body: {}, expect: {events: [{id: x}]}}   # without a token
        """)
    file.write_text(text, encoding="utf-8")
    answer = update(tmp_path, "--update")
    assert answer.exit_code == 0, answer.output
    after = file.read_text(encoding="utf-8")
    assert "status: 200" in after
    assert "headers: {Content-Type: application/json}" in after
    assert "rejected" not in after
    assert "{on: hooks/in, id: a1, type: webhook, subject: in}" in after
    assert "expect: {duplicate: true, events: []}}" in after
    assert "delivery: {to: in, body: {}, expect: {events: []}}   # without a token" in after
    assert update(tmp_path, "--update").output.count("ok    ") == 2


def test_several_documents_and_cases_of_one_file_are_written_at_once(tmp_path):
    second = (
        textwrap.dedent(HEAD)
        + f"cases: [{{name: two, events: [{BRANCH}], expect: {{verdicts: {{push: passed}}}}}}]\n"
    )
    cases = f"""
    cases:
    - {{name: one, events: [{MAIN}], expect: {{verdicts: {{push: filtered}}}}}}
    - {{name: two, events: [{MAIN}], expect: {{verdicts: {{push: failed}}}}}}
    """
    after = updated(tmp_path, textwrap.dedent(cases) + "---\n" + second)
    assert after.count("expect: {verdicts: {push: passed}}") == 2
    assert after.count("expect: {verdicts: {push: filtered}}") == 1


def test_a_json_file_stays_json(tmp_path):
    tmp_path.joinpath("sensor.yaml").write_text(textwrap.dedent(SENSOR), encoding="utf-8")
    file = tmp_path / "ci_test.json"
    push = {"on": "github/push", "data": {"body": {"ref": "refs/heads/main"}}}
    case = {"name": "one", "events": [push], "expect": {"fired": [], "verdicts": {"push": "failed"}}}
    head = {
        "apiVersion": "kikkake/v1",
        "kind": "SensorTest",
        "metadata": {"name": "ci"},
        "sensor": "sensor.yaml",
    }
    file.write_text(json.dumps({**head, "cases": [case]}, indent=2), encoding="utf-8")
    assert update(tmp_path, "--update").exit_code == 0
    after = json.loads(file.read_text(encoding="utf-8"))["cases"][0]["expect"]
    assert after["verdicts"] == {"push": "passed"}
    assert after["fired"][0]["object"]["kind"] == "ConfigMap"


@pytest.mark.parametrize(
    ("cases", "said"),
    [
        (f"cases: [{{name: one, events: [{MAIN}], expect: &a {{fired: []}}}}, {{name: two, expect: *a}}]", "anchor"),
        (f"cases: [{{name: one, events: [{MAIN}, {{at: 2020-01-01T00:00:00Z}}], expect: {{fired: []}}}}]", "a step"),
        (f"cases: [{{name: one, events: [{MAIN}], expect: {{error: x}}}}]", "the Sensor has a fault"),
        (f"cases: [{{name: one, events: [{MAIN}], exepct: {{error: x}}}}]", "it cannot be run"),
    ],
)  # fmt: skip
def test_what_is_no_expectation_or_stands_in_an_odd_form_is_not_written(tmp_path, cases, said):
    tmp_path.joinpath("sensor.yaml").write_text(textwrap.dedent(SENSOR), encoding="utf-8")
    file = tmp_path / "ci_test.yaml"
    before = textwrap.dedent(HEAD) + NOW + cases
    file.write_text(before, encoding="utf-8")
    answer = update(tmp_path, "--update")
    assert answer.exit_code == 1
    assert "not updated" in answer.output
    assert said in answer.output
    assert file.read_text(encoding="utf-8") == before


@pytest.mark.parametrize(
    ("sensor", "expect"),
    [
        pytest.param(
            SENSOR.replace("conditions: image\n", "conditions: image &&\n"), "{fired: []}", id="a part"
        ),
        pytest.param(SENSOR.replace("dependencies:", "dependencis:"), "{fired: []}", id="the whole"),
        pytest.param(
            SENSOR.replace("dependencies:", "dependencis:"),
            "{error: no dependencies, fired: [{trigger: build}]}",
            id="expected",
        ),
    ],
)
def test_a_sensor_that_is_refused_writes_nothing(tmp_path, sensor, expect):
    tmp_path.joinpath("sensor.yaml").write_text(textwrap.dedent(sensor), encoding="utf-8")
    file = tmp_path / "ci_test.yaml"
    before = textwrap.dedent(HEAD) + f"cases: [{{name: one, events: [], expect: {expect}}}]\n"
    file.write_text(before, encoding="utf-8")
    answer = update(tmp_path, "--update")
    assert answer.exit_code == 1
    assert "not updated" in answer.output
    assert file.read_text(encoding="utf-8") == before


@pytest.mark.parametrize(
    ("beside", "said"),
    [
        ("kind: List\nitems: [{kind: A}, {kind: B}]\n", "another document of its file cannot be read"),
        ("# \udcff\n", "the file is not UTF-8"),
    ],
)
def test_a_file_that_is_not_understood_as_a_whole_is_left_alone(tmp_path, beside, said):
    tmp_path.joinpath("sensor.yaml").write_text(textwrap.dedent(SENSOR), encoding="utf-8")
    file = tmp_path / "ci_test.yaml"
    cases = f"cases: [{{name: one, events: [{MAIN}], expect: {{verdicts: {{push: filtered}}}}}}]\n"
    text = textwrap.dedent(HEAD) + cases + "---\n" + beside
    file.write_text(text, encoding="utf-8", errors="surrogateescape")
    before = file.read_bytes()
    answer = update(tmp_path, "--update")
    assert said in answer.output
    assert file.read_bytes() == before


def test_it_shows_what_it_changed(tmp_path):
    tmp_path.joinpath("sensor.yaml").write_text(textwrap.dedent(SENSOR), encoding="utf-8")
    file = tmp_path / "ci_test.yaml"
    cases = f"cases: [{{name: one, events: [{MAIN}], expect: {{verdicts: {{push: filtered}}}}}}]\n"
    file.write_text(textwrap.dedent(HEAD) + cases, encoding="utf-8")
    lines = update(tmp_path, "--update").output.splitlines()
    assert lines[0] == f"updated  {file}:7  ci: one"
    assert [line.strip() for line in lines[1:4]] == [
        "cases[0].expect.verdicts.push",
        "- filtered",
        "+ passed",
    ]
    assert lines[-2:] == [f"ok    {file}  ci: one", "1 passed, 0 failed"]
    file.write_text(textwrap.dedent(HEAD) + cases, encoding="utf-8")
    [change, passed] = map(json.loads, update(tmp_path, "--update", "-o", "json").output.splitlines())
    assert (change["updated"], change["differences"][0]["actual"], passed["ok"]) == (True, "passed", True)


def test_standard_input_cannot_be_written(tmp_path):
    answer = CliRunner().invoke(main, ["test", "-", "--update"], input="")
    assert answer.exit_code == 2
    assert "standard input" in answer.output
