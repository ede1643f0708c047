import textwrap

import pytest

from tests.kikkake.testing.support import BRANCH, HEAD, MAIN, SENSOR, run_case, run_files, told


def document(rest, head=HEAD):
    return textwrap.dedent(head) + textwrap.dedent(rest)


async def fault(tmp_path, rest, *, head=HEAD, sensor=SENSOR):
    [result] = await run_files(tmp_path, sensor__yaml=sensor, ci_test__yaml=document(rest, head))
    assert not result.ok
    assert result.faults
    return told(result)


@pytest.mark.parametrize(
    ("rest", "place", "text"),
    [
        pytest.param(
            "cases: []\nsecret: {}\n", ":8:1:", "did you mean `secrets`?", id="a member of the document"
        ),
        pytest.param(
            "cases:\n- {name: a, event: [], expect: {fired: []}}\n", ":8:13:", "`events`", id="of a case"
        ),
        pytest.param(
            "cases:\n- name: a\n  expect: {fird: [], fired: []}\n",
            ":9:12:",
            "`fired`",
            id="of an expectation",
        ),
        pytest.param(
            "cases:\n- name: a\n  expect: {fired: [{trigger: build, outcom: done}]}\n",
            ":9:37:",
            "`outcome`",
            id="of a firing",
        ),
        pytest.param(
            "answers: {build: [{statuss: 500}]}\ncases: []\n", ":7:20:", "`status`", id="of an answer"
        ),
        pytest.param(
            "cases:\n- name: a\n  events: [{on: github/push, dat: {}}]\n  expect: {fired: []}\n",
            ":9:30:",
            "`data`",
            id="of an event",
        ),
    ],
)
async def test_an_unknown_member_is_an_error_with_its_place_and_the_nearest_name(tmp_path, rest, place, text):
    said = await fault(tmp_path, rest)
    assert "unknown field" in said
    assert text in said
    assert place in said


@pytest.mark.parametrize(
    ("rest", "text"),
    [
        pytest.param("cases: []", "holds no case", id="no case"),
        pytest.param("cases: [{name: a, events: []}]", "case `a` judges nothing", id="nothing is judged"),
        pytest.param("cases: [{name: a, expect: {}}]", "judges nothing: give verdicts", id="an empty expect"),
        pytest.param(
            "cases: [{expect: {fired: []}}]", "cases[0].name: is missing", id="a case without a name"
        ),
        pytest.param(
            "cases: [{name: a, expect: {fired: []}}, {name: a, expect: {fired: []}}]",
            "`a` is the name of an earlier case too",
            id="two cases of one name",
        ),
        pytest.param(
            "cases: [{name: a, events: [{on: github/psh}], expect: {fired: []}}]",
            "no dependency on `github/psh`; did you mean `github/push`?",
            id="an event that nobody waits for",
        ),
        pytest.param(
            "cases: [{name: a, events: [{on: github/push, wait: 1s}], expect: {fired: []}}]",
            "`on` and `wait` exclude one another",
            id="two things in one step",
        ),
        pytest.param(
            "cases: [{name: a, events: [{}], expect: {fired: []}}]", "one of `on`, `wait`", id="an empty step"
        ),
        pytest.param(
            "cases: [{name: a, events: [{wait: 1s, data: {}}], expect: {fired: []}}]",
            "`data` and `context` belong to an event",
            id="data of nothing",
        ),
        pytest.param(
            "cases: [{name: a, events: [{on: github/push, data: {}, dataText: x}], expect: {fired: []}}]",
            "`data` and `dataText` exclude one another",
            id="two kinds of data",
        ),
        pytest.param(
            "cases: [{name: a, events: [{wait: 30}], expect: {fired: []}}]",
            'such as "30"',
            id="a bare number",
        ),
        pytest.param(
            "cases: [{name: a, events: [{wait: soon}], expect: {fired: []}}]",
            "is not a duration",
            id="no duration",
        ),
        pytest.param(
            "cases: [{name: a, events: [{at: today}], expect: {fired: []}}]", "is not a time", id="no time"
        ),
        pytest.param(
            "cases: [{name: a, events: [{restart: false}], expect: {fired: []}}]", "restart", id="no restart"
        ),
        pytest.param(
            "cases: [{name: a, events: [{on: github/push, context: {dataContentType: x}}], expect: {fired: []}}]",
            "did you mean `datacontenttype`?",
            id="an attribute in the wrong case",
        ),
        pytest.param(
            "cases: [{name: a, events: [{on: github/push, context: {id: 1}}], expect: {fired: []}}]",
            "expected a string, got 1",
            id="an id that is a number",
        ),
        pytest.param(
            "cases: [{name: a, events: [{on: github/push, dataFile: pusch.json}], expect: {fired: []}}]",
            "No such file",
            id="a file that is not there",
        ),
        pytest.param(
            "cases: [{name: a, events: [{on: github/push, dataBase64: '*'}], expect: {fired: []}}]",
            "is not base64",
            id="no base64",
        ),
        pytest.param(
            "cases: [{name: a, expect: {verdicts: {psh: passed}}}]", "did you mean `push`?", id="a dependency"
        ),
        pytest.param("cases: [{name: a, expect: {because: {psh: x}}}]", "did you mean `push`?", id="because"),
        pytest.param(
            "cases: [{name: a, expect: {because: {push: '('}}}]",
            "is not a regular expression",
            id="a pattern",
        ),
        pytest.param(
            "cases: [{name: a, expect: {waiting: {bth: {needs: [push]}}}}]",
            "did you mean `both`?",
            id="waiting",
        ),
        pytest.param(
            "cases: [{name: a, expect: {waiting: {both: {needs: [psh]}}}}]",
            "did you mean `push`?",
            id="needs",
        ),
        pytest.param(
            "cases: [{name: a, expect: {fired: [{trigger: bild}]}}]", "did you mean `build`?", id="fired"
        ),
        pytest.param(
            "cases: [{name: a, expect: {fired: [{trigger: build, with: {psh: '1'}}]}}]", "`push`", id="with"
        ),
        pytest.param(
            "cases: [{name: a, expect: {fired: [{trigger: build, absent: ['a.#(']}]}}]",
            "is not a path",
            id="absent",
        ),
        pytest.param(
            "answers: {bild: []}\ncases: [{name: a, expect: {fired: []}}]",
            "did you mean `build`?",
            id="answers",
        ),
        pytest.param(
            "answers: {build: [{status: 500, refused: true}]}\ncases: [{name: a, expect: {fired: []}}]",
            "exclude one another",
            id="an answer that is two",
        ),
        pytest.param(
            "cluster: [{}]\ncases: [{name: a, expect: {fired: []}}]",
            "no object with apiVersion",
            id="cluster",
        ),
        pytest.param(
            "cases: [{name: a, events: [{delivery: {to: github/push}}], expect: {fired: []}}]",
            "name it in `eventSources`",
            id="a delivery to nobody",
        ),
        pytest.param(
            "cases: [{name: a, events: [{expect: {error: x}}], expect: {fired: []}}]",
            "belongs into the `expect` of the case",
            id="an error in between",
        ),
    ],
)
async def test_what_cannot_be_meant_is_refused_before_anything_runs(tmp_path, rest, text):
    assert text in await fault(tmp_path, rest)


