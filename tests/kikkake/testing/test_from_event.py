"""A test out of a stored event: what the outside answered, what is missing, and what is said where it differs."""

import textwrap

import pytest
import yaml

from events.resource import read_documents
from kikkake.testing.from_event import NotATest, make_test
from tests.kikkake.testing.support import run_files, told

TOPIC = {"namespace": "default", "eventBus": "default", "eventSource": "github", "eventName": "push"}
AT = "2026-11-24T10:00:00Z"
SENSOR = """
    apiVersion: argoproj.io/v1alpha1
    kind: Sensor
    metadata: {name: ci, namespace: default, annotations: {}}
    spec:
      dependencies:
      - name: push
        eventSourceName: github
        eventName: push
        filters: {data: [{path: token, type: string, value: [\"^s3cr3t$|^\\\\*\"]}]}
      triggers:
      - template:
          name: tell
          http:
            url: https://chat.example/hook
            payload: [{src: {dependencyName: push, dataKey: ref}, dest: ref}]
            headers: {X-A: b}
            secureHeaders:
            - {name: A, valueFrom: {secretKeyRef: {name: chat, key: token}}}
            - {name: B, valueFrom: {configMapKeyRef: {name: settings, key: team}}}
        retryStrategy: {steps: 2, duration: 10s, factor: 1, jitter: 0}
        dlqTrigger: {template: {name: give-up, log: {}}}
"""
FETCHED = """
    apiVersion: argoproj.io/v1alpha1
    kind: Sensor
    metadata: {name: ci, namespace: default}
    spec:
      dependencies: [{name: push, eventSourceName: github, eventName: push}]
      triggers:
      - template:
          name: tell
          k8s: {operation: create, source: {url: {path: 'https://example.com/a.yaml'}}}
"""


def event(data='{"ref":"main","token":"***"}', *, masked=("token",)):
    context = {"id": "e1", "source": "github", "type": "github", "subject": None, "time": AT}
    return {
        "sequence": 7,
        "topic": TOPIC,
        "storedAt": AT,
        "context": {**context, "datacontenttype": "application/json", "dataschema": None, "traceparent": "x"},
        "masked": list(masked),
        "dataText": data,
    }


def effect(*answers, state="done", role="main"):
    attempts = [
        {"number": number, "startedAt": f"2026-11-24T10:00:{number:02}Z", "tookUs": 1, "answer": answer}
        for number, answer in enumerate(answers, start=1)
    ]
    return {"role": role, "state": state, "attempt": len(answers), "attempts": attempts}


def material(*effects, sensor=SENSOR, verdict="passed", events=None, gone=0):
    [document] = read_documents(textwrap.dedent(sensor), "sensor.yaml")[0]
    trigger = {"name": "tell", "outcome": "fired" if effects else verdict, "effects": list(effects)}
    told_sensor = {
        "sensor": "default/ci",
        "outcome": trigger["outcome"],
        "dependencies": [{"name": "push", "verdict": verdict}],
        "triggers": [trigger],
        "deadLetters": [],
        "resource": dict(document.value),
        "events": [event()] if events is None else events,
        "gone": gone,
    }
    head = {"sequence": 7, "id": "e1", "topic": TOPIC, "provenance": {"arrivedAt": AT}}
    return {"event": head, "judged": True, "sensors": [told_sensor]}


async def made(folder, told_material):
    """The document, which passes, and the remarks."""
    test = await make_test(told_material, told_material["sensors"][0])
    [result] = await run_files(folder, made_test__yaml=test.text)
    assert result.ok, told(result) + test.text
    return yaml.load(test.text, Loader=yaml.BaseLoader), test.remarks


@pytest.mark.parametrize(
    ("answers", "state", "script", "outcome"),
    [
        pytest.param(["200 OK"], "done", None, "done", id="a success says nothing"),
        pytest.param(["503 Service Unavailable", "200 OK"], "done", [{"status": "503"}], "done", id="a retry"),
        pytest.param(["not sent", "200 OK"], "done", [{"refused": "true"}], "done", id="refused"),
        pytest.param(
            ["no answer: in doubt", "500 X"], "dead", [{"lost": "request"}, {"status": "500"}], "dead-letter", id="dead"
        ),
        pytest.param(["500 X"], "open", [{"status": "500"}], "open", id="under way"),
        pytest.param(["dry run: not done"], "done", None, "done", id="a dry run"),
    ],
)  # fmt: skip
async def test_the_outside_answers_what_it_answered(tmp_path, answers, state, script, outcome):
    test, remarks = await made(tmp_path, material(effect(*answers, state=state)))
    assert test.get("answers", {}).get("tell") == script
    fired = test["cases"][0]["expect"]["fired"]
    assert fired[0]["outcome"] == outcome
    assert fired[0].get("attempts", "1") == str(len(answers))
    assert [each["trigger"] for each in fired[1:]] == (["give-up"] if outcome == "dead-letter" else [])
    assert [remark for remark in remarks if "masked" not in remark] == []


async def test_what_a_sensor_reads_has_stand_ins_and_attributes_are_as_they_were(tmp_path):
    test, remarks = await made(tmp_path, material(effect("200 OK")))
    assert test["secrets"] == {"chat": {"token": "***"}}
    assert test["configMaps"] == {"settings": {"team": "***"}}
    [step] = test["cases"][0]["events"]
    assert step["context"] == {
        "id": "e1",
        "type": "github",
        "subject": "null",
        "time": AT,
        "traceparent": "x",
    }
    assert test["now"] == AT
    assert remarks == ["masked, as they look like secrets: data.token"]


async def test_a_dlq_trigger_has_answers_under_its_own_name(tmp_path):
    told_material = material(
        effect("500 X", "500 X", state="dead"), effect("503 X", role="dlq", state="open")
    )
    assert (await made(tmp_path, told_material))[0]["answers"]["give-up"] == [{"status": "503"}]


async def test_an_artifact_that_is_not_stored_is_null_and_named(tmp_path):
    events = [event('{"ref":"main"}', masked=())]
    test, remarks = await made(tmp_path, material(effect("201 Created"), sensor=FETCHED, events=events))
    assert test["artifacts"] == {"https://example.com/a.yaml": "null"}
    assert test["cases"][0]["expect"]["fired"] == [{"trigger": "tell", "with": {"push": "e1"}}]
    assert remarks == ["give `https://example.com/a.yaml` to judge what it becomes"]


async def test_a_mask_that_decides_otherwise_is_told(tmp_path):
    sensor = SENSOR.replace("|^\\\\*", "")
    test, remarks = await made(tmp_path, material(effect("200 OK"), sensor=sensor))
    assert test["cases"][0]["expect"]["fired"] == []
    assert "the gateway recorded `push: passed`, here it is `filtered`" in remarks
    assert "in the gateway `tell` fired; here it is otherwise" in remarks


async def test_events_that_are_gone_are_told(tmp_path):
    _test, remarks = await made(tmp_path, material(effect("200 OK"), gone=2))
    assert "2 events that took part are not stored any more" in remarks
    with pytest.raises(NotATest, match="not stored any more"):
        await made(tmp_path, material(events=[], gone=1))


async def test_a_sensor_that_this_build_refuses_makes_no_test(tmp_path):
    with pytest.raises(NotATest, match="refuses the Sensor"):
        await made(tmp_path, material(sensor=SENSOR.replace("dependencies:", "dependencis:")))