@pytest.mark.parametrize(
    ("rest", "at"),
    [
        pytest.param(
            "cases: [{name: a, events: [{delivery: {tick: '2026-11-23T10:00:00Z'}}], expect: {fired: []}}]",
            "cases[0].events[0].delivery.tick",
            id="ticks",
        ),
        pytest.param(
            "cases: [{name: a, events: [{delivery: {message: {}}}], expect: {fired: []}}]",
            "message",
            id="messages",
        ),
    ],
)
async def test_a_part_that_is_not_built_is_refused_by_name_and_version(tmp_path, rest, at):
    said = await fault(tmp_path, rest)
    assert at in said
    assert "is not carried out by version 0." in said


async def test_one_fault_stops_only_its_own_document(tmp_path):
    bad = document("cases: [{name: a, expect: {}}]")
    good = document(f"cases: [{{name: b, events: [{BRANCH}], expect: {{fired: []}}}}]")
    results = await run_files(tmp_path, sensor__yaml=SENSOR, ci_test__yaml=f"{bad}\n---\n{good}")
    assert [(result.case, result.ok) for result in results] == [("", False), ("b", True)]


async def test_a_syntax_error_fails_with_its_place(tmp_path):
    [result] = await run_files(tmp_path, ci_test__yaml="apiVersion: kikkake/v1\nkind: [\n")
    assert "not valid YAML" in told(result)
    assert result.faults[0].line >= 2


@pytest.mark.parametrize(
    ("head", "text"),
    [
        ("apiVersion: kikkake/v2\nkind: SensorTest\n", "expected kikkake/v1, got kikkake/v2"),
        ("apiVersion: kikkake/v1\nkind: SensorTst\n", "did you mean `SensorTest`?"),
    ],
)
async def test_another_version_or_kind_is_refused(tmp_path, head, text):
    assert text in await fault(tmp_path, "", head=head)


async def test_payloads_and_resources_below_a_folder_of_tests_are_left_alone(tmp_path):
    folder = tmp_path / "tests"
    folder.mkdir()
    folder.joinpath("push.json").write_text("[1, 2]", encoding="utf-8")
    folder.joinpath("sensor.yaml").write_text(textwrap.dedent(SENSOR), encoding="utf-8")
    assert await run_files(tmp_path) == []


async def test_a_sensor_may_be_named_among_several(tmp_path):
    other = textwrap.dedent(SENSOR).replace("name: ci", "name: other")
    head = HEAD.replace("sensor: sensor.yaml", "sensor: sensor.yaml#other")
    text = document(f"cases: [{{name: a, events: [{MAIN}], expect: {{fired: [{{trigger: build}}]}}}}]", head)
    both = f"{textwrap.dedent(SENSOR)}\n---\n{other}"
    [result] = await run_files(tmp_path, sensor__yaml=both, ci_test__yaml=text)
    assert result.ok, told(result)


async def test_several_sensors_without_a_name_are_refused(tmp_path):
    both = f"{textwrap.dedent(SENSOR)}\n---\n{textwrap.dedent(SENSOR).replace('name: ci', 'name: other')}"
    said = await fault(tmp_path, "cases: [{name: a, expect: {fired: []}}]", sensor=both)
    assert "say which: `sensor.yaml#ci`, `sensor.yaml#other`" in said


async def test_a_sensor_may_stand_in_the_test_itself(tmp_path):
    inline = "sensor:\n" + textwrap.indent(textwrap.dedent(SENSOR), "  ")
    head = textwrap.dedent(HEAD).replace("sensor: sensor.yaml\n", inline)
    text = head + f"cases: [{{name: a, events: [{MAIN}], expect: {{fired: [{{trigger: build}}]}}}}]"
    [result] = await run_files(tmp_path, ci_test__yaml=text)
    assert result.ok, told(result)


async def test_on_may_be_written_with_and_without_quotes(tmp_path):
    quoted = MAIN.replace("on:", '"on":')
    result = await run_case(tmp_path, [MAIN, quoted], "{fired: [{trigger: build}, {trigger: build}]}")
    assert result.ok, told(result)
